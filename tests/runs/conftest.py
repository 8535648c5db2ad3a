from __future__ import annotations

from collections.abc import Callable

import pytest

from tlcore.files import write_json
from tlcore.runs.config import TrainingConfig
from tlcore.runs.run import Run
from tlcore.workspace import Workspace


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
