"""All that is known of a run, read once.

It knows what is in a run folder and which of it may be missing. It does not know words or charts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.contract import Contract, read_contract
from tlcore.data.dataset import Dataset, open_dataset
from tlcore.data.test_usage import read_looks
from tlcore.errors import GraftError, RunError
from tlcore.evaluation.error_analysis.files import Understanding
from tlcore.evaluation.files import Unfamiliarity, read_calibration, read_evaluation, read_ood, read_predictions
from tlcore.evaluation.files import read_curves as read_class_curves
from tlcore.evaluation.robustness import Robustness
from tlcore.evaluation.slices import Slices
from tlcore.evaluation.task_answers import TaskAnswers
from tlcore.evaluation.training_diagnostics import Reading, read_curves
from tlcore.modalities import Modality, Noun, find_modality
from tlcore.modalities.analysis import Attention
from tlcore.runs.config import TrainingConfig
from tlcore.runs.environment import Environment
from tlcore.runs.manifest import Manifest, read_manifests
from tlcore.runs.metadata import RunDataset
from tlcore.runs.run import Run
from tlcore.runs.state import RunState
from tlcore.tasks import Task, find_task
from tlcore.tasks.classification.calibration_schema import Calibration
from tlcore.tasks.evaluation import Evaluation
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("train", "val", "test")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A run that was judged.

    Attributes:
        contract: What its model takes, gives and means.
        backbone: None where the catalogue does not have it any more.
        items: The dataset as it is now; None where it was deleted.
        split: `sha256, file, label, split`, as the run has it.
        predictions: As `predictions.predictions_table` makes them.
        environment: None where there is none.
        looks: How often the test part was judged on; None where the dataset is gone.
        judged: Its evaluation.
        ood: How it tells items that are none of its own; None where it cannot.
        slices, attention, robustness: None where its errors were not analyzed.
        class_curves: The points of the ROC and precision–recall curves of classes; None where there are none.
        calibration: Of a classification; None where there is none.
    """

    run: Run
    config: TrainingConfig
    dataset: RunDataset
    contract: Contract
    backbone: Backbone | None
    items: Dataset | None
    state: RunState
    split: pd.DataFrame
    predictions: pd.DataFrame
    environment: Environment | None
    readings: tuple[Reading, ...]
    exports: tuple[Manifest, ...]
    looks: int | None
    judged: Evaluation
    ood: Unfamiliarity | None
    slices: Slices | None
    attention: Attention | None
    robustness: Robustness | None
    class_curves: pd.DataFrame | None
    calibration: Calibration | None

    @property
    def backbone_title(self) -> str:
        return self.backbone.title if self.backbone else self.config.backbone

    @property
    def modality(self) -> Modality:
        return find_modality(self.contract.modality)

    @property
    def noun(self) -> Noun:
        """What its items are called."""
        return self.modality.noun

    @property
    def task(self) -> Task:
        return find_task(self.dataset.task)

    @property
    def one_label(self) -> str:
        """What one of its classes is called."""
        return "class" if self.task.counts_right else "label"

    @property
    def answers(self) -> TaskAnswers:
        """The answers about the test set, each item once."""
        table = self.predictions.drop_duplicates("sha256").reset_index(drop=True)
        return TaskAnswers(self.task, self.dataset.classes, self.contract.decision, table, np.arange(len(table)))

    @property
    def named_predictions(self) -> pd.DataFrame:
        """Every answer about a test item: `p_<label>` of each label, or `value`, `low` and `high` in the unit."""
        answers, outputs = self.answers, self.answers.outputs
        if self.task.counts_right:
            return self.predictions
        said = self.task.answers(outputs, answers.classes, answers.decision)
        table = answers.table[["sha256", "file", "label"]]
        if answers.classes:
            shares = {f"p_{name}": outputs[:, at] for at, name in enumerate(answers.classes)}
            return table.assign(predicted=said["predicted"].to_numpy(), **shares)
        return table.assign(value=outputs[:, 0], low=said["low"].to_numpy(), high=said["high"].to_numpy())

    @property
    def counts(self) -> pd.DataFrame:
        """Items of each class (a row, in the order of the run) in `train`, `val` and `test`."""
        named = self.split[["split"]].join(self.split["label"].map(self.task.names).explode())
        counts = named.groupby(["label", "split"]).size().unstack(fill_value=0)
        return counts.reindex(index=list(self.dataset.classes), columns=list(PARTS), fill_value=0)

    @property
    def totals(self) -> list[int]:
        """All items in `train`, `val` and `test`."""
        return [int((self.split["split"] == part).sum()) for part in PARTS]


def read_facts(run: Run) -> Facts:
    """Read a run.

    Raises:
        RunError: It was not judged, or something that every judged run has is missing or damaged.
    """
    judged = read_evaluation(run.path)
    if judged is None:
        raise RunError(
            f"A run that was judged is needed for a report. {run.name} was not. `evaluate {run.id}` judges it."
        )
    items, state, config, understanding = _dataset(run), run.state(), run.config, Understanding(run)
    return Facts(
        run=run,
        config=config,
        dataset=run.dataset,
        contract=read_contract(run.path),
        backbone=CATALOGUE.get(config.backbone),
        items=items,
        state=state,
        split=run.split(),
        predictions=read_predictions(run.path),
        environment=run.environment(),
        readings=read_curves(state.of_the_model, config),
        exports=read_manifests(run.path),
        judged=judged,
        ood=read_ood(run.path),
        slices=understanding.slices(),
        attention=understanding.attention(),
        robustness=understanding.robustness(),
        class_curves=read_class_curves(run.path),
        calibration=read_calibration(run.path),
        looks=len(read_looks(items, run.dataset.draw)) if items else None,
    )


def _dataset(run: Run) -> Dataset | None:
    try:
        return open_dataset(Workspace.default(), run.dataset.id)
    except GraftError:
        return None
