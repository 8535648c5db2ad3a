"""Pausing and resuming on a run's page, and the line of runs on the page of all."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager

import pytest

from tests.pages.made_runs import beginning, epoch_ended, finished, made
from tests.pages.opening import button, open_page, words
from tests.runs.processes import until
from tlcore.jobs.queue import line, turn
from tlcore.runs.events import CrossValidated, Ended, Noted, PhaseEnded, PhaseStarted, Resumed
from tlcore.runs.recorder import Recorder


def cut_short(workspace, dataset, state, *, kept=True):
    run = made(workspace, dataset, epochs=5)
    with Recorder(run) as recorder:
        for event in beginning(2):
            recorder.record(event)
        if kept:
            run.checkpoint.mkdir()
        recorder.record(Ended(state=state, error="It broke." if state == "failed" else ""))
    return run


def labels(app):
    return [element.label for element in app.button]


def test_a_running_run_is_paused(workspace, tiny_dataset):
    run = made(workspace, tiny_dataset)
    with Recorder(run) as recorder:
        for event in beginning(2):
            recorder.record(event)
        app = open_page("runs", run=run.id)
        button(app, "Pause").click().run()
        assert run.asked() == "paused"
        assert "Pausing" in app.get("progress")[0].text
        assert button(app, "Pause").disabled
        assert not button(app, "Stop").disabled  # whoever has thought better of it


@pytest.mark.parametrize("state", ["paused", "failed", "stopped"])
def test_what_was_cut_short_is_resumed_from_its_page(workspace, tiny_dataset, monkeypatch, state):
    resumed = []
    monkeypatch.setattr("pages.components.shell.run_view.resume", resumed.append)
    run = cut_short(workspace, tiny_dataset, state)
    app = open_page("runs", run=run.id)
    assert "Resume goes on after epoch 2" in words(app)
    assert "Pause" not in labels(app)
    button(app, "Resume").click().run()
    assert resumed == [run]


@pytest.mark.parametrize("state", ["finished", "stopped"])
def test_what_cannot_be_resumed_offers_no_button_for_it(workspace, tiny_dataset, state):
    run = finished(workspace, tiny_dataset, state=state)
    app = open_page("runs", run=run.id)
    assert "Resume" not in labels(app)
    assert "Evaluate it" in labels(app)


def test_a_resumed_run_shows_every_epoch_once_and_one_step_for_each_name(workspace, tiny_dataset):
    run = cut_short(workspace, tiny_dataset, "paused")
    with Recorder(run) as recorder:
        recorder.record(Resumed(pid=2, epoch=2))
        recorder.record(PhaseStarted(phase="prepare", title="Reading the pictures"))
        recorder.record(PhaseEnded(phase="prepare", seconds=2.5))
        for epoch in (2, 3):
            recorder.record(epoch_ended(epoch, loss=1 / epoch, val_loss=1 / epoch))
        app = open_page("runs", run=run.id)
    chart = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert [trace["x"] for trace in chart["data"]][:2] == [[1, 2, 3], [1, 2, 3]]
    (steps,) = [text.value for text in app.markdown if "Reading the pictures" in text.value]
    assert steps.count("Reading the pictures") == 1
    assert "3.0" in steps  # half a second, and two and a half
    assert steps.count("Training the head") == 1


def test_notes_and_folds_are_shown(workspace, tiny_dataset):
    folds = CrossValidated(accuracy=0.9312, deviation=0.021, folds=5, repeats=3, n=36)
    run = made(workspace, tiny_dataset)
    with Recorder(run) as recorder:
        for event in (*beginning(2), Noted(message="ONNX Runtime is *2.1* times faster here."), folds):
            recorder.record(event)
        text = words(open_page("runs", run=run.id)).replace("\u202f", " ")
        assert r"ONNX Runtime is \*2.1\* times faster here." in text
        assert "**93.1 % ± 2.1**" in text
        recorder.record(Ended(state="finished"))
    app = open_page("runs", run=run.id)
    shown = {metric.label: metric.value.replace("\u202f", " ") for metric in app.metric}
    assert shown["Cross-validated accuracy"] == "93.1 % ± 2.1"
    assert "mean over 3 × 5 folds of 36 pictures" in words(app)


@contextmanager
def standing(first, *others):
    """The first run trains, the others wait."""

    def stand(run):
        with Recorder(run), turn(run, lambda behind: None):
            pass

    threads = []
    with Recorder(first) as recorder, turn(first, lambda behind: None):
        for event in beginning(2):
            recorder.record(event)
        for place, run in enumerate(others, 2):
            threads.append(threading.Thread(target=stand, args=(run,)))
            threads[-1].start()
            until(run, lambda _, place=place: len(line()) == place)
        yield
        for run in others:
            run.stop()
        for thread in threads:
            thread.join(10)


def test_the_line_is_shown_moved_and_left(workspace, tiny_dataset):
    first, second, third = (made(workspace, tiny_dataset) for _ in range(3))
    third.rename("The *third* one")
    with standing(first, second, third):
        app = open_page("runs")
        assert "Queue" in [header.value for header in app.subheader]
        up, down = f"arrow_upward-{third.path.resolve()}", f"arrow_downward-{third.path.resolve()}"
        assert app.button(key=down).disabled
        app.button(key=up).click().run()
        assert not app.exception
        assert [place.path.name for place in line()] == [first.id, third.id, second.id]
        assert app.button(key=up).disabled
        app.button(key=f"cancel-{second.path.resolve()}").click().run()
        assert second.asked() == "stopped"


def test_a_run_that_waits_for_one_of_another_workspace_says_so_and_begins_beside_it(workspace, tiny_dataset, tmp_path):
    first, second = (made(workspace, tiny_dataset) for _ in range(2))
    first.rename("Ants")
    elsewhere = type(first)(first.path.rename(tmp_path / "ants"))
    with standing(elsewhere, second):
        app = open_page("runs", run=second.id)
        assert f"(Ants in {tmp_path / 'ants'} is under way now)" in app.get("progress")[0].text.replace("\\", "")
        button(app, "Start now").click().run()
        until(second, lambda _: len(line()) == 1)
        assert line()[0].path == elsewhere.path, "the other had its turn beside it, and left"


def test_a_line_of_one_is_no_line(workspace, tiny_dataset):
    with standing(made(workspace, tiny_dataset)):
        assert "Queue" not in [header.value for header in open_page("runs").subheader]
