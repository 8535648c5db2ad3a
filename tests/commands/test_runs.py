"""Pausing, resuming, the line and the caches from the command line."""

from __future__ import annotations

import io
import json
import os
import sys
import threading

import pytest

from tests.runs.logs import epoch, fold
from tests.runs.processes import state_is, until
from tests.task_runs import make_dataset
from tlcore.__main__ import main
from tlcore.commands.follow import held_up, words
from tlcore.data.caches import using
from tlcore.files import write_json
from tlcore.jobs import launch
from tlcore.jobs.queue import line, turn
from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import Ended, Noted, PhaseStarted, Started
from tlcore.runs.recorder import Recorder
from tlcore.runs.run import Run


@pytest.fixture
def make_run(workspace):
    def make(name: str) -> Run:
        run = Run(workspace.runs / name)
        run.path.mkdir()
        write_json(run.path / "config.json", TrainingConfig(dataset="shapes"))
        return run

    return make


@pytest.fixture
def paused(make_run):
    run = make_run("resting")
    with Recorder(run) as recorder:
        recorder.record(Started(pid=1))
        recorder.record(Noted(message="ONNX Runtime computes the features."))
        recorder.record(epoch(1))
        run.checkpoint.mkdir()
        (run.checkpoint / "epoch").write_text("1")
        recorder.record(Ended(state="paused"))
    return run


def test_an_epoch_is_counted_to_the_end_of_the_plan_from_the_first_on():
    solving = PhaseStarted(phase="logistic", title="Solving", epochs=1, first_epoch=1, planned=51)
    tuning = PhaseStarted(phase="fine-tune", title="Fine-tuning", epochs=40, first_epoch=6, planned=45)
    first, later = epoch(1, phase="logistic"), epoch(6, phase="fine-tune")
    assert "epoch 1/51 " in words(first, fold([Started(pid=1), solving, first], alive=True))[0]
    state = fold([Started(pid=1), solving, first, tuning, later], alive=True)
    assert "epoch 1/51 " in words(first, state)[0], "told again, it is as it was"
    assert "epoch 6/45 " in words(later, state)[0]
    unsaid = fold([Started(pid=1), tuning.model_copy(update={"planned": 0}), later], alive=True)
    assert "epoch 6/45 " in words(later, unsaid)[0], "a log of before"


@pytest.fixture
def worker(monkeypatch):
    """Let a worker that does everything but train be the one that is launched."""
    monkeypatch.setenv("GRAFT_TEST_EPOCHS", "3")
    monkeypatch.setattr(launch, "PROGRAM", (sys.executable, "-m", "tests.runs.worker"))


@pytest.fixture
def waiting(make_run):
    """Three runs in line behind one that trains; as threads, which leave the line when they are asked to."""
    first, *others = (make_run(name) for name in ("first", "second", "third", "fourth"))
    threads = []

    def stand(run):
        with Recorder(run) as recorder:
            with turn(run, lambda behind: None) as ours:
                pass
            recorder.record(Ended(state="finished" if ours else "stopped"))

    with turn(first, lambda behind: None):
        for place, run in enumerate(others, 2):
            threads.append(threading.Thread(target=stand, args=(run,)))
            threads[-1].start()
            until(run, lambda _, place=place: len(line()) == place)
        yield first, *others
        for run in others:
            run.stop()
        for thread in threads:
            thread.join(10)


