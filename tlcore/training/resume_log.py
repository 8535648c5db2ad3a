"""Finds the events that are already in the log, so that a resumed worker does not write them twice.

It knows events. It does not know how a training goes on.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from tlcore.runs.events import (
    CandidateEnded,
    CrossValidated,
    Ended,
    EpochEnded,
    Evaluated,
    Event,
    Noted,
    Resumed,
    Started,
)


class ResumeLog:
    """The events that were already written for a run.

    Attributes:
        begun: Whether a worker ever had its turn.
        judged: Whether the model of the last epoch has been judged on the test items.
    """

    def __init__(self, events: Sequence[Event]) -> None:
        self.begun = any(isinstance(event, Started) for event in events)
        self.judged = False
        self._known: set[Hashable] = set()
        for event in events:
            if isinstance(event, EpochEnded) or (isinstance(event, Ended) and event.state == "stopped"):
                # The judgement was that of an earlier model; who resumes a stopped run wants to train on.
                self.judged = False
            self.judged = self.judged or isinstance(event, Evaluated)
            if isinstance(event, Resumed):
                self.take_up(event.epoch)
            self._known.add(self._identity(event))
        self._known.discard(None)

    def take_up(self, epoch: int) -> None:
        """Forget the epochs from this one on: they are trained again.

        A worker that is killed between the end of an epoch and its checkpoint leaves such an epoch in the log.
        """
        self._known = {known for known in self._known if not isinstance(known, int) or known < epoch}

    def __contains__(self, event: object) -> bool:
        return self._identity(event) in self._known

    def _identity(self, event: object) -> Hashable:
        """Return the identity of an event; None for events that may repeat, as the phase that a worker goes on with."""
        match event:
            case EpochEnded(epoch=epoch):
                return epoch
            case Noted(message=message):
                return message
            case CrossValidated():
                return "folds"
            case CandidateEnded(name=name, outcome="leads" | "behind"):
                return "candidate", name
            case _:
                return None
