"""Follow a run from its first event to its end, in words; any other job by its progress.

It knows what each event of a run says to a person, and what the end is worth as an exit code. It does not know who
started the job.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from tlcore.commands.terminal import Bar, Terminal
from tlcore.errors import ExportError, RunError
from tlcore.jobs import queue
from tlcore.jobs.events import Waiting
from tlcore.jobs.job import Job
from tlcore.jobs.progress import Progress
from tlcore.jobs.state import OVER
from tlcore.numbers import duration
from tlcore.runs.events import (
    CandidateEnded,
    CandidateStarted,
    CrossValidated,
    Ended,
    EpochEnded,
    Evaluated,
    Event,
    Noted,
    PhaseEnded,
    PhaseStarted,
    Resumed,
    Started,
)
from tlcore.runs.exporting import DOWNLOADS, Making
from tlcore.runs.formats import WITH_RUN
from tlcore.runs.manifest import Manifest, read_manifests
from tlcore.runs.run import Run
from tlcore.runs.state import RunState
from tlcore.tasks import find_metric

Beside = Annotated[
    bool,
    typer.Option("--beside", help="Begin at once, even where another run trains on this machine."),
]
LOOK_SECONDS = 0.2
INTERRUPTED = 130


def follow(run: Run, terminal: Terminal, *, seen: int = 0) -> tuple[RunState, bool]:
    """Say what happens until the run is over; Ctrl-C asks it to stop, a second one leaves it alone.

    The first `seen` events have been told already.

    Returns:
        The last state, and whether it was us who asked for the stop.
    """
    interrupted = False
    with terminal.bar() as bar:
        while True:
            try:
                # The state first: the events read after it hold all that it knows.
                state = run.state()
                events = run.events()
                for event in events[seen:]:
                    for line in words(event, state):
                        terminal.say(line)
                if state.state == "waiting" and any(isinstance(event, Waiting) for event in events[seen:]):
                    terminal.say(held_up(run))
                seen = len(events)
                if state.state in OVER:
                    return state, interrupted
                _show(run, state, bar)
                time.sleep(LOOK_SECONDS)
            except KeyboardInterrupt:
                if interrupted:
                    terminal.say(f"Left alone. `runs show {run.id}` says how it goes.")
                    raise typer.Exit(INTERRUPTED) from None
                interrupted = True
                run.stop()
                terminal.say("Stopping: the best weights are kept and judged. Ctrl-C again leaves the run alone.")


def begin_beside(run: Run) -> None:
    """Have a run that was just started begin beside others; one that has its turn already goes on."""
    if run.state().state == "waiting":
        with suppress(RunError):  # it has begun since
            queue.begin_beside(run)


def held_up(run: Run) -> str:
    """Say which run trains now, of whatever workspace, and how not to wait for it."""
    working = [Run(place.path) for place in queue.line() if place.position == 0]
    named = " and ".join(f"{one.name} in {one.path}" for one in working)
    begin = f"`runs beside {run.id}` starts this run now, beside it."
    return f"Now trains: {named}. {begin}" if named else begin


def follow_job(job: Job[Any, Any], terminal: Terminal) -> None:
    """Show how far a job is until it is over; Ctrl-C stops it.

    Raises:
        GraftError: The job's `fault`: it failed, or somebody stopped it.
    """
    with terminal.bar() as bar:
        try:
            while (state := job.state()).live:
                if progress := job.progress():
                    _draw(bar, progress, progress.title)
                time.sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            job.stop()
            raise
    if state.state != "finished":
        raise job.fault(state.error or f"The work was stopped before it was done. {job.again}")


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM stop what is followed as Ctrl-C does: a job that a scheduler ends leaves no worker behind."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def conclude(run: Run, state: RunState, terminal: Terminal, *, seconds: float, interrupted: bool) -> None:
    """Say how a run ended, and follow the making of its downloads; only where both finished the exit code is 0.

    `seconds` have passed until the run ended.
    """
    judged = f", test {named(state.test)}" if state.test else ""
    ended, content = f"{run.id}: {state.state} after {seconds:.1f} s{judged}.", _content(run, state, seconds)
    if state.state == "finished":
        terminal.say(ended)
        _follow_downloads(run, content, terminal)
        return
    terminal.result(content, ended)
    said = {"paused": "The run is paused.", "stopped": "The run was stopped before its end. Its best weights are kept."}
    typer.echo(" ".join(filter(None, (said.get(state.state, state.error), way_on(run, state)))), err=True)
    raise typer.Exit(INTERRUPTED if interrupted else 1)


def _follow_downloads(run: Run, content: dict[str, Any], terminal: Terminal) -> None:
    """Follow the making of a run's downloads, and say what came of them; `content` is what is known of the run."""
    began = time.monotonic()
    fault, interrupted = "", False
    with terminated_like_interrupted():
        try:
            follow_job(Making(run, DOWNLOADS), terminal)
        except ExportError as error:
            fault = str(error)
        except KeyboardInterrupt:
            fault, interrupted = "The making of the downloads was stopped.", True
    made = [] if fault else [each for each in read_manifests(run.path) if each.format in WITH_RUN]
    took = time.monotonic() - began
    content["seconds"] |= {"total": round(content["seconds_to_result"] + took, 3), "downloads": round(took, 3)}
    content["downloads"] = {each.format: each.agrees for each in made}
    terminal.result(content, "\n".join(map(_download, made)))
    if fault:
        typer.echo(f"{fault} The result stands. `export {run.id}` makes them.", err=True)
        raise typer.Exit(INTERRUPTED if interrupted else 1)


