"""A job of every kind, in a workspace of its own, and workers that do everything but the work."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.runs.conftest import make_run, run  # noqa: F401  # fixtures
from tlcore.evaluation.error_analysis.files import Understanding
from tlcore.health.check import Check
from tlcore.health.events import CheckStarted
from tlcore.jobs import launch
from tlcore.jobs.events import Started, StartedEvent
from tlcore.jobs.job import Job
from tlcore.jobs.writer import JobWriter
from tlcore.runs import events as of_runs
from tlcore.runs.exporting import Making
from tlcore.runs.recorder import Recorder
from tlcore.sweeps.config import SweepConfig
from tlcore.sweeps.events import SweepStarted
from tlcore.sweeps.sweep import Sweep, create_sweep


@dataclass(frozen=True)
class Kind:
    """A kind of job: how one is made, and with what its worker begins and writes."""

    make: Callable[[pytest.FixtureRequest], Job]
    starts: Callable[[], StartedEvent]
    writer: Callable[[Job], JobWriter] = JobWriter


def a_run(request):
    found = request.getfixturevalue("run")
    found.predictions.touch()
    return found


def a_sweep(request) -> Sweep:
    dataset = request.getfixturevalue("tiny_dataset")
    return create_sweep(request.getfixturevalue("workspace"), dataset, SweepConfig(dataset=dataset.id, trials=1))


KINDS = {
    "run": Kind(a_run, of_runs.Started.here, Recorder),
    "check": Kind(lambda request: Check(request.getfixturevalue("tiny_dataset")), lambda: CheckStarted.here(version=1)),
    "sweep": Kind(a_sweep, SweepStarted.here),
    "error analysis": Kind(lambda request: Understanding(a_run(request)), Started.here),
    "export": Kind(lambda request: Making(a_run(request), "onnx"), Started.here),
}


@pytest.fixture(params=KINDS)
def kind(request) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def job(request, kind) -> Job:
    """A job of each kind that was never started."""
    return kind.make(request)


@pytest.fixture
def write(job, kind) -> Callable[[], JobWriter]:
    """Be the job's worker: what writes its files."""
    return lambda: kind.writer(job)


@pytest.fixture
def workers(monkeypatch):
    """Let workers that do everything but the work be those that are launched."""
    monkeypatch.setattr(launch, "PROGRAM", (sys.executable, "-m", "tests.jobs.worker"))
