"""A run that is killed, paused or stopped goes on where it was: the real worker, from its checkpoint."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest

from tests.runs.processes import until
from tlcore.jobs.launch import launch, worker_environment
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.events import Ended, EpochEnded, PhaseEnded, PhaseStarted
from tlcore.runs.resume import resume
from tlcore.runs.run import Run

pytestmark = pytest.mark.slow
KILLS = 20
PAUSED = 12  # instead
EPOCHS = 60


@pytest.fixture
def ready_workers(workspace, tmp_path, monkeypatch) -> Iterator[None]:
    """Workers that do not import their backend each time."""
    place = tmp_path / "ready"
    command = (sys.executable, "-m", "tests.training.ready_workers", str(place))
    with subprocess.Popen(command, env=worker_environment(), start_new_session=True) as serving:
        while not place.exists():
            assert serving.poll() is None
            time.sleep(0.05)
        monkeypatch.setattr("tlcore.jobs.launch.PROGRAM", command)
        yield
        serving.kill()


def make_run(workspace, dataset, **changes) -> Run:
    settings = {
        "mode": "fine-tune",
        "blocks": 2,
        "epochs": EPOCHS,
        "patience": 0,
        "image_size": 32,
        "batch_size": 4,
        "fine_tune_learning_rate": 1e-4,
        "fractions": Fractions(train=0.5, val=0.25, test=0.25),
    }
    return create_run(workspace, dataset, TrainingConfig(dataset=dataset.id, **(settings | changes)))


def kill(run: Run) -> None:
    """End the worker without a word, wherever it is."""
    environment = run.environment()
    assert environment is not None
    os.kill(environment.pid, signal.SIGKILL)
    until(run, lambda run: not run.alive())


def events_of(run: Run, kind: type) -> list:
    return [event for event in run.events() if isinstance(event, kind)]


def test_a_run_killed_at_any_moment_goes_on_and_ends_as_if_nothing_had_happened(workspace, tiny_dataset, ready_workers):
    chance = random.Random(0)
    run = make_run(workspace, tiny_dataset)
    launch(run)
    for number in range(KILLS):
        # From the worker's first second to the middle of its training.
        begun, patience = len(run.events()), chance.choice([0.0, 1.0, 2.0, 3.0])
        until(run, lambda run: len(run.events()) > begun + patience or not run.alive())  # noqa: B023
        time.sleep(chance.uniform(0.0, 0.5))
        if number == PAUSED:
            run.pause()
            until(run, lambda run: not run.alive())
        elif run.alive():
            kill(run)
        assert run.state().state == ("paused" if number == PAUSED else "failed"), run.log()
        resume(run)
    until(run, lambda run: not run.alive(), seconds=200)
    assert run.state().state == "finished", run.state().error + run.log()

    assert [event.epoch for event in events_of(run, EpochEnded)] == list(range(1, 10 + EPOCHS + 1))
    for kind in (PhaseStarted, PhaseEnded):
        names = [event.phase for event in events_of(run, kind)]
        assert names.count("head") == names.count("fine-tune") == 1
    assert [event.state for event in events_of(run, Ended)] == ["paused", "finished"]

    whole = make_run(workspace, tiny_dataset)
    launch(whole)
    until(whole, lambda run: not run.alive(), seconds=200)
    once, often = ([epoch.val_loss for epoch in events_of(each, EpochEnded)] for each in (whole, run))
    np.testing.assert_allclose(often, once, atol=0.02)
    assert not run.checkpoint.exists()
