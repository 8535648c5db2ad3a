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
from tests.training import tiny_run
from tlcore.backbones import catalogue
from tlcore.jobs.launch import launch, worker_environment
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.events import Ended, EpochEnded, Resumed
from tlcore.runs.resume import resume
from tlcore.runs.run import Run

pytestmark = pytest.mark.slow
KILLS = 20
PAUSED = 12  # instead
MOST_EVENTS = 9  # of a worker before it is killed: it prepares until the fifth, and then trains
WARM_UP, EPOCHS = 10, 60  # more than so many workers come to


@pytest.fixture
def ready_workers(workspace, tmp_path, monkeypatch) -> Iterator[None]:
    """Workers that do not import their backend each time and train a network of two small blocks."""
    monkeypatch.setattr(catalogue, "CATALOGUE", tiny_run.WITH_TINY)
    tiny_run.write_weights(workspace)
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
        "backbone": tiny_run.TINY.key,
        "mode": "fine-tune",
        "head": "trained",
        "blocks": 1,
        "epochs": EPOCHS,
        "patience": 0,
        "input.size": tiny_run.SIZE,
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
        # From the worker's first event to the middle of its training.
        begun, patience = len(run.events()), chance.randrange(MOST_EVENTS)
        until(run, lambda run: len(run.events()) > begun + patience or not run.alive())  # noqa: B023
        time.sleep(chance.uniform(0.0, 0.2))
        if number == PAUSED:
            run.pause()
            until(run, lambda run: not run.alive())
        elif run.alive():
            kill(run)
        assert run.state().state == ("paused" if number == PAUSED else "failed"), run.log()
        resume(run)
    until(run, lambda run: not run.alive(), seconds=200)
    assert run.state().state == "finished", run.state().error + run.log()

    # A worker that is killed between an epoch and its checkpoint repeats that epoch: the later event counts.
    state = run.state()
    assert [epoch.epoch for epoch in state.epochs] == list(range(1, WARM_UP + EPOCHS + 1))
    names = [phase.name for phase in state.phases if phase.seconds is not None]
    assert names.count("head") == names.count("fine-tune") == 1
    assert len(events_of(run, EpochEnded)) <= WARM_UP + EPOCHS + KILLS
    assert [event.state for event in events_of(run, Ended)] == ["paused", "finished"]
    next_epochs = [event.epoch for event in events_of(run, Resumed)]
    assert len(next_epochs) == KILLS
    assert next_epochs == sorted(next_epochs)
    assert next_epochs[0] == 1, "some were killed before the first epoch"
    assert next_epochs[-1] > WARM_UP, "and some while the backbone was trained"

    whole = make_run(workspace, tiny_dataset)
    launch(whole)
    until(whole, lambda run: not run.alive(), seconds=200)
    once, often = ([epoch.val_loss for epoch in each.state().epochs] for each in (whole, run))
    np.testing.assert_allclose(often, once, atol=0.02)
    assert not run.checkpoint.exists()
