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

State = Literal["created", "waiting", "running", "stopping", "finished", "stopped", "paused", "failed"]
LIVE: frozenset[State] = frozenset({"waiting", "running", "stopping"})
# A paused run has no worker any more; it can be resumed, as one that was stopped or failed can.
OVER: frozenset[State] = frozenset({"finished", "stopped", "paused", "failed"})
VANISHED = "The worker ended without a word. Look at the end of its log, then start the run again."


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
        return self.phases[-1] if self.phases else None

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
        """From the worker's turn to its end; None before the end."""
        if self.started is None or self.ended is None:
            return None
        return max(0.0, (self.ended - self.started).total_seconds())


def fold(events: Sequence[Event], *, alive: bool, stop_asked: bool, cause: str = "") -> RunState:
    """Add up the events of a run.

    Args:
        events: The whole log, oldest first.
        alive: Whether the worker holds its lock, looked at *before* the events were read; otherwise a run that ends
            in between looks dead.
        stop_asked: Whether somebody asked the run to stop.
        cause: Why the worker vanished, if it did; a worker that never wrote an event vanished only if this is given.
    """
    state = RunState()
    for event in events:
        state = _step(state, event)
    if state.ended is not None:
        return state
    if not alive:
        if not events and not cause:
            return state
        return replace(state, state="failed", behind=0, error=cause or VANISHED)
    if stop_asked:
        return replace(state, state="stopping", behind=0)
    # A worker that has its lock but has said nothing yet is about to ask for its turn.
    return replace(state, state="waiting") if state.state == "created" else state


def _step(state: RunState, event: Event) -> RunState:
    match event:
        case Waiting(behind=behind):
            return replace(state, state="waiting", behind=behind, error="", ended=None)
        case Started():
            # A worker that takes up an interrupted run begins anew after an end.
            return replace(
                state,
                state="running",
                behind=0,
                device=event.device or state.device,
                error="",
                started=state.started or event.at,
                ended=None,
            )
        case Resumed():
            return replace(state, state="running", behind=0, error="", ended=None)
        case Noted(message=message):
            return replace(state, notes=(*state.notes, message))
        case PhaseStarted():
            phase = Phase(
                name=event.phase,
                title=event.title,
                epochs=event.epochs,
                first_epoch=event.first_epoch,
                trained_parameters=event.trained_parameters,
                started=event.at,
            )
            return replace(state, phases=(*state.phases, phase))
        case PhaseEnded():
            return replace(state, phases=_close(state.phases, event))
        case EpochEnded():
            best = event.epoch if event.best or state.best_epoch is None else state.best_epoch
            return replace(state, epochs=(*state.epochs, event), best_epoch=best)
        case CrossValidated():
            return replace(state, folds=event)
        case Evaluated():
            return replace(state, test=event)
        case Exported():
            return replace(state, exports=(*state.exports, event))
        case Ended():
            return replace(state, state=event.state, behind=0, error=event.error, ended=event.at)


def _close(phases: tuple[Phase, ...], event: PhaseEnded) -> tuple[Phase, ...]:
    """Close the last phase of that name which still lasts."""
    for index in reversed(range(len(phases))):
        if phases[index].name == event.phase and phases[index].seconds is None:
            closed = replace(phases[index], seconds=event.seconds, images_per_second=event.images_per_second)
            return (*phases[:index], closed, *phases[index + 1 :])
    return phases
