"""Evaluates a run on its test items, with its own `model.onnx`, and stores what was found.

It knows the order of the steps and the files that it writes. It does not know metrics or how a model answers.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel

from tlcore.contract import UNFAMILIARITY, Contract
from tlcore.data.dataset import open_dataset
from tlcore.data.info import write_table
from tlcore.data.test_usage import count_look
from tlcore.evaluation.files import FrozenFeatures, read_features, read_validation, units_of_test, write_features
from tlcore.evaluation.frozen_features import frozen_features
from tlcore.evaluation.ood_evaluation import measure_ood
from tlcore.evaluation.predictions import predictions_table
from tlcore.files import write_json
from tlcore.inference.predictor import Predictor
from tlcore.modalities import find_modality
from tlcore.progress import Pace, Progress, drain
from tlcore.runs.events import Evaluated
from tlcore.runs.items import read_part
from tlcore.runs.run import Run
from tlcore.tasks import Decision, find_task
from tlcore.tasks.evaluation import Evaluation
from tlcore.tasks.task import Evidence
from tlcore.workspace import Workspace

Report = Callable[[Progress], None]
SLOW_IMPORTS = ("sklearn.metrics", "sklearn.linear_model", "scipy.cluster.hierarchy")
NO_FEATURES = (
    "The features of the frozen backbone are not in the cache, and cannot be computed without training, so there is no "
    "baseline that learns from them."
)


def _import_slow_ones() -> None:
    with suppress(Exception):  # the program may end meanwhile; whoever needs them imports them again, and is told
        for name in SLOW_IMPORTS:
            importlib.import_module(name)


def evaluate_run(
    run: Run, report: Report, *, workspace: Workspace | None = None, ask_validation: bool = True
) -> Evaluation:
    """Write what is known of a run's model, and give its `evaluation.json`; the look at the test set is counted.

    Written are `validation.parquet`, `predictions.parquet`, what its task keeps beside them, `evaluation/` and, last,
    `evaluation.json`. The table of the validation items is the one that training wrote where the model has met them, or
    where it is not to be asked.

    Raises:
        GraftError: The run has no model, or its items are gone.
    """
    # Importing them takes as long as some hundred answers; by then they are there.
    threading.Thread(target=_import_slow_ones, daemon=True).start()
    workspace = workspace or Workspace.default()
    predictor = Predictor.from_run(run.path)
    contract = predictor.labels
    classes, task = contract.labels, find_task(contract.task)
    if ask_validation and not run.config.learns_from_validation:
        write_table(run.path / "validation.parquet", _ask(run, "val", predictor, workspace, report))
    features = _features(run, workspace, report)
    predictions = _ask(run, "test", predictor, workspace, report)
    evidence = _evidence(run, contract, predictions, features)
    found = task.evaluate(evidence, classes, contract.decision)
    if features is None:
        found = found.model_copy(update={"notes": (*found.notes, NO_FEATURES)})
    write_table(run.predictions, predictions)
    for name, content in task.files(evidence, classes).items():
        _write(run.path / name, content)
    _write(run.path / "evaluation" / "ood.json", measure_ood(run, predictor, predictions, workspace, report))
    # Last: where it is, the others are too.
    write_json(run.evaluation_json, found)
    if len(predictions):
        count_look(open_dataset(workspace, run.dataset.id), run.id, run.dataset.draw)
    return found


def headline(found: Evaluation) -> Evaluated:
    """Give the event that says how good a model is: its task's headline metric."""
    return Evaluated(
        task=found.task,
        metric=found.metric,
        unit=found.unit,
        value=found.headline.value,
        low=found.headline.low,
        high=found.headline.high,
        n=found.n,
    )


def _evidence(run: Run, contract: Contract, predictions: pd.DataFrame, features: FrozenFeatures | None) -> Evidence:
    task, split, noun = find_task(contract.task), run.split(), find_modality(contract.modality).noun
    columns, validation = task.columns(task.width(len(contract.labels))), read_validation(run.path)

    def outputs(table: pd.DataFrame) -> npt.NDArray[np.float32]:
        return table[columns].to_numpy(dtype=np.float32)

    evidence = Evidence(
        labels=list(predictions["label"]),
        outputs=outputs(predictions),
        groups=np.array(predictions["sha256"].map(units_of_test(split)), np.int64),
        learned=list(split.loc[split["split"] == "train", "label"]),
        value_name=run.dataset.value_name,
        unit=run.dataset.unit,
        validation=None if validation is None else (list(validation["label"]), outputs(validation)),
        temperature=contract.temperature,
        noun=(noun.one, noun.many),
    )
    if features is None:
        return evidence
    part, places = features.items["split"], pd.Index(features.items["sha256"])
    train = np.flatnonzero(part == "train")
    test = places.get_indexer(predictions["sha256"])
    if (test < 0).any() or not len(train):
        return evidence
    return replace(
        evidence,
        features=(features.rows[train].astype(np.float32), features.rows[test].astype(np.float32)),
        learned_with_features=list(features.items["label"].iloc[train]),
    )


def _ask(run: Run, part: str, predictor: Predictor, workspace: Workspace, report: Report) -> pd.DataFrame:
    """The answers about a part, as a table."""
    items = drain(read_part(run, workspace, part), report)
    classes, which = predictor.labels.labels, "validation" if part == "val" else part
    noun = find_modality(predictor.labels.modality).noun.many
    pace = Pace(len(items.paths), f"Asking the model about the {which} {noun}")
    task = find_task(predictor.labels.task)
    chances, scores = np.empty((len(items.paths), task.width(len(classes))), np.float32), []
    for index, (answer, score) in enumerate(predictor.each_scored(items.pixels)):
        chances[index] = answer
        scores.append(score)
        if pace.due():
            report(pace.at(index + 1))
    report(pace.at(len(chances)))
    table = predictions_table(items.rows, chances, classes, task, predictor.labels.decision)
    return table.assign(**{UNFAMILIARITY: np.array(scores, np.float32)}) if predictor.tells_unfamiliar else table


def write_validation(
    run: Run, outputs: npt.NDArray[np.float32], scores: npt.NDArray[np.float32], decision: Decision
) -> None:
    """Write `validation.parquet` from a model that has not met these items, where the run's own has.

    Args:
        run: With its split.
        outputs: `(n, width)`, in the order of the split.
        scores: Their unfamiliarity, `(n,)`.
        decision: What turns outputs into answers.
    """
    split = run.split()
    rows = split.loc[split["split"] == "val", ["sha256", "file", "label"]]
    about = run.dataset
    table = predictions_table(rows, outputs, about.classes, find_task(about.task), decision)
    table = table.assign(**{UNFAMILIARITY: scores})
    write_table(run.path / "validation.parquet", table)


def _features(run: Run, workspace: Workspace, report: Report) -> FrozenFeatures | None:
    """What the run folder has, or else what can be found or computed; then the folder has it."""
    features = read_features(run.path)
    if features is None and (features := drain(frozen_features(run, workspace), report)) is not None:
        write_features(run.path, features)
    return features


def _write(path: Path, content: pd.DataFrame | BaseModel | None) -> None:
    """Write a table or a document; what cannot be known any more is taken away."""
    if content is None:
        path.unlink(missing_ok=True)
    elif isinstance(content, BaseModel):
        write_json(path, content)
    else:
        write_table(path, content)
