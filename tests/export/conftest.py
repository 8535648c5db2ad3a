"""A run that has been evaluated and can be exported."""

from __future__ import annotations

import pytest

from tlcore.runs.run import Run


@pytest.fixture
def run(evaluated_run: Run) -> Run:
    evaluated_run.model_keras.write_bytes(b"stands in for an archive; the bundle carries it along")
    return evaluated_run
