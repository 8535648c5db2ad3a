"""A run that has been evaluated and can be exported."""

from __future__ import annotations

import pytest

from tests.graphs import make_answerable_run
from tlcore.data.dataset import Dataset
from tlcore.evaluation.run import evaluate_run
from tlcore.runs.run import Run
from tlcore.workspace import Workspace


@pytest.fixture
def run(workspace: Workspace, tiny_dataset: Dataset) -> Run:
    made = make_answerable_run(workspace, tiny_dataset)
    made.model_keras.write_bytes(b"stands in for an archive; the bundle carries it along")
    evaluate_run(made, lambda step: None)
    return made