def _download(made: Manifest) -> str:
    verdict = "agrees with the app" if made.agrees else "DISAGREES with the app and is not offered"
    figures = f"{made.same_answers:.1%} same answers, largest difference {made.largest_difference:.1g}"
    return f"  {made.format} {verdict}: {figures}{f', on {made.checked}' if made.sampled else ''}"


def way_on(run: Run, state: RunState) -> str:
    """Where a run that was cut short goes on, and by which command; empty where it cannot."""
    way = run.way_on(state)
    return f"{way.removesuffix('.')}: `runs resume {run.id}`." if way else ""


def words(event: Event, state: RunState) -> list[str]:
    """What an event says to a person."""
    match event:
        case Waiting(behind=behind):
            before = "another run" if behind == 1 else f"{behind} other runs"
            return [f"Waiting for {before} on this machine."]
        case Started(device=device):
            return [f"Started on {device}." if device else "Started."]
        case Resumed(epoch=epoch):
            return [f"Resumed at epoch {epoch}."]
        case Noted(message=message):
            return [message]
        case PhaseStarted(title=title, trained_parameters=trained):
            return [f"{title}{f' ({trained:,} weights are trained)' if trained else ''}"]
        case EpochEnded():
            return [_epoch(event, state)]
        case PhaseEnded(seconds=seconds, images_per_second=rate):
            return [f"  done in {seconds:.1f} s{f', {rate:,.0f} examples/s' if rate else ''}"]
        case CandidateStarted(title=title, seconds=seconds):
            return [f"Auto tries {title[0].lower()}{title[1:]}, about {duration(seconds)}"]
        case CandidateEnded():
            return [_candidate(event)]
        case CrossValidated(repeats=repeats, folds=folds, n=n, of=of, unit=unit):
            figure, deviation = of.plain(event.value, unit), of.plain(event.deviation, unit)
            return [f"{of.title} over {repeats} times {folds} folds of {n} examples: {figure} ± {deviation}."]
        case Evaluated():
            return [f"Test {named(event)}."]
        case Ended():
            return []


def _candidate(event: CandidateEnded) -> str:
    """Say what came of a candidate of Auto."""
    if event.value is None or event.low is None or event.high is None:
        return f"  {event.title}: {event.outcome}. {event.reason}"
    value, low, high = (event.of.plain(each, event.unit) for each in (event.value, event.low, event.high))
    by = "cross-validated" if event.by == "cross-validation" else "validation"
    figure = f"{by} {event.of.name} {value} (95 % between {low} and {high}, {event.n} examples)"
    return f"  {event.title}: {event.outcome}, {figure}, {duration(event.seconds)}. {event.reason}"


def named(test: Evaluated) -> str:
    """Write the headline metric, its figure and its interval."""
    return f"{test.of.name} {interval(test)}"


def interval(test: Evaluated) -> str:
    """Write the headline figure with its interval."""
    value, low, high = (test.of.plain(each, test.unit) for each in (test.value, test.low, test.high))
    return f"{value} (95 % between {low} and {high}, {test.n} examples)"


def _content(run: Run, state: RunState, seconds: float) -> dict[str, Any]:
    test = state.test
    return {
        "run": run.id,
        "path": str(run.path.resolve()),
        "state": state.state,
        "test": None if test is None else test.figures,
        "seconds_to_result": round(seconds, 3),
        "seconds": {"total": round(seconds, 3), **{name: round(took, 3) for name, took in state.seconds.items()}},
        "images_per_second": {name: round(rate, 1) for name, rate in state.images_per_second.items()},
    }


def _epoch(event: EpochEnded, state: RunState) -> str:
    phases = [phase for phase in state.phases if phase.epochs]
    # As planned when its phase began: early stopping makes the plan shorter, and a note says so.
    planned = [phase.planned for phase in phases if phase.name == event.phase and phase.planned]
    total = max([event.epoch, *(planned or (phase.first_epoch + phase.epochs - 1 for phase in phases))])
    return (
        f"  epoch {event.epoch}/{total}{_measured(event)}  {event.seconds:.1f} s  "
        f"{event.images_per_second:,.0f} examples/s{'  best' if event.best else ''}"
    )


def _measured(event: EpochEnded) -> str:
    """Write the losses of an epoch and its headline metric: the first that was measured."""
    key = next(iter(event.val_figures), "")
    short = find_metric(key).short if key else ""
    name = short.lower() if key == "accuracy" else short
    train, val = (
        f"  {name} {find_metric(key).plain(figures[key])}" if key in figures else ""
        for figures in (event.figures, event.val_figures)
    )
    return f"  loss {event.loss:.3f}{train}  validation loss {event.val_loss:.3f}{val}"


def _show(run: Run, state: RunState, bar: Bar) -> None:
    progress = run.progress() if state.state in ("running", "stopping", "pausing") else None
    if progress is None or state.phase is None or progress.phase != state.phase.name:
        # What the file says of the phase before is stale.
        waiting = f"Waiting, {state.behind} before this run" if state.behind else "Starting"
        bar.update(state.phase.title if state.phase else waiting, 0, 0)
        return
    title = f"{progress.title}, epoch {progress.epoch}/{progress.epochs}" if progress.epoch else progress.title
    _draw(bar, progress, title)


def _draw(bar: Bar, progress: Progress, title: str) -> None:
    bar.update(title, progress.done, progress.total, rate=progress.items_per_second, seconds_left=progress.seconds_left)
