"""Judge a run on its test items, with its own `model.onnx`, and store what was found.

It knows the order of the steps and the files that it writes. It does not know metrics or how a model answers.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.contract import UNFAMILIARITY, read_contract
from tlcore.data.dataset import open_dataset
from tlcore.data.info import write_table
from tlcore.data.test_usage import count_look
from tlcore.evaluation.baselines import Guesses, guess
from tlcore.evaluation.calibration_fit import calibrate_run
from tlcore.evaluation.files import FrozenFeatures, read_features, units_of_test, write_features
from tlcore.evaluation.frozen_features import frozen_features
from tlcore.evaluation.metrics import Evaluation, evaluate, predictions_table, probabilities
from tlcore.evaluation.ood_evaluation import meet_strangers
from tlcore.evaluation.roc_pr import class_curves
from tlcore.files import write_json
from tlcore.inference.predictor import Predictor
from tlcore.progress import Pace, Progress, drain
from tlcore.runs.events import Evaluated
from tlcore.runs.items import read_part
from tlcore.runs.run import Run
from tlcore.tasks import Decision, Task, find_task
from tlcore.tasks.classification.class_codes import class_codes
from tlcore.tasks.evaluation import TaskEvaluation
from tlcore.tasks.task import Evidence
from tlcore.workspace import Workspace

Report = Callable[[Progress], None]
SLOW_IMPORTS = ("sklearn.metrics", "sklearn.linear_model", "scipy.cluster.hierarchy")
NO_FEATURES = (
    "The features of the frozen backbone are not in the cache, and cannot be computed without training: the nearest "
    "class mean and the linear probe are not known."
)


def _import_slow_ones() -> None:
    with suppress(Exception):  # the program may end meanwhile; whoever needs them imports them again, and is told
        for name in SLOW_IMPORTS:
            importlib.import_module(name)


def evaluate_run(run: Run, report: Report, *, workspace: Workspace | None = None) -> Evaluation | TaskEvaluation:
    """Write what is known of a run's model, and give its `evaluation.json`; the look at the test part is counted.

    Written are `validation.parquet`, `predictions.parquet`, `calibration.json`, `evaluation/` and, last,
    `evaluation.json`. Where the model has met the validation items, their table is the one that training wrote.

    Raises:
        GraftError: The run has no model, or its items are gone.
    """
    # Importing them takes as long as some hundred answers; by then they are there.
    threading.Thread(target=_import_slow_ones, daemon=True).start()
    workspace = workspace or Workspace.default()
    predictor = Predictor.from_run(run.path)
    classes, task = predictor.labels.labels, find_task(predictor.labels.task)
    if not run.config.learns_from_validation:
        write_table(run.path / "validation.parquet", _ask(run, "val", predictor, workspace, report))
    features = _features(run, workspace, report)
    predictions = _ask(run, "test", predictor, workspace, report)
    split = run.split()
    learnt = split.loc[split["split"] == "train", "label"].value_counts()
    units = np.array(predictions["sha256"].map(units_of_test(split)), np.int64)
    found: Evaluation | TaskEvaluation
    if task.evaluation:
        learned = list(split.loc[split["split"] == "train", "label"])
        found = task.evaluate(_evidence(run, task, predictions, units, learned, features), classes, _decision(run))
        write_table(run.predictions, predictions)
    else:
        found = evaluate(
            predictions,
            classes,
            {label: int(learnt.get(label, 0)) for label in classes},
            units=units,
            guesses=_guesses(features, classes),
        )
        _write(run, predictions, classes)
        calibrate_run(run.path, predictions, units, meet_strangers(run, predictor, predictions, workspace, report))
    # Last: where it is, the others are too.
    write_json(run.evaluation_json, found)
    if len(predictions):
        count_look(open_dataset(workspace, run.dataset.id), run.id, run.dataset.draw)
    return found


def headline(found: Evaluation | TaskEvaluation) -> Evaluated:
    """Give the event that says how good a model is: its task's headline metric."""
    if isinstance(found, TaskEvaluation):
        figure = found.headline
        return Evaluated(
            task=found.task,
            metric=found.metric,
            unit=found.unit,
            value=figure.value,
            low=figure.low,
            high=figure.high,
            n=found.n,
        )
    return Evaluated(value=found.accuracy, low=found.low, high=found.high, n=found.n)


def _decision(run: Run) -> Decision:
    return read_contract(run.path).decision


def _evidence(
    run: Run,
    task: Task,
    predictions: pd.DataFrame,
    units: npt.NDArray[np.int64],
    learned: list[str],
    features: FrozenFeatures | None,
) -> Evidence:
    about, width = run.dataset, task.width(len(run.dataset.classes))
    evidence = Evidence(
        labels=list(predictions["label"]),
        outputs=predictions[task.columns(width)].to_numpy(dtype=np.float32),
        groups=units,
        learned=learned,
        value_name=about.value_name,
        unit=about.unit,
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
    pace = Pace(len(items.paths), f"Asking the model about the {which} pictures")
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


def _guesses(features: FrozenFeatures | None, classes: tuple[str, ...]) -> Guesses:
    if features is None:
        return Guesses(note=NO_FEATURES)
    part, labels = features.items["split"], class_codes(features.items["label"], classes)
    train, test = (np.flatnonzero(part == name) for name in ("train", "test"))
    return guess(features.rows[train], labels[train], features.rows[test], classes=len(classes))


def _features(run: Run, workspace: Workspace, report: Report) -> FrozenFeatures | None:
    """What the run folder has, or else what can be found or computed; then the folder has it."""
    features = read_features(run.path)
    if features is None and (features := drain(frozen_features(run, workspace), report)) is not None:
        write_features(run.path, features)
    return features


def _write(run: Run, predictions: pd.DataFrame, classes: tuple[str, ...]) -> None:
    write_table(run.predictions, predictions)
    curves = class_curves(class_codes(predictions["label"], classes), probabilities(predictions, len(classes)))
    write_table(run.path / "evaluation" / "curves.parquet", curves)
