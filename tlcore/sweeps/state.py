"""Folds the events of a sweep into its state.

It knows trials. It does not know files, locks or runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tlcore.jobs.events import JobEvent
from tlcore.jobs.state import JobState
from tlcore.sweeps.events import TrialEnded, TrialStarted, TrialState


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
class SweepState(JobState):
    """The state of a sweep, beyond that of any job; `trials` are in the order of their start."""

    trials: tuple[Trial, ...] = ()

    @property
    def trial(self) -> Trial | None:
        """The trial that is under way."""
        return next((trial for trial in self.trials if trial.state == "running"), None)

    def after(self, event: JobEvent) -> SweepState:
        """The state after one more event."""
        state = super().after(event)
        match event:
            case TrialStarted():
                trial = Trial(event.number, event.run, event.backbone, event.blocks, event.rate)
                others = tuple(other for other in state.trials if other.number != event.number)
                return replace(state, trials=tuple(sorted((*others, trial), key=lambda each: each.number)))
            case TrialEnded(number=number):
                trials = tuple(
                    replace(trial, state=event.state, error=event.error) if trial.number == number else trial
                    for trial in state.trials
                )
                return replace(state, trials=trials)
            case _:
                return state
