"""A workspace that version 0.1 made: its dataset, its runs and its exports open and work.

`workspaces/version-0.1.zip` holds 36 drawn pictures with edits, a named version and a locked test set; a run that
finished with its exports; and one whose worker was killed in its fourth epoch, with its checkpoint.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.pages.opening import open_page, words
from tests.training.tiny_run import TINY, WITH_TINY
from tlcore.backbones import catalogue
from tlcore.data.dataset import Dataset, list_datasets
from tlcore.data.edits import operations
from tlcore.data.edits.types import Exclude, Relabel
from tlcore.data.split.file import Parts
from tlcore.data.split.locked import parts_for_run, read_parts
from tlcore.evaluation.files import read_predictions
from tlcore.evaluation.run import evaluate_run
from tlcore.inference.predictor import Predictor
from tlcore.runs.manifest import read_manifests
from tlcore.runs.run import Run, list_runs

ROOT = Path(__file__).resolve().parent
RESUME = """
import sys
from pathlib import Path
from tests.training.tiny_run import WITH_TINY
from tlcore.backbones import catalogue
catalogue.CATALOGUE = WITH_TINY
from tlcore.training.work import work
sys.exit(work(Path(sys.argv[1])))
"""


@pytest.fixture
def old(workspace, monkeypatch):
    with zipfile.ZipFile(ROOT / "workspaces" / "version-0.1.zip") as archive:
        archive.extractall(workspace.root)
    known = catalogue.CATALOGUE
    for name, module in list(sys.modules.items()):
        if name.startswith(("tlcore.", "pages.")) and getattr(module, "CATALOGUE", None) is known:
            monkeypatch.setattr(module, "CATALOGUE", WITH_TINY)
    return workspace


@pytest.fixture
def dataset(old) -> Dataset:
    (found,) = list_datasets(old)
    return found


@pytest.fixture
def runs(old) -> dict[str, Run]:
    return {run.state().state: run for run in list_runs(old)}


def test_the_dataset_has_its_classes_its_edits_and_its_versions(dataset):
    assert dataset.info.task == "classification"
    assert dataset.info.classes == ("circle", "square", "wedge")
    assert sum(dataset.counts().values()) == 35
    said = [entry.says for entry in operations.history(dataset)]
    assert len(said) == 4
    assert any(entry.name == "before training" for entry in operations.history(dataset))
    assert operations.undo(dataset) is not None
    assert dataset.info.classes == ("circle", "square", "triangle")
    assert operations.redo(dataset) is not None
    operations.apply(dataset, Relabel(labels={str(dataset.items()["sha256"].iloc[0]): "wedge"}))


def test_the_test_set_stays_locked(dataset):
    before = read_parts(dataset)
    assert before is not None
    assert (before.table["split"] == "test").sum() > 3
    operations.apply(
        dataset, Exclude(shas=(str(before.table.loc[before.table["split"] == "train", "sha256"].iloc[0]),))
    )
    after = parts_for_run(dataset, train=0.5, val=0.3, test=0.2, seed=7)
    assert in_the_test_set(after) == in_the_test_set(before)


def in_the_test_set(parts: Parts) -> set[str]:
    return set(parts.table.loc[parts.table["split"] == "test", "sha256"])


def test_the_model_answers_as_it_did(old, runs):
    run = runs["finished"]
    table, predictor = read_predictions(run.path), Predictor.from_run(run.path)
    paths = [old.datasets / run.dataset.id / "images" / file for file in table["file"]]
    columns = [name for name in table.columns if name.startswith("p_")]
    answered = np.stack([answer.outputs for answer in predictor.predict_files(paths)])
    assert np.abs(answered - table[columns].to_numpy()).max() < 1e-5


def test_a_finished_run_is_evaluated_again(old, runs):
    run = runs["finished"]
    assert run.state().test is not None
    assert {manifest.format for manifest in read_manifests(run.path)} >= {"keras", "onnx", "bundle"}
    assert evaluate_run(run, lambda step: None, workspace=old).n == run.state().test.n


@pytest.mark.parametrize("page", ["data", "check", "history", "train", "runs", "evaluate", "try", "export", "sweep"])
def test_every_page_opens(page, old, dataset, runs):
    of_run = page in {"runs", "evaluate", "try", "export"}
    app = open_page(page, **({"run": runs["finished"].id} if of_run else {"dataset": dataset.id}))
    assert words(app)


def test_an_interrupted_run_says_why_and_offers_to_go_on(old, runs):
    run = runs["failed"]
    assert run.resumable()
    app = open_page("runs", run=run.id)
    assert "Resume" in [button.label for button in app.button]
    assert TINY.title in words(app)


@pytest.mark.slow
def test_an_interrupted_run_goes_on_to_its_end(old, runs):
    run = runs["failed"]
    done = len(run.state().epochs)
    subprocess.run([sys.executable, "-c", RESUME, str(run.path)], cwd=ROOT.parent, check=True, capture_output=True)
    state = run.state()
    assert state.state == "finished"
    assert [epoch.epoch for epoch in state.epochs] == list(range(1, len(state.epochs) + 1))
    assert len(state.epochs) > done
    assert all(made.agrees for made in read_manifests(run.path))
