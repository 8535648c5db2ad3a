"""Starts a worker that resumes a run that was paused, stopped or interrupted.

It knows when that is possible. It does not know how a worker is started, nor how training goes on.
"""

from __future__ import annotations

import time

from tlcore.errors import RunError
from tlcore.jobs.launch import launch
from tlcore.runs.run import Run

LEAVING_SECONDS = 30.0


def resume(run: Run) -> None:
    """Start a worker that continues after the last checkpoint.

    Raises:
        RunError: The run is under way or finished, nothing was kept of it, or the worker died before it began.
    """
    state = run.state()
    if state.live:
        raise RunError(f"Only a run that is over can be resumed. {run.name} is {state.state}. Wait for it.")
    if state.state == "finished":
        raise RunError(
            f"Only a run that was cut short can be resumed. {run.name} is finished. Repeat it with more epochs."
        )
    if state.state != "created" and not run.resumable(state):
        raise RunError(
            f"Resuming needs the checkpoint of the run. The folder {run.checkpoint} of {run.name} is missing. Repeat "
            "the run."
        )
    deadline = time.monotonic() + LEAVING_SECONDS
    while run.alive() and time.monotonic() < deadline:
        time.sleep(0.02)  # it has said its last word, and is about to go
    launch(run)
