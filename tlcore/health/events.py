"""Defines what happens in a check, beyond what happens in any job: one line of JSON for each event.

It knows the kinds of event and their fields. It does not know files or locks.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from tlcore.jobs.events import EndedEvent, JobEvent, StartedEvent


class CheckStarted(StartedEvent):
    """The worker begins; `version` is the dataset's."""

    kind: Literal["check_started"] = "check_started"
    version: int


class StageEnded(JobEvent):
    """One look at the items is over: `stage` as in `progress.json`, `findings` so many.

    `processor` is its processor time in seconds, of all threads: it tells more than `seconds` where others compute too.
    """

    kind: Literal["stage_ended"] = "stage_ended"
    stage: str
    seconds: float
    processor: float = 0.0
    findings: int


class CheckEnded(EndedEvent):
    """The last event of a check."""

    kind: Literal["check_ended"] = "check_ended"


Event = Annotated[CheckStarted | StageEnded | CheckEnded, Field(discriminator="kind")]
EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
