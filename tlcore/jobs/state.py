"""Folds the events of a job into its state: a pure function, so that every reader sees the same truth.

It knows the states that all jobs have in common. A kind of job that has events of its own adds what they amount to.
It does not know files, locks or processes; their news comes as arguments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Self, TypeVar

from tlcore.jobs.events import EndedEvent, JobEvent, StartedEvent, Waiting

State = Literal["created", "waiting", "running", "stopping", "pausing", "finished", "stopped", "paused", "failed"]
# How somebody asks a worker to end; a stop counts more than a pause.
Asked = Literal["stopped", "paused"]
LIVE: frozenset[State] = frozenset({"waiting", "running", "stopping", "pausing"})
# A paused job has no worker any more; a kind that can be resumed goes on from there, as after a stop or a failure.
OVER: frozenset[State] = frozenset({"finished", "stopped", "paused", "failed"})
VANISHED = "The worker ended without a word. Look at the end of its log."


@dataclass(frozen=True)
class JobState:
    """The state of a job.

    Attributes:
        state: `created` has no worker yet; `waiting` has one, but not its turn; the rest says what it says.
        behind: How many jobs stand in line before this one, while it waits.
        error: A sentence, when failed.
        started: When its first worker began, or had its turn.
        since: When the worker that is at it began; None while none is.
        worked: Seconds at work of the workers before that one, each from its turn to its end or last word. Time in
            which the job was paused, dead or in line does not count.
        last: When the last event came.
    """

    state: State = "created"
    behind: int = 0
    error: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    since: datetime | None = None
    worked: float = 0.0
    last: datetime | None = None

    @property
    def live(self) -> bool:
        """A worker is at it: look again in a second."""
        return self.state in LIVE

    @property
    def total_seconds(self) -> float | None:
        """Time at work; None before the end, and where no worker ever had its turn."""
        return self.worked if self.started is not None and self.state in OVER else None

    def seconds_at(self, moment: datetime) -> float:
        """Time at work until then."""
        return self.worked + (0.0 if self.since is None else max(0.0, (moment - self.since).total_seconds()))

    def after(self, event: JobEvent) -> Self:
        """The state after one more event."""
        match event:
            case Waiting(behind=behind):
                return replace(self._rested(), state="waiting", behind=behind, error="", ended=None)
            case StartedEvent(at=at):
                # A worker that takes a job up again begins anew after an end.
                state = replace(self._rested(), state="running", behind=0, error="", ended=None)
                return replace(state, started=self.started or at, since=at)
            case EndedEvent(at=at):
                return replace(self._rested(at), state=event.state, behind=0, error=event.error, ended=at)
            case _:
                return self

    def turned(self, state: State, error: str = "") -> Self:
        """The same job in a state that no event says: it is asked to end, or its worker vanished."""
        return replace(self._rested() if state == "failed" else self, state=state, behind=0, error=error)

    def _rested(self, until: datetime | None = None) -> Self:
        """Settle a job without a worker; one that vanished worked until its last event."""
        moment = until or self.last
        return self if moment is None else replace(self, worked=self.seconds_at(moment), since=None)


AnyState = TypeVar("AnyState", bound=JobState)


def fold(state: AnyState, events: Iterable[JobEvent]) -> AnyState:
    """Add up the events of a job, oldest first."""
    for event in events:
        state = replace(state.after(event), last=event.at)
    return state


def settle(state: AnyState, *, alive: bool, asked: Asked | None = None, cause: str = "") -> AnyState:
    """Say what the folded events amount to at this moment.

    Args:
        state: What the events add up to.
        alive: Whether the worker holds its lock, looked at *before* the events were read; otherwise a job that ends
            in between looks dead.
        asked: Whether somebody asked the worker to end.
        cause: Why the worker vanished, if it did; a worker that never wrote an event vanished only if this is given.
    """
    if state.state in OVER:
        return state
    if not alive:
        return state.turned("failed", cause or VANISHED) if cause or state.last else state
    if asked:
        return state.turned("stopping" if asked == "stopped" else "pausing")
    # A worker that has its lock but has said nothing yet is about to begin, or to ask for its turn.
    return state.turned("waiting") if state.state == "created" else state
