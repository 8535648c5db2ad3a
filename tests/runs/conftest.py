from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tlcore.files import write_json
from tlcore.runs.config import TrainingConfig
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent.parent
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def make_run(workspace: Workspace) -> Callable[[str], Run]:
    """Make a run folder with settings and nothing else: enough for whatever does not train."""

    def make(name: str) -> Run:
        run = Run(workspace.runs / name)
        run.path.mkdir()
        write_json(run.path / "config.json", TrainingConfig(dataset="shapes"))
        return run

    return make


@pytest.fixture
def run(make_run: Callable[[str], Run]) -> Run:
    return make_run("20261121-101500-shapes-0001")


@pytest.fixture
def start() -> Iterator[Start]:
    """Start workers that do everything but train, and end them with the test."""
    started = []

    def run_worker(run: Run, *, epochs: int = 1000, seconds: float = 0.05) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.runs.worker", *run.command, str(epochs), str(seconds)]
        started.append(subprocess.Popen(command, cwd=ROOT))
        return started[-1]

    yield run_worker
    for process in started:
        process.kill()
        process.wait()
