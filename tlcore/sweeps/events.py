"""What happened in a sweep: one line of JSON for each event, appended by the sweep's worker.

It knows the kinds of event and their fields. What a trial's run did stands in the run's own folder.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tlcore.runs.events import now

TrialState = Literal["running", "finished", "pruned", "stopped", "failed"]


class _Event(BaseModel):
    # A newer worker may add fields: an older page ignores them.
    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    at: datetime = Field(default_factory=now)


class SweepStarted(_Event):
    """The worker begins, or takes up a sweep that was interrupted."""

    kind: Literal["sweep_started"] = "sweep_started"
    pid: int


class TrialStarted(_Event):
    """A run was made for a trial; `number` counts from 1, `blocks` are those that are unfrozen, 0 when freezing."""

    kind: Literal["trial_started"] = "trial_started"
    number: int
    run: str
    backbone: str
    blocks: int
    rate: float


class TrialEnded(_Event):
    """A trial is over: `pruned` was hopeless beside the others, `stopped` was stopped by a person."""

    kind: Literal["trial_ended"] = "trial_ended"
    number: int
    state: Literal["finished", "pruned", "stopped", "failed"]
    error: str = ""


class SweepEnded(_Event):
    """The last event of a sweep."""

    kind: Literal["sweep_ended"] = "sweep_ended"
    state: Literal["finished", "stopped", "failed"]
    error: str = ""


Event = Annotated[SweepStarted | TrialStarted | TrialEnded | SweepEnded, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


def parse(line: str) -> Event | None:
    """Read one line of a sweep's `events.jsonl`; a kind that this version does not know gives None."""
    try:
        return _ADAPTER.validate_json(line)
    except ValidationError:
        return None
