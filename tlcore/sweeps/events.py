"""Defines the events of a sweep: one line of JSON each, appended by the sweep's worker.

It knows the kinds of event and their fields. What a trial's run did stands in the run's own folder.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from tlcore.jobs.events import EndedEvent, JobEvent, StartedEvent

TrialState = Literal["running", "finished", "pruned", "stopped", "failed"]


class SweepStarted(StartedEvent):
    """The worker begins, or takes up a sweep that was interrupted."""

    kind: Literal["sweep_started"] = "sweep_started"


class TrialStarted(JobEvent):
    """A run was made for a trial; `number` counts from 1, `blocks` are those that are unfrozen, 0 when freezing."""

    kind: Literal["trial_started"] = "trial_started"
    number: int
    run: str
    backbone: str
    blocks: int
    rate: float


class TrialEnded(JobEvent):
    """A trial is over: `pruned` was hopeless beside the others, `stopped` was stopped by a person."""

    kind: Literal["trial_ended"] = "trial_ended"
    number: int
    state: Literal["finished", "pruned", "stopped", "failed"]
    error: str = ""


class SweepEnded(EndedEvent):
    """The last event of a sweep."""

    kind: Literal["sweep_ended"] = "sweep_ended"


Event = Annotated[SweepStarted | TrialStarted | TrialEnded | SweepEnded, Field(discriminator="kind")]
EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
