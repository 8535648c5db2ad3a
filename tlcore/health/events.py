"""What happened in a check: one line of JSON for each event, appended by the check's worker; and what they amount to.

It knows the kinds of event, their fields and their sum. It does not know files or locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tlcore.runs.events import Progress, now

State = Literal["none", "running", "finished", "failed", "stopped"]
VANISHED = (
    "The worker of the check was killed, or the machine was restarted, before it was done. "
    "Check again: what was computed is kept."
)


class _Event(BaseModel):
    # A newer worker may add fields: an older page ignores them.
    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    at: datetime = Field(default_factory=now)


class CheckStarted(_Event):
    """The worker begins; `version` is the dataset's."""

    kind: Literal["check_started"] = "check_started"
    pid: int
    version: int


class StageEnded(_Event):
    """One look at the pictures is over: `stage` as in `progress.json`, `findings` so many.

    `processor` is its processor time in seconds, of all threads: it tells more than `seconds` where others compute too.
    """

    kind: Literal["stage_ended"] = "stage_ended"
    stage: str
    seconds: float
    processor: float = 0.0
    findings: int


class CheckEnded(_Event):
    """The last event of a check."""

    kind: Literal["check_ended"] = "check_ended"
    state: Literal["finished", "stopped", "failed"]
    error: str = ""


Event = Annotated[CheckStarted | StageEnded | CheckEnded, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


@dataclass(frozen=True)
class CheckState:
    """What is known of a check; `error` is a sentence when it failed, `progress` what is being done while it runs."""

    state: State = "none"
    progress: Progress | None = None
    error: str = ""
    started: datetime | None = None
    ended: datetime | None = None

    @property
    def live(self) -> bool:
        """A worker is at it: look again in a second."""
        return self.state == "running"


def parse(line: str) -> Event | None:
    """Read one line of a check's `events.jsonl`; a kind that this version does not know gives None."""
    try:
        return _ADAPTER.validate_json(line)
    except ValidationError:
        return None


def fold(events: Sequence[Event], *, alive: bool) -> CheckState:
    """Add up the events of every check that the dataset has had: the last one counts.

    `alive` says whether the worker held its lock *before* the events were read.
    """
    state = CheckState()
    for event in events:
        match event:
            case CheckStarted(at=at):
                state = CheckState("running", started=at)
            case CheckEnded():
                state = replace(state, state=event.state, error=event.error, ended=event.at)
            case _:
                pass
    if state.state == "running" and not alive:
        return replace(state, state="failed", error=VANISHED)
    return state
