"""Defines the events that every job has: one line of JSON each, appended by the job's worker.

It knows how a worker waits, begins and ends. A kind of job adds events of its own. What they amount to is `state`'s.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

import psutil
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tlcore.jobs.cause import oom_kills


def now() -> datetime:
    return datetime.now(UTC)


class JobEvent(BaseModel):
    """Something that happened; each kind of event has a `kind` of its own."""

    # A newer worker may add fields: an older page ignores them.
    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    at: datetime = Field(default_factory=now)


class Waiting(JobEvent):
    """Another job has its turn; `behind` is the number of jobs ahead in the queue."""

    kind: Literal["waiting"] = "waiting"
    behind: int


class StartedEvent(JobEvent):
    """A worker begins; the machine's boot time (seconds since 1970) and its count of OOM kills tell why it vanished."""

    pid: int
    boot_time: float | None = None
    oom_kills: int | None = None

    @classmethod
    def here(cls, **more: Any) -> Self:
        """The event of this process, on this machine."""
        return cls(pid=os.getpid(), boot_time=psutil.boot_time(), oom_kills=oom_kills(), **more)


class EndedEvent(JobEvent):
    """The last event of a worker; `error` is a sentence when it failed."""

    state: Literal["finished", "stopped", "paused", "failed"]
    error: str = ""


class Started(StartedEvent):
    """The worker of a job that needs no events of its own begins."""

    kind: Literal["started"] = "started"


class Ended(EndedEvent):
    """The last event of such a job."""

    kind: Literal["ended"] = "ended"


Event = Annotated[Waiting | Started | Ended, Field(discriminator="kind")]
EVENTS: TypeAdapter[Event] = TypeAdapter(Event)


def parse(line: str, events: TypeAdapter[Any]) -> Any:
    """Read one line of a log; a kind that this version does not know gives None."""
    try:
        return events.validate_json(line)
    except ValidationError:
        return None