def last_object(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_the_queue_says_who_trains_and_who_waits(workspace, waiting, capsys):
    assert main(["runs", "queue", "--json"]) == 0
    queue = last_object(capsys)["queue"]
    assert [(place["position"], place["run"]) for place in queue] == list(
        enumerate(["first", "second", "third", "fourth"])
    )
    assert set(queue[0]) == {"position", "run", "name", "path", "state", "since"}
    assert main(["runs", "queue"]) == 0
    assert "trains" in capsys.readouterr().out


def test_a_waiting_run_is_moved_and_cancelled(workspace, waiting, capsys):
    assert main(["runs", "move", "fourth", "--to", "1", "--json"]) == 0
    assert last_object(capsys) == {"run": "fourth", "position": 1}
    assert main(["runs", "cancel", "third", "--json"]) == 0
    assert last_object(capsys) == {"run": "third", "state": "stopped"}
    assert [place.path.name for place in line()] == ["first", "fourth", "second"]
    assert main(["runs", "move", "first", "--to", "2"]) == 1
    assert "waits in line" in capsys.readouterr().err


def test_a_run_that_waits_says_for_whom_and_begins_beside_it(workspace, waiting, capsys):
    first, second, *_ = waiting
    said = held_up(second)
    assert f"first in {first.path.resolve()}" in said
    assert "`runs beside second`" in said
    assert main(["runs", "beside", "second", "--json"]) == 0
    assert last_object(capsys) == {"run": "second", "state": "running"}
    until(second, state_is("finished"))
    assert [place.path.name for place in line()] == ["first", "third", "fourth"]


def test_an_empty_queue_is_said(workspace, capsys):
    assert main(["runs", "queue"]) == 0
    assert "No run trains or waits" in capsys.readouterr().out


def test_a_paused_run_says_how_to_go_on(workspace, paused, capsys):
    assert main(["runs", "show", "resting"]) == 0
    shown = capsys.readouterr().out
    assert "Resume goes on after epoch 1, as if nothing had happened: `runs resume resting`." in shown
    assert "ONNX Runtime computes the features." in shown
    assert main(["runs", "show", "resting", "--json"]) == 0
    content = last_object(capsys)
    assert content["state"] == "paused"
    assert content["notes"] == ["ONNX Runtime computes the features."]
    assert content["folds"] is None


def test_what_is_over_is_not_paused_or_cancelled(workspace, paused, capsys):
    for command in ("pause", "cancel"):
        assert main(["runs", command, "resting"]) == 1
        assert "resting is paused." in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_is_resumed_paused_and_followed_to_its_end(workspace, paused, worker, capsys, monkeypatch):
    monkeypatch.setenv("GRAFT_TEST_SECONDS", "0.5")
    assert main(["runs", "resume", "resting", "--detach", "--json"]) == 0
    assert last_object(capsys)["state"] in ("waiting", "running")
    assert main(["runs", "resume", "resting"]) == 1
    assert "Only a run that is over can be resumed." in capsys.readouterr().err
    assert main(["runs", "pause", "resting", "--json"]) == 0
    assert last_object(capsys) == {"run": "resting", "state": "paused"}
    monkeypatch.setenv("GRAFT_TEST_SECONDS", "0.05")
    assert main(["runs", "resume", "resting", "--json"]) == 0
    said = capsys.readouterr()
    content = json.loads(said.out.splitlines()[-1])
    figures = {"test", "seconds_to_result", "seconds", "images_per_second"}
    assert set(content) == {"run", "path", "state", "downloads"} | figures
    assert content["state"] == "finished"
    assert "Resumed at epoch" in said.err
    assert "Started." not in said.err  # what was told before is not told again
    assert main(["runs", "resume", "resting"]) == 1
    assert "is finished" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_that_is_paused_by_another_leaves_a_code_and_the_way_on(workspace, paused, worker, capsys, monkeypatch):
    monkeypatch.setenv("GRAFT_TEST_SECONDS", "0.5")
    pausing = threading.Thread(target=lambda: (until(paused, state_is("running")), paused.pause()))
    pausing.start()
    assert main(["runs", "resume", "resting"]) == 1
    pausing.join()
    said = capsys.readouterr().err
    assert "The run is paused." in said
    assert "`runs resume resting`" in said


# === Caches ===


@pytest.fixture
def caches(workspace):
    for name, size in (("pixels-a", 3000), ("trunk-b", 2000)):
        (workspace.cache / name).mkdir()
        (workspace.cache / name / "x").write_bytes(bytes(size - 2))
        (workspace.cache / name / ("store.json" if name == "pixels-a" else "y")).write_bytes(b"{}")
        os.utime(workspace.cache / name, (10**9, 10**9))
    return workspace.cache


def test_caches_are_shown_with_their_size_and_bound(caches, capsys, monkeypatch):
    monkeypatch.setenv("GRAFT_CACHE_GB", "3")
    assert main(["cache", "show", "--json"]) == 0
    content = last_object(capsys)
    assert (content["bytes"], content["limit_bytes"]) == (5000, 3 * 10**9)
    assert {cache["cache"]: cache["kind"] for cache in content["caches"]} == {
        "pixels-a": "items",
        "trunk-b": "features",
    }
    assert set(content["caches"][0]) == {"cache", "kind", "holds", "bytes", "last_used", "in_use"}
    assert main(["cache", "show"]) == 0
    assert "2001-09-09 01:46" in capsys.readouterr().out


def test_caches_are_cleared_by_name_or_all_but_those_in_use(caches, capsys):
    with using(caches / "pixels-a"):
        assert main(["cache", "clear", "--yes", "--json"]) == 0
    assert last_object(capsys) == {"cleared": ["trunk-b"], "bytes": 2000, "kept": ["pixels-a"]}
    assert main(["cache", "clear", "nothing", "--yes"]) == 1
    assert "'nothing'" in capsys.readouterr().err
    assert main(["cache", "clear", "pixels-a", "--yes"]) == 0
    assert list(caches.iterdir()) == []


def test_no_cache_is_cleared_without_a_yes(caches, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["cache", "clear"]) == 1
    assert len(list(caches.iterdir())) == 2


@pytest.mark.slow
def test_several_labels_are_learned_and_listed_on_the_command_line(workspace, tmp_path, capsys):
    dataset = make_dataset(workspace, tmp_path / "multilabel", "multilabel")
    assert main(["train", dataset.id, "--target-metric", "accuracy"]) == 1
    assert "Multi-label classification is measured by loss, mean_average_precision" in capsys.readouterr().err
    options = ["--mode", "auto", "--budget", "0.1", "--image-size", "64", "--target-metric", "macro_f1"]
    assert main(["train", dataset.id, *options]) == 0
    said = capsys.readouterr().out
    assert "Solving the logistic regression" in said
    assert "validation loss" in said
    assert "mAP 0." in said or "mAP 1." in said
    assert "nan" not in said
    assert "Test mean average precision (mAP) " in said
    assert main(["runs", "list"]) == 0
    assert "mean_average_precision" in capsys.readouterr().out
