"""Folds the events of a run into its state: a pure function, so that every reader sees the same state.

It knows events and their meaning. It does not know files, locks or processes; their news comes as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from tlcore.jobs.events import JobEvent
from tlcore.jobs.state import OVER, JobState, State
from tlcore.runs.events import (
    CandidateEnded,
    CandidateStarted,
    CrossValidated,
    EpochEnded,
    Evaluated,
    Noted,
    PhaseEnded,
    PhaseStarted,
    Resumed,
    Started,
)

CUT_SHORT: frozenset[State] = OVER - {"finished"}


@dataclass(frozen=True)
class Phase:
    """A stretch of work.

    Attributes:
        planned: The epochs of the whole run, as planned when the phase began; 0 if it did not say.
        seconds: None while it lasts.
        before: Seconds of a worker before that was stopped in this phase.
    """

    name: str
    title: str
    epochs: int
    first_epoch: int
    trained_parameters: int
    started: datetime
    planned: int = 0
    seconds: float | None = None
    images_per_second: float | None = None
    before: float = 0.0


@dataclass(frozen=True)
class RunState(JobState):
    """The state of a run, beyond that of any job.

    Attributes:
        phases, epochs: In the order in which they came.
        candidates: Those that Auto is done with, in their order.
        trying: The one that it is at.
        best_epoch: The epoch whose weights are kept; None before the first epoch.
        test: The judgement on the test items.
        folds: The judgement by repeated folds, where there are few items.
        notes: What the worker decided or met, in sentences.
    """

    device: str = ""
    phases: tuple[Phase, ...] = ()
    epochs: tuple[EpochEnded, ...] = ()
    best_epoch: int | None = None
    test: Evaluated | None = None
    folds: CrossValidated | None = None
    notes: tuple[str, ...] = ()
    candidates: tuple[CandidateEnded, ...] = ()
    trying: CandidateStarted | None = None

    @property
    def phase(self) -> Phase | None:
        """The phase that lasts, or the last one."""
        # A training that is taken up again stands before the preparing that this needs.
        lasting = [phase for phase in self.phases if phase.seconds is None]
        return next(reversed(lasting or self.phases), None)

    @property
    def leader(self) -> CandidateEnded | None:
        """The candidate that Auto has found best so far."""
        return next((each for each in reversed(self.candidates) if each.outcome == "leads"), None)

    @property
    def of_the_model(self) -> RunState:
        """The same state with the training of the kept model alone: of Auto that of the leader."""
        if self.leader is None:
            return self
        before = max((each.epoch for each in self.candidates if each.epoch < self.leader.epoch), default=0)
        own = range(before + 1, self.leader.epoch + 1)
        return replace(
            self,
            epochs=tuple(epoch for epoch in self.epochs if epoch.epoch in own),
            phases=tuple(phase for phase in self.phases if not phase.epochs or phase.first_epoch in own),
        )

    @property
    def planned_epochs(self) -> int:
        """Epochs of the whole run: those that were done and those that are planned; 0 where the log does not say."""
        last = next((phase for phase in reversed(self.phases) if phase.planned), None)
        if last is None:
            return 0
        ended_early = 0 if last.seconds is None else last.first_epoch + last.epochs - 1 - self.epochs[-1].epoch
        return last.planned - ended_early

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
        """Items per second of every phase that counted them, by its name; weighted by time."""
        images: dict[str, float] = {}
        seconds: dict[str, float] = {}
        for phase in self.phases:
            if phase.seconds and phase.images_per_second is not None:
                images[phase.name] = images.get(phase.name, 0.0) + phase.images_per_second * phase.seconds
                seconds[phase.name] = seconds.get(phase.name, 0.0) + phase.seconds
        return {name: images[name] / seconds[name] for name in images}

    def after(self, event: JobEvent) -> RunState:
        """The state after one more event."""
        state = super().after(event)
        match event:
            case Started(device=device):
                return replace(state, device=device or state.device)
            case Resumed(epoch=epoch):
                return _taken_up(state, epoch)
            case Noted(message=message):
                # A worker that takes up a run decides, and says, some things once more.
                return state if message in state.notes else replace(state, notes=(*state.notes, message))
            case PhaseStarted():
                return replace(state, phases=_opened(state.phases, event))
            case PhaseEnded():
                return replace(state, phases=_close(state.phases, event))
            case EpochEnded():
                return _with_epochs(state, (*_before(state.epochs, event.epoch), event))
            case CandidateStarted(name=name):
                # A worker that takes up a run goes once more through those that were judged before.
                judged = any(each.name == name and each.value is not None for each in state.candidates)
                return state if judged else replace(state, trying=event)
            case CandidateEnded(name=name):
                ended = (*(each for each in state.candidates if each.name != name), event)
                return _with_epochs(replace(state, candidates=ended, trying=None), state.epochs)
            case CrossValidated():
                return replace(state, folds=event)
            case Evaluated():
                return replace(state, test=event)
            case _:
                return state


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
    # Of a candidate under way its own best epoch; of those that are over, the leader's.
    over = max((each.epoch for each in state.candidates), default=0)
    searched = state.candidates and state.trying is None
    own = [epoch for epoch in epochs if epoch.epoch > over and not searched]
    first = own[0].epoch if own else state.leader.best_epoch if state.leader else None
    best = next((epoch.epoch for epoch in reversed(own) if epoch.best), first)
    return replace(state, epochs=epochs, best_epoch=best)


def _before(epochs: tuple[EpochEnded, ...], number: int) -> tuple[EpochEnded, ...]:
    """The epochs before that one; a worker that was killed may have left some that are done once more."""
    if not epochs or epochs[-1].epoch < number:
        return epochs
    return tuple(epoch for epoch in epochs if epoch.epoch < number)


def _opened(phases: tuple[Phase, ...], event: PhaseStarted) -> tuple[Phase, ...]:
    """Start a phase, or go on with one: of the same name, and unfinished or from the same epoch on."""
    same = [
        phase
        for phase in phases
        if phase.name == event.phase
        and (phase.seconds is None or (phase.epochs and phase.first_epoch == event.first_epoch))
    ]
    first = min([event.first_epoch, *(phase.first_epoch for phase in same)])
    phase = Phase(
        name=event.phase,
        title=event.title,
        epochs=event.epochs and event.epochs + event.first_epoch - first,
        first_epoch=first,
        trained_parameters=event.trained_parameters,
        started=event.at,
        planned=event.planned,
        before=sum(phase.before + (phase.seconds or 0.0) for phase in same),
    )
    return (*(phase for phase in phases if phase not in same), phase)


def _close(phases: tuple[Phase, ...], event: PhaseEnded) -> tuple[Phase, ...]:
    """Close the last phase of that name which still lasts."""
    for index in reversed(range(len(phases))):
        if phases[index].name == event.phase and phases[index].seconds is None:
            seconds = phases[index].before + event.seconds
            closed = replace(phases[index], seconds=seconds, images_per_second=event.images_per_second)
            return (*phases[:index], closed, *phases[index + 1 :])
    return phases
