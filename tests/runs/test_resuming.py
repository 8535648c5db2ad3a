"""A run that was paused, stopped, killed or cancelled goes on where it was, in a worker of its own."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

from tests.runs.logs import epoch
from tests.runs.processes import state_is, until
from tlcore.errors import RunError
from tlcore.jobs import launch
from tlcore.jobs.queue import cancel, line, move
from tlcore.runs.events import Ended, Resumed, Started
from tlcore.runs.recorder import Recorder
from tlcore.runs.resume import resume


@pytest.fixture
def worker(monkeypatch):
    """Let a worker that does everything but train be the one that is launched."""
    monkeypatch.setattr(launch, "PROGRAM", (sys.executable, "-m", "tests.runs.worker"))


def ended(run, state, *, epochs=2, kept=True):
    with Recorder(run) as recorder:
        recorder.record(Started(pid=1))
        for number in range(1, epochs + 1):
            recorder.record(epoch(number))
        if kept:
            run.checkpoint.mkdir()
        recorder.record(Ended(state=state))
    return run


@pytest.mark.slow
def test_a_run_that_is_paused_and_killed_goes_on_without_losing_or_doubling_an_epoch(make_run, worker):
    run = make_run("run")
    launch.launch(run)
    until(run, lambda run: len(run.state().epochs) >= 2)
    run.pause()
    until(run, state_is("paused"))
    paused = run.state()
    resume(run)
    assert run.state().live  # at once: a page that looks now must not take the old end for the new one
    assert run.asked() is None
    until(run, lambda run: len(run.state().epochs) >= len(paused.epochs) + 2)
    os.kill(run.environment().pid, signal.SIGKILL)
    until(run, state_is("failed"))
    assert run.resumable()
    assert "Resume goes on after epoch" in run.way_on(run.state())
    resume(run)
    until(run, lambda run: len(run.state().epochs) >= len(paused.epochs) + 6)
    run.stop()
    until(run, state_is("stopped"))
    state = run.state()
    assert [epoch.epoch for epoch in state.epochs] == list(range(1, len(state.epochs) + 1))
    assert [phase.name for phase in state.phases] == ["head"]
    assert sum(isinstance(event, Resumed) for event in run.events()) == 2


def test_a_run_is_resumed_when_the_worker_that_has_said_its_last_word_is_gone(make_run, monkeypatch):
    run = make_run("run")
    run.path.joinpath("checkpoint").mkdir()
    launched = []
    monkeypatch.setattr("tlcore.runs.resume.launch", launched.append)
    with Recorder(run) as recorder:
        recorder.record(Started(pid=1))
        recorder.record(Ended(state="paused"))
        resuming = threading.Thread(target=resume, args=(run,))
        resuming.start()
        resuming.join(0.3)
        assert not launched  # the lock is still held
    resuming.join(10)
    assert launched == [run]


@pytest.mark.slow
def test_waiting_runs_can_be_moved_cancelled_killed_and_started_again(make_run, worker):
    a, b, c, d = (make_run(name) for name in "abcd")
    for position, run in enumerate((a, b, c, d)):
        launch.launch(run)
        until(run, lambda run, position=position: [place.position for place in line()][-1:] == [position])
    move(d, 1)
    os.kill(b.environment().pid, signal.SIGKILL)
    until(b, lambda run: [place.path.name for place in line()] == ["a", "d", "c"])
    cancel(c)
    until(c, state_is("stopped"))
    assert c.state().started is None
    a.stop()
    until(d, state_is("running"))
    assert c.resumable()
    resume(c)
    until(c, state_is("waiting"))
    for run in (c, d):
        run.stop()
        until(run, state_is("stopped"))


@pytest.mark.parametrize("state", ["paused", "stopped", "failed"])
def test_what_was_cut_short_can_be_resumed(make_run, state):
    run = ended(make_run("run"), state)
    assert run.resumable()
    assert "after epoch 2" in run.way_on(run.state())


def test_what_failed_before_anything_was_kept_begins_anew(make_run):
    run = ended(make_run("run"), "failed", kept=False)
    assert run.resumable()
    assert "from the beginning" in run.way_on(run.state())


@pytest.mark.parametrize(
    ("state", "kept", "sentence"),
    [("finished", True, "is finished. Repeat it"), ("stopped", False, "is missing. Repeat the run")],
)
def test_what_cannot_be_resumed_says_why(make_run, state, kept, sentence):
    run = ended(make_run("run"), state, kept=kept)
    assert not run.resumable()
    assert run.way_on(run.state()) == ""
    with pytest.raises(RunError, match=sentence):
        resume(run)


def test_a_run_under_way_is_not_resumed(make_run):
    run = make_run("run")
    with Recorder(run) as recorder:
        recorder.record(Started(pid=1))
        with pytest.raises(RunError, match="is running"):
            resume(run)
        run.pause()
        assert run.state().state == "pausing"


def test_a_pause_of_a_run_that_is_over_changes_nothing(make_run):
    run = ended(make_run("run"), "finished")
    run.pause()
    assert run.asked() is None
