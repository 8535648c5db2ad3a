"""Run folders in every state, written with the library's own pen, without training anything."""

from __future__ import annotations

import numpy as np

from tests.judging import evaluate
from tlcore.evaluation.predictions import predictions_table
from tlcore.evaluation.run import headline
from tlcore.files import write_json
from tlcore.runs.config import TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.events import Ended, EpochEnded, PhaseEnded, PhaseStarted, Started
from tlcore.runs.recorder import Recorder


def made(workspace, dataset, **settings):
    """A run that nobody has started."""
    return create_run(workspace, dataset, TrainingConfig(dataset=dataset.id, **settings))


def beginning(epochs=3, *, planned=5):
    """The events of a run under way."""
    yield Started(pid=1, device="a processor")
    yield PhaseStarted(phase="prepare", title="Reading the pictures")
    yield PhaseEnded(phase="prepare", seconds=0.5, images_per_second=100.0)
    yield PhaseStarted(phase="head", title="Training the head", epochs=planned, first_epoch=1)
    for epoch in range(1, epochs + 1):
        yield epoch_ended(epoch, loss=1.0 / epoch, val_loss=1.1 / epoch)


def epoch_ended(epoch, *, loss, val_loss, phase="head", best=True):
    return EpochEnded(
        phase=phase,
        epoch=epoch,
        loss=loss,
        accuracy=1 - loss / 2,
        val_loss=val_loss,
        val_accuracy=1 - val_loss / 2,
        learning_rate=1e-3,
        seconds=1.0,
        images_per_second=100.0,
        best=best,
    )


def failed(workspace, dataset, sentence, **settings):
    run = made(workspace, dataset, **settings)
    with Recorder(run) as recorder:
        for event in beginning(1):
            recorder.record(event)
        recorder.record(Ended(state="failed", error=sentence))
    return run


def finished(workspace, dataset, *, right=0.5, state="finished", **settings):
    """A run with a judgement: about the share `right` of its answers are right, the others one class further."""
    run = made(workspace, dataset, **settings)
    split, classes = run.split(), list(dataset.info.classes)
    test = split[split["split"] == "test"]
    chances = np.full((len(test), len(classes)), 0.1, np.float32)
    for row, label in enumerate(test["label"]):
        further = 0 if row < right * len(test) else 1
        chances[row, (classes.index(label) + further) % len(classes)] = 0.8
    table = predictions_table(test, chances, classes)
    table.to_parquet(run.predictions)
    judged = evaluate(table, classes, split[split["split"] == "train"]["label"].value_counts().to_dict())
    write_json(run.evaluation_json, judged)
    run.model_onnx.write_bytes(b"stands for a model")
    run.contract_json.write_text("{}")
    with Recorder(run) as recorder:
        for event in beginning():
            recorder.record(event)
        recorder.record(PhaseEnded(phase="head", seconds=3.0, images_per_second=100.0))
        recorder.record(headline(judged))
        recorder.record(Ended(state=state))
    return run
