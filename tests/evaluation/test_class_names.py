"""A class of a run gets another name without training: what is judged anew with it is what was judged before."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tests.evaluation.task_runs import evaluated, multilabel_dataset
from tests.graphs import make_answerable_run
from tlcore.__main__ import main
from tlcore.errors import RunError
from tlcore.evaluation import class_names
from tlcore.evaluation.class_names import rename_class, rename_in_runs
from tlcore.evaluation.files import read_calibration, read_evaluation, read_predictions
from tlcore.evaluation.run import evaluate_run
from tlcore.inference.predictor import Predictor
from tlcore.runs.events import Ended, Started
from tlcore.runs.recorder import Recorder


@pytest.fixture
def run(workspace, tiny_dataset):
    run = make_answerable_run(workspace, tiny_dataset)
    with Recorder(run) as recorder:
        recorder.record(Started(pid=1))
        evaluate_run(run, lambda step: None)
        recorder.record(Ended(state="finished"))
    return run


def test_a_renamed_class_is_renamed_everywhere_and_the_judgement_stays(run):
    before = read_evaluation(run.path)
    (run.exports / "bundle").mkdir(parents=True)
    (run.exports / "keras").mkdir()
    rename_class(run, "square", " box ")
    assert run.dataset.classes == ("circle", "box", "triangle")
    assert set(run.split()["label"]) == {"circle", "box", "triangle"}
    assert Predictor.from_run(run.path).labels.labels == ("circle", "box", "triangle")
    found, stored = read_evaluation(run.path), read_predictions(run.path)
    assert found.confusion == before.confusion
    assert [one.label for one in found.per_label] == ["circle", "box", "triangle"]
    assert {one.label for one in read_calibration(run.path).thresholds} == {"circle", "box", "triangle"}
    assert not list(run.exports.iterdir())
    # Judged anew with the new name, it is the same.
    assert evaluate_run(run, lambda step: None) == found
    pd.testing.assert_frame_equal(read_predictions(run.path), stored)


def test_a_crash_while_renaming_is_mended_by_asking_again(run, monkeypatch):
    def crash(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(class_names, "read_contract", crash)
        with pytest.raises(KeyboardInterrupt):
            rename_class(run, "square", "box")
    rename_class(run, "square", "box")
    found = read_evaluation(run.path)
    assert evaluate_run(run, lambda step: None) == found
    assert found.labels == run.dataset.classes == ("circle", "box", "triangle")


def test_a_class_is_renamed_in_the_runs_of_its_dataset_that_are_over(run, workspace, tiny_dataset):
    fresh = make_answerable_run(workspace, tiny_dataset)
    assert rename_in_runs(workspace, "another dataset", "square", "box") == ()
    assert rename_in_runs(workspace, tiny_dataset.id, "square", "circle") == ()
    assert rename_in_runs(workspace, tiny_dataset.id, "square", "box ") == (run,)
    assert run.dataset.classes == ("circle", "box", "triangle")
    assert fresh.dataset.classes == ("circle", "square", "triangle")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [("star", "box", "'star' is not one"), ("square", "circle", "which is one already"), ("square", " ", "empty one")],
)
def test_a_name_that_cannot_be_is_refused(run, old, new, sentence):
    with pytest.raises(RunError, match=sentence):
        rename_class(run, old, new)
    assert run.dataset.classes == ("circle", "square", "triangle")


def test_a_run_that_is_not_over_keeps_its_names(workspace, tiny_dataset):
    run = make_answerable_run(workspace, tiny_dataset)
    with pytest.raises(RunError, match="is created"):
        rename_class(run, "square", "box")


def test_the_command_that_renames_a_class_of_a_dataset_can_do_so_in_its_runs(run, tiny_dataset, capsys):
    assert main(["data", "rename-class", tiny_dataset.id, "square", "box"]) == 0
    assert "square" in run.dataset.classes
    assert main(["data", "rename-class", tiny_dataset.id, "circle", "ball", "--runs", "--json"]) == 0
    assert run.dataset.classes == ("ball", "square", "triangle")
    assert "Export it again" in capsys.readouterr().err


def test_the_command_says_what_to_do_next(run, capsys):
    assert main(["runs", "rename-class", run.id, "square", "box"]) == 0
    assert "makes its files again" in capsys.readouterr().out
    assert main(["runs", "rename-class", run.id, "box", "square", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == ["circle", "square", "triangle"]


def test_a_label_is_renamed_among_the_others_of_its_pictures(workspace, tiny_dataset):
    run = evaluated(workspace, multilabel_dataset(tiny_dataset))
    before, then = read_evaluation(run.path), read_predictions(run.path)
    rename_class(run, "dog", "a hound")
    found, now = read_evaluation(run.path), read_predictions(run.path)
    assert found.labels == run.dataset.classes == ("boat", "a hound", "person")
    assert [one.label for one in found.per_label] == list(found.labels)
    assert found.figures == before.figures
    for was, label in zip(then["label"], now["label"], strict=True):
        assert set(label.split("|")) == {"a hound" if name == "dog" else name for name in was.split("|")}
    assert (now["label"] == now["predicted"]).equals(then["correct"])
