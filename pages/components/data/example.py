"""The example run: a real training on the sample, small enough to watch.

Nothing is shipped ready-made: what a newcomer sees was trained and evaluated on this machine.
"""

from __future__ import annotations

import streamlit as st

from pages.components.shell import frame
from tlcore.data.dataset import Dataset
from tlcore.jobs.launch import launch
from tlcore.runs.config import TrainingConfig
from tlcore.runs.create import create_run
from tlcore.workspace import Workspace


def start(workspace: Workspace, dataset: Dataset) -> None:
    """Train logistic regression on the frozen bundled backbone, and open the page of the run."""
    config = TrainingConfig(dataset=dataset.id, mode="freeze", head="logistic")
    run = create_run(workspace, dataset, config)
    run.rename("Example run")
    with st.spinner("Starting the worker …"):
        launch(run)
    frame.go_to(frame.RUNS, run=run.id)
