"""The script that trains a run again knows several labels and numbers: it measures and solves as Graft does."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.heads import head
from tests.task_runs import make_dataset
from tests.training.tiny_run import TINY, WITH_TINY
from tlcore.export.training_script import training_script
from tlcore.files import write_json
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run
from tlcore.tasks import find_task


@dataclass(frozen=True)
class Made:
    """A run that nobody has trained, and its pictures."""

    run: Any
    items: Path

    def told(self, **settings):
        write_json(self.run.path / "config.json", self.run.config.changed(settings))
        return training_script(self.run)


@pytest.fixture(params=["multilabel", "regression"])
def made(request, workspace, tmp_path):
    dataset = make_dataset(workspace, tmp_path / "source", request.param)
    fractions = Fractions(train=0.5, val=0.25, test=0.25)
    config = TrainingConfig(dataset=dataset.id, input={"size": 32}, batch_size=8, augment=(), fractions=fractions)
    run = create_run(workspace, dataset, config)
    return Made(run, dataset.image_path(run.split()["file"][0]).parent)


def loaded(script: str, folder: Path):
    # A name of its own: what Python keeps of a module is told from another only by its size and second.
    path = folder / f"train_{zlib.crc32(script.encode()):08x}.py"
    path.write_text(script)
    spec = importlib.util.spec_from_file_location("script", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("settings", [{}, {"head": "both", "mode": "fine-tune", "blocks": 2}], ids=["trained", "exact"])
def test_every_name_that_it_uses_is_there(made, settings, tmp_path):
    path = tmp_path / "train.py"
    path.write_text(made.told(**settings))
    ast.parse(path.read_text())
    check = [sys.executable, "-m", "ruff", "check", "--isolated", "--quiet", "--select", "E9,F", str(path)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_it_chooses_the_epoch_and_solves_as_graft_does(made, tmp_path):
    task, rng = find_task(made.run.dataset.task), np.random.default_rng(0)
    labels, classes = made.run.split()["label"].tolist(), made.run.dataset.classes
    train = [label for label, part in made.run.split()[["label", "split"]].itertuples(index=False) if part == "train"]
    targets, learned = task.targets(labels, classes), task.targets(train, classes)
    grafts = head(len(classes), learned, task.key)
    raw = rng.normal(size=(len(targets), grafts.width))
    measured = grafts.measure(raw, targets, np.ones(len(targets)))
    for metric in ("loss", *(each.key for each in task.metrics)):
        script = loaded(made.told(head="logistic", target_metric=metric), tmp_path)
        assert script.judge(raw, targets, None) == pytest.approx(measured.score(task.find_metric(metric)), abs=1e-6)
    features = rng.normal(size=(len(learned), 5)) + np.resize(learned, (len(learned), 5)) / np.ptp(learned)
    solve = script.solve_value if task.key == "regression" else script.solve_labels
    *_, chosen = solve(features, learned, np.arange(len(learned)))
    kernel, bias, _ = solve(features, learned, None, chosen)
    strengths = tuple(np.atleast_1d(chosen).tolist())
    weights = np.ones(len(learned), np.float32)
    expected = grafts.solve(features, learned, seed=0, weights=weights, strengths=strengths)
    assert features @ kernel + bias == pytest.approx(features @ expected.kernel + expected.bias, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"head": "logistic", "features": "every"},
        {"mode": "fine-tune", "blocks": 2, "head": "both", "epochs": 6, "augment": ("rotate",), "layer_decay": 0.8},
    ],
    ids=["exact", "deep"],
)
def test_it_trains_a_model_that_answers_in_the_tasks_own_terms(made, settings, tmp_path, monkeypatch):
    import keras

    monkeypatch.setattr("tlcore.export.training_script.CATALOGUE", WITH_TINY)
    script = loaded(made.told(backbone=TINY.key, patience=0, **settings), tmp_path)
    (out := tmp_path / "out").mkdir()
    (scratch := tmp_path / "scratch").mkdir()
    script.main(made.items, out, scratch)
    found, outputs = json.loads((out / "test.json").read_text()), np.load(out / "test.npy")
    assert found["n"] == len(outputs) == (made.run.split()["split"] == "test").sum()
    model = keras.models.load_model(out / "model.keras")
    if made.run.dataset.task == "regression":
        assert model.output_names == ["values"]
        assert 4 < outputs.mean() < 60, "in millimetres"
        assert found["mae"] < 15
        assert (found["unit"], found["value"]) == ("mm", "diameter")
        assert found["interval_margin"] > 0
    else:
        assert model.output_names == ["probabilities"]
        assert ((outputs > 0) & (outputs < 1)).all()
        assert not np.allclose(outputs.sum(axis=1), 1)
        assert found["mean_average_precision"] > 0.5
        assert set(found["thresholds"]) == {"circle", "square", "triangle"}
