"""Evaluated runs of the two other tasks, written without training: pictures of a dataset with made-up answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from tests.contracts import image_contract
from tests.pages.made_runs import beginning, made
from tlcore.contract import write_contract
from tlcore.data.dataset import Dataset
from tlcore.data.info import fingerprint, write_table
from tlcore.evaluation.predictions import predictions_table
from tlcore.evaluation.run import headline
from tlcore.files import write_json
from tlcore.runs.config import Fractions
from tlcore.runs.events import Ended, PhaseEnded
from tlcore.runs.recorder import Recorder
from tlcore.tasks import find_task
from tlcore.tasks.multilabel.labels import join
from tlcore.tasks.task import Evidence

LABELS = ("boat", "dog", "person")
FRACTIONS = Fractions(train=0.4, val=0.3, test=0.3)


def multilabel_dataset(dataset: Dataset, labels=LABELS, *, seed=0) -> Dataset:
    """Give the pictures of a dataset any number of labels each; some have none."""
    rng = np.random.default_rng(seed)
    often = np.linspace(0.55, 0.2, len(labels)) * min(1.0, 8 / len(labels))
    names = np.array(labels, object)
    given = rng.random((len(dataset.all_items()), len(labels))) < often
    return _with_task(dataset, "multilabel", [join(names[row]) for row in given], labels)


def regression_dataset(dataset: Dataset, *, seed=0) -> Dataset:
    """Give the pictures of a dataset a weight each."""
    rng = np.random.default_rng(seed)
    values = 60 + 15 * rng.normal(size=len(dataset.all_items()))
    return _with_task(dataset, "regression", [repr(round(float(value), 2)) for value in values], ())


def evaluated(workspace, dataset: Dataset, *, skill=2.0, seed=0, **settings):
    """A run whose answers are made up: the larger `skill`, the better they are."""
    run = made(workspace, dataset, **{"fractions": FRACTIONS} | settings)
    about, split, rng = run.dataset, run.split(), np.random.default_rng(100 + seed)
    task = find_task(about.task)
    targets = task.targets(list(split["label"]), about.classes)
    outputs = _outputs(about.task, targets, skill, rng)
    part = {name: np.flatnonzero(split["split"] == name) for name in ("train", "val", "test")}
    decision = task.decide(outputs[part["val"]], targets[part["val"]])
    for name, path in (("val", run.path / "validation.parquet"), ("test", run.predictions)):
        rows = split.iloc[part[name]][["sha256", "file", "label"]]
        table = predictions_table(rows, outputs[part[name]].astype(np.float32), about.classes, task, decision)
        write_table(path, table)
    learned = list(split.iloc[part["train"]]["label"])
    evidence = Evidence(
        labels=list(split.iloc[part["test"]]["label"]),
        outputs=outputs[part["test"]].astype(np.float32),
        groups=np.arange(len(part["test"])),
        learned=learned,
        value_name=about.value_name,
        unit=about.unit,
    )
    noisy = targets.astype(np.float64) + rng.normal(scale=1.2 * targets.std() + 0.1, size=targets.shape)
    evidence = replace(
        evidence,
        features=tuple(noisy[part[name]].astype(np.float32) for name in ("train", "test")),
        learned_with_features=learned,
    )
    found = task.evaluate(evidence, about.classes, decision)
    write_json(run.evaluation_json, found)
    run.model_onnx.write_bytes(b"stands for a model")
    said = {"value_name": about.value_name, "unit": about.unit, "decision": decision, "dataset": about.name}
    write_contract(run.path, image_contract(about.classes, 32, task=about.task, **said))
    with Recorder(run) as recorder:
        for event in beginning():
            recorder.record(event)
        recorder.record(PhaseEnded(phase="head", seconds=3.0, images_per_second=100.0))
        recorder.record(headline(found))
        recorder.record(Ended(state="finished"))
    return run


def _outputs(task, targets, skill, rng):
    if task == "regression":
        return targets + rng.normal(scale=15 / skill, size=targets.shape)
    return 1 / (1 + np.exp(-(skill * (2 * targets - 1) + rng.normal(scale=1.5, size=targets.shape))))


def _with_task(dataset: Dataset, task: str, labels, classes) -> Dataset:
    table = dataset.all_items().drop(columns="state").assign(label=pd.array(labels, dtype="str"))
    write_table(dataset.path / "items.parquet", table)
    said = {"value_name": "weight", "unit": "kg"} if task == "regression" else {}
    info = dataset.info.model_copy(
        update={"task": task, "classes": tuple(classes), "fingerprint": fingerprint(table), **said}
    )
    write_json(dataset.path / "dataset.json", info)
    return Dataset(dataset.path)
