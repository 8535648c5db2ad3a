"""Real processes: who waits, who dies, who goes on without the one that started it."""

from __future__ import annotations

import os
import signal
from itertools import pairwise

import pytest

from tests.runs.processes import state_is, until
from tlcore.errors import RunError
from tlcore.jobs.events import Waiting
from tlcore.jobs.launch import launch

pytestmark = pytest.mark.slow


def test_runs_train_one_after_the_other_in_the_order_of_their_start(make_run, start):
    runs = [make_run(f"run-{number}") for number in range(4)]
    for run in runs:
        start(run, epochs=1000 if run == runs[0] else 5)
        until(run, lambda run: bool(run.events()))
    assert [run.state().behind for run in runs] == [0, 1, 2, 3]
    runs[0].stop()
    until(runs[0], state_is("stopped"))
    for run in runs[1:]:
        until(run, state_is("finished"))
    states = [run.state() for run in runs]
    for earlier, later in pairwise(states):
        assert earlier.ended is not None
        assert later.started is not None
        assert earlier.ended <= later.started
    told = [event.behind for event in runs[3].events() if isinstance(event, Waiting)]
    assert told == sorted(told, reverse=True)


def test_a_killed_worker_has_failed(make_run, start):
    run = make_run("run")
    worker = start(run)
    until(run, lambda run: len(run.state().epochs) >= 2)
    worker.send_signal(signal.SIGKILL)
    until(run, state_is("failed"))
    state = run.state()
    assert "killed" in state.error
    assert len(state.epochs) >= 2


def test_the_next_in_line_goes_on_when_the_first_is_killed(make_run, start):
    first, second = make_run("first"), make_run("second")
    worker = start(first)
    until(first, state_is("running"))
    start(second, epochs=2)
    until(second, lambda run: run.state().behind == 1)
    worker.kill()
    until(second, state_is("finished"))


def test_a_waiting_run_stops_at_once(make_run, start):
    first, second = make_run("first"), make_run("second")
    start(first)
    until(first, state_is("running"))
    start(second)
    until(second, lambda run: run.state().behind == 1)
    second.stop()
    until(second, state_is("stopped"))
    assert first.state().live
    assert second.state().started is None


def test_a_killed_worker_that_nobody_waits_for_does_not_hold_the_lock(make_run, start):
    run = make_run("run")
    worker = start(run)
    until(run, state_is("running"))
    os.kill(worker.pid, signal.SIGKILL)
    until(run, state_is("failed"))


def test_a_run_has_one_worker_process(make_run, start):
    run = make_run("run")
    start(run)
    until(run, state_is("running"))
    with pytest.raises(RunError, match="one worker"):
        launch(run)
    assert start(run).wait(30) != 0
    assert run.state().state == "running"
