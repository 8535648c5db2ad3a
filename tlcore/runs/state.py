"""What the events of a run amount to: a pure fold, so that every reader sees the same truth.

It knows events and their meaning. It does not know files, locks or processes; their news comes as arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from tlcore.runs.events import (
    CrossValidated,
    Ended,
    EpochEnded,
    Evaluated,
    Event,
    Exported,
    Noted,
    PhaseEnded,
    PhaseStarted,
    Resumed,
    Started,
    Waiting,
)

State = Literal["created", "waiting", "running", "stopping", "pausing", "finished", "stopped", "paused", "failed"]
LIVE: frozenset[State] = frozenset({"waiting", "running", "stopping", "pausing"})
# A paused run has no worker any more; it can be resumed, as one that was stopped or failed can.
OVER: frozenset[State] = frozenset({"finished", "stopped", "paused", "failed"})
CUT_SHORT: frozenset[State] = OVER - {"finished"}
VANISHED = "The worker ended without a word. Look at the end of its log, then resume the run."


@dataclass(frozen=True)
class Phase:
    """A stretch of work; `seconds` is None while it lasts."""

    name: str
    title: str
    epochs: int
    first_epoch: int
    trained_parameters: int
    started: datetime
    seconds: float | None = None
    images_per_second: float | None = None


@dataclass(frozen=True)
class RunState:
    """What is known of a run.

    Attributes:
        state: `created` has no worker yet; `waiting` has one, but not its turn; the rest says what it says.
        behind: How many runs stand in line before this one, while it waits.
        error: A sentence, when failed.
        started: When its first worker had its turn.
        since: When the worker that is at it had its turn; None while none is.
        worked: Seconds at work of the workers before that one, each from its turn to its end or last word. Time in
            which the run was paused, dead or in line does not count.
        last: When the last event came.
        phases, epochs, exports: In the order in which they came.
        best_epoch: The epoch whose weights are kept; None before the first epoch.
        test: The judgement on the test pictures.
        folds: The judgement by repeated folds, where there are few pictures.
        notes: What the worker decided or met, in sentences.
    """

    state: State = "created"
    behind: int = 0
    device: str = ""
    error: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    since: datetime | None = None
    worked: float = 0.0
    last: datetime | None = None
    phases: tuple[Phase, ...] = ()
    epochs: tuple[EpochEnded, ...] = ()
    best_epoch: int | None = None
    test: Evaluated | None = None
    folds: CrossValidated | None = None
    notes: tuple[str, ...] = ()
    exports: tuple[Exported, ...] = field(default=())

    @property
    def live(self) -> bool:
        """A worker is at it: look again in a second."""
        return self.state in LIVE

    @property
    def phase(self) -> Phase | None:
        """The phase that lasts, or the last one."""
        # A training that is taken up again stands before the preparing that this needs.
        lasting = [phase for phase in self.phases if phase.seconds is None]
        return next(reversed(lasting or self.phases), None)

    @property
    def seconds(self) -> dict[str, float]:
        """Wall time of every ended phase, by its name; phases of one name are added up."""
        seconds: dict[str, float] = {}
        for phase in self.phases:
            if phase.seconds is not None:
                seconds[phase.name] = seconds.get(phase.name, 0.0) + phase.seconds
        return seconds

    @property
    def images_per_second(self) -> dict[str, float]:
        """Pictures per second of every phase that counted them, by its name; weighted by time."""
        images: dict[str, float] = {}
        seconds: dict[str, float] = {}
        for phase in self.phases:
            if phase.seconds and phase.images_per_second is not None:
                images[phase.name] = images.get(phase.name, 0.0) + phase.images_per_second * phase.seconds
                seconds[phase.name] = seconds.get(phase.name, 0.0) + phase.seconds
        return {name: images[name] / seconds[name] for name in images}

    @property
    def total_seconds(self) -> float | None:
        """Time at work; None before the end, and where no worker ever had its turn."""
        return self.worked if self.started is not None and self.state in OVER else None

    def seconds_at(self, moment: datetime) -> float:
        """Time at work until then."""
        return self.worked + (0.0 if self.since is None else max(0.0, (moment - self.since).total_seconds()))


def fold(
    events: Sequence[Event], *, alive: bool, stop_asked: bool, pause_asked: bool = False, cause: str = ""
) -> RunState:
    """Add up the events of a run.

    Args:
        events: The whole log, oldest first.
        alive: Whether the worker holds its lock, looked at *before* the events were read; otherwise a run that ends
            in between looks dead.
        stop_asked: Whether somebody asked the run to stop.
        pause_asked: Whether somebody asked the run to pause; a stop counts more.
        cause: Why the worker vanished, if it did; a worker that never wrote an event vanished only if this is given.
    """
    state = RunState()
    for event in events:
        state = replace(_step(state, event), last=event.at)
    if state.ended is not None:
        return state
    if not alive:
        if not events and not cause:
            return state
        return replace(_rested(state), state="failed", behind=0, error=cause or VANISHED)
    if stop_asked or pause_asked:
        return replace(state, state="stopping" if stop_asked else "pausing", behind=0)
    # A worker that has its lock but has said nothing yet is about to ask for its turn.
    return replace(state, state="waiting") if state.state == "created" else state


def _step(state: RunState, event: Event) -> RunState:
    match event:
        case Waiting(behind=behind):
            return replace(_rested(state), state="waiting", behind=behind, error="", ended=None)
        case Started():
            # A worker that takes up an interrupted run begins anew after an end.
            state = _at_work(state, event.at)
            return replace(state, device=event.device or state.device)
        case Resumed():
            return _taken_up(_at_work(state, event.at), event.epoch)
        case Noted(message=message):
            # A worker that takes up a run decides, and says, some things once more.
            return state if message in state.notes else replace(state, notes=(*state.notes, message))
        case PhaseStarted():
            return replace(state, phases=_opened(state.phases, event))
        case PhaseEnded():
            return replace(state, phases=_close(state.phases, event))
        case EpochEnded():
            return _with_epochs(state, (*_before(state.epochs, event.epoch), event))
        case CrossValidated():
            return replace(state, folds=event)
        case Evaluated():
            return replace(state, test=event)
        case Exported(format=name):
            return replace(state, exports=(*(made for made in state.exports if made.format != name), event))
        case Ended():
            state = _rested(state, until=event.at)
            return replace(state, state=event.state, behind=0, error=event.error, ended=event.at)


def _at_work(state: RunState, moment: datetime) -> RunState:
    """A worker has its turn from this moment on."""
    started = state.started or moment
    return replace(_rested(state), state="running", behind=0, error="", started=started, since=moment, ended=None)


def _rested(state: RunState, until: datetime | None = None) -> RunState:
    """No worker is at it any more; one that vanished worked until its last word."""
    moment = until or state.last
    return state if moment is None else replace(state, worked=state.seconds_at(moment), since=None)


def _taken_up(state: RunState, epoch: int) -> RunState:
    """Forget what will be done again: epochs from this one on, their phases, and other work that was cut short."""
    kept = _before(state.epochs, epoch)
    redone = {lost.phase for lost in state.epochs[len(kept) :]}

    def stays(phase: Phase) -> bool:
        lasts = phase.seconds is None
        begins_again = phase.first_epoch > epoch or (phase.first_epoch == epoch and not lasts)
        return not (lasts and not phase.epochs) and not (begins_again and phase.name in redone)

    return _with_epochs(replace(state, phases=tuple(filter(stays, state.phases))), kept)


def _with_epochs(state: RunState, epochs: tuple[EpochEnded, ...]) -> RunState:
    first = epochs[0].epoch if epochs else None
    best = next((epoch.epoch for epoch in reversed(epochs) if epoch.best), first)
    return replace(state, epochs=epochs, best_epoch=best)


def _before(epochs: tuple[EpochEnded, ...], number: int) -> tuple[EpochEnded, ...]:
    """The epochs before that one; a worker that was killed may have left some that are done once more."""
    if not epochs or epochs[-1].epoch < number:
        return epochs
    return tuple(epoch for epoch in epochs if epoch.epoch < number)


def _opened(phases: tuple[Phase, ...], event: PhaseStarted) -> tuple[Phase, ...]:
    """Begin a phase; it replaces one of its name that was never ended, whose epochs it goes on with."""
    same = [phase for phase in phases if phase.name == event.phase and phase.seconds is None]
    first = min([event.first_epoch, *(phase.first_epoch for phase in same)])
    phase = Phase(
        name=event.phase,
        title=event.title,
        epochs=event.epochs and event.epochs + event.first_epoch - first,
        first_epoch=first,
        trained_parameters=event.trained_parameters,
        started=event.at,
    )
    return (*(phase for phase in phases if phase not in same), phase)


def _close(phases: tuple[Phase, ...], event: PhaseEnded) -> tuple[Phase, ...]:
    """Close the last phase of that name which still lasts."""
    for index in reversed(range(len(phases))):
        if phases[index].name == event.phase and phases[index].seconds is None:
            closed = replace(phases[index], seconds=event.seconds, images_per_second=event.images_per_second)
            return (*phases[:index], closed, *phases[index + 1 :])
    return phases
