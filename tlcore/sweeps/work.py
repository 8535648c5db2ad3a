"""The worker of a sweep: runs one trial after the other in its own process.

It knows the order: ask for a trial, make its run, have it trained, hear its epochs, end it where it is hopeless. The
runs have workers of their own, so the death of this one costs nothing: the next one takes them up.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Literal

from tlcore.data.dataset import open_dataset
from tlcore.errors import GraftError, RunError
from tlcore.jobs.launch import launch
from tlcore.jobs.writer import JobWriter
from tlcore.jobs.writer import work as be_worker
from tlcore.runs.create import create_run
from tlcore.runs.resume import resume
from tlcore.runs.run import Run
from tlcore.runs.state import RunState
from tlcore.sweeps.config import default_rate, training_config
from tlcore.sweeps.events import Event, SweepStarted, TrialEnded, TrialStarted
from tlcore.sweeps.search import Attempt, Search
from tlcore.sweeps.sweep import Sweep
from tlcore.workspace import Workspace

LOOK_SECONDS = 0.25


def work(folder: Path) -> int:
    """Carry out a sweep and give the exit code: 0 when it finished or was stopped, 1 when it failed."""
    sweep = Sweep(folder)
    return be_worker(JobWriter(sweep), partial(_carry_out, sweep))


def _carry_out(sweep: Sweep, writer: JobWriter[Event]) -> Literal["finished", "stopped"]:
    writer.record(SweepStarted.here())
    search = Search(sweep)
    while not sweep.asked():
        attempt = search.next()
        if attempt is None:
            trials = sweep.state().trials
            if all(trial.state == "failed" for trial in trials):
                raise RunError(f"At least one trial of a sweep should produce a model. All failed. {trials[-1].error}")
            return "finished"
        try:
            attempt, run = _run_of(sweep, search, attempt)
        except GraftError as error:
            writer.record(_started(sweep, attempt))
            writer.record(TrialEnded(number=attempt.number, state="failed", error=str(error)))
            search.tell(attempt, "failed")
        else:
            writer.record(_started(sweep, attempt))
            ended, state = _follow(sweep, search, attempt, run)
            # The log first: a trial that Optuna takes for open is looked at once more, the other way round it is lost.
            writer.record(ended)
            search.tell(attempt, ended.state, state.epochs)
    return "stopped"


def _run_of(sweep: Sweep, search: Search, attempt: Attempt) -> tuple[Attempt, Run]:
    """The run of a trial with a worker at it, made where there is none yet."""
    workspace = Workspace.default()
    run = Run(workspace.runs / attempt.run) if attempt.run else None
    if run is not None and run.path.exists():
        if run.state().state == "failed" and run.resumable():
            resume(run)  # it went down with the sweep's worker, most likely with the whole machine
    else:
        config = sweep.config
        dataset = open_dataset(workspace, config.dataset)
        run = create_run(workspace, dataset, training_config(config, attempt.point))
        attempt = search.made(attempt, run.id)
    if run.state().state == "created":
        launch(run)
    return attempt, run


def _follow(sweep: Sweep, search: Search, attempt: Attempt, run: Run) -> tuple[TrialEnded, RunState]:
    """Wait until a run is over; stop it when it is hopeless, or when the sweep is to stop."""
    hopeless = search.was_hopeless(attempt)
    while (state := run.state()).live or state.state == "paused":
        if sweep.asked():
            if state.state == "paused":
                break
            if state.state != "stopping":
                run.stop()
        elif not hopeless and state.state == "running" and search.hopeless(attempt, state.epochs):
            hopeless = True
            run.stop()
        # A run that a person paused is waited for: whoever wants the machine for something else keeps it.
        time.sleep(LOOK_SECONDS)
    number = attempt.number
    if state.state == "finished":
        search.hear(attempt, state.epochs)  # a quick run is over before anybody has looked
        return TrialEnded(number=number, state="finished"), state
    if state.state == "failed":
        return TrialEnded(number=number, state="failed", error=state.error), state
    return TrialEnded(number=number, state="pruned" if hopeless else "stopped"), state


def _started(sweep: Sweep, attempt: Attempt) -> TrialStarted:
    point = attempt.point
    return TrialStarted(
        number=attempt.number,
        run=attempt.run,
        backbone=point.backbone,
        blocks=point.blocks,
        rate=default_rate(sweep.config, point) if point.rate is None else point.rate,
    )
