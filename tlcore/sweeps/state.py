"""What the events of a sweep amount to: a pure fold, so that every reader sees the same truth.

It knows events. It does not know files, locks or runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from tlcore.sweeps.events import Event, SweepEnded, SweepStarted, TrialEnded, TrialStarted, TrialState

State = Literal["created", "running", "stopping", "finished", "stopped", "failed"]
VANISHED = (
    "The sweep's worker was killed, or the machine was restarted, before it was done. "
    "Go on with the sweep: the trials that are over are kept."
)


@dataclass(frozen=True)
class Trial:
    """One trial; `rate` is the peak of the learning rate, `error` a sentence when it failed."""

    number: int
    run: str
    backbone: str
    blocks: int
    rate: float
    state: TrialState = "running"
    error: str = ""


@dataclass(frozen=True)
class SweepState:
    """What is known of a sweep; `error` is a sentence when it failed, `trials` stand in the order of their start."""

    state: State = "created"
    trials: tuple[Trial, ...] = ()
    started: datetime | None = None
    ended: datetime | None = None
    error: str = ""

    @property
    def live(self) -> bool:
        """A worker is at it: look again in a second."""
        return self.state in ("running", "stopping")

    @property
    def trial(self) -> Trial | None:
        """The trial that is under way."""
        return next((trial for trial in self.trials if trial.state == "running"), None)


def fold(events: Sequence[Event], *, alive: bool, stop_asked: bool, was_started: bool = False) -> SweepState:
    """Add up the events of a sweep.

    Args:
        events: The whole log, oldest first.
        alive: Whether the worker holds its lock, looked at *before* the events were read.
        stop_asked: Whether somebody asked the sweep to stop.
        was_started: Whether there ever was a worker; one that said nothing before it vanished is known by this alone.
    """
    state = SweepState()
    for event in events:
        state = _step(state, event)
    if state.ended is not None:
        return state
    if alive:
        return replace(state, state="stopping" if stop_asked else "running")
    return replace(state, state="failed", error=VANISHED) if events or was_started else state


def _step(state: SweepState, event: Event) -> SweepState:
    match event:
        case SweepStarted(at=at):
            return replace(state, state="running", started=state.started or at, ended=None, error="")
        case TrialStarted():
            trial = Trial(event.number, event.run, event.backbone, event.blocks, event.rate)
            others = tuple(other for other in state.trials if other.number != event.number)
            return replace(state, trials=tuple(sorted((*others, trial), key=lambda each: each.number)))
        case TrialEnded():
            trials = tuple(
                replace(trial, state=event.state, error=event.error) if trial.number == event.number else trial
                for trial in state.trials
            )
            return replace(state, trials=trials)
        case SweepEnded():
            return replace(state, state=event.state, ended=event.at, error=event.error)
