"""The real worker, from `launch` on: it outlives who started it, stops when asked and is missed when killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.runs.processes import state_is, until
from tlcore.jobs.launch import launch
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.exporting import DOWNLOADS, Making
from tlcore.runs.run import Run

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def make_small_run(workspace, tiny_dataset) -> Iterator[Callable[[int], Run]]:
    """Make runs that train in seconds, and end their workers with the test."""
    made: list[Run] = []

    def make(epochs: int) -> Run:
        config = TrainingConfig(
            dataset=tiny_dataset.id,
            epochs=epochs,
            patience=0,
            input={"size": 64},
            batch_size=8,
            fractions=Fractions(train=0.5, val=0.25, test=0.25),
        )
        made.append(create_run(workspace, tiny_dataset, config))
        return made[-1]

    yield make
    for run in made:
        environment = run.environment()
        if run.alive() and environment is not None:
            os.kill(environment.pid, signal.SIGKILL)
            until(run, lambda run: not run.alive())


def has_epochs(run: Run) -> bool:
    state = run.state()
    assert state.state != "failed", state.error + run.log()
    return len(state.epochs) >= 2


def test_a_killed_server_takes_no_run_with_it(make_small_run):
    run = make_small_run(2)
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tlcore.jobs.launch import launch\n"
        "from tlcore.runs.run import Run\n"
        "launch(Run(Path(sys.argv[1])))\n"
        "print('launched', flush=True)\n"
        "time.sleep(1000)\n"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", program, str(run.path)], cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True
    )
    assert server.stdout is not None
    with server.stdout:
        assert server.stdout.readline() == b"launched\n"
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    assert run.alive()
    until(run, lambda run: run.state().ended is not None, seconds=120)
    state = run.state()
    assert state.state == "finished", state.error + run.log()
    assert [epoch.epoch for epoch in state.epochs] == [1, 2, 3], "the solved head, and two epochs from there"
    assert state.test is not None
    assert {"prepare", "trunk", "head", "save", "evaluate"} <= set(state.seconds)
    assert run.model_keras.exists()
    assert run.model_onnx.exists()
    assert run.predictions.exists()
    # Killed while it makes the downloads, it leaves a finished run whose downloads can be made again.
    os.kill(run.environment().pid, signal.SIGKILL)
    until(run, lambda run: not run.alive())
    assert run.state().state == "finished"
    assert not Making(run, DOWNLOADS).state().live
    assert run.state().test == state.test


def test_stop_keeps_the_best_weights_and_judges_them(make_small_run):
    run = make_small_run(1000)
    launch(run)
    until(run, has_epochs, seconds=120)
    run.stop()
    until(run, state_is("stopped"))
    state = run.state()
    assert state.test is not None
    assert state.best_epoch is not None
    assert run.model_keras.exists()
    assert run.model_onnx.exists()


def test_a_killed_training_has_failed_and_keeps_its_curve(make_small_run):
    run = make_small_run(1000)
    launch(run)
    until(run, has_epochs, seconds=120)
    environment = run.environment()
    assert environment is not None
    os.kill(environment.pid, signal.SIGKILL)
    until(run, state_is("failed"))
    assert "killed" in run.state().error
    assert len(run.state().epochs) >= 2


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="looks into /proc")
def test_a_waiting_worker_needs_no_backend_and_stops_at_once(make_run, start, make_small_run):
    first = make_run("first")
    start(first)
    until(first, state_is("running"))
    run = make_small_run(1)
    launch(run)
    until(run, lambda run: run.state().behind == 1)
    environment = run.environment()
    assert environment is not None
    assert "tensorflow" not in Path(f"/proc/{environment.pid}/maps").read_text()
    run.stop()
    until(run, state_is("stopped"))
    assert run.state().started is None
    assert run.log() == ""


def test_a_worker_that_is_told_to_quit_says_so(make_run, start, make_small_run):
    first = make_run("first")
    start(first)
    until(first, state_is("running"))
    run = make_small_run(1)
    launch(run)
    until(run, lambda run: run.state().behind == 1)
    environment = run.environment()
    assert environment is not None
    os.kill(environment.pid, signal.SIGTERM)
    until(run, state_is("failed"))
    assert "told to quit" in run.state().error


def test_a_worker_that_cannot_begin_is_told_at_once(make_run):
    run = make_run("run")
    (run.path / "config.json").write_text("{}")
    launch(run)
    until(run, state_is("failed"))
    assert "config.json" in run.state().error
