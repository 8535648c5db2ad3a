"""Describes the current progress of a worker: `progress.json`.

It knows counts and rates. It does not know how they are shown.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field

from tlcore.jobs.events import now


class Step(Protocol):
    """The progress of short work, as its iterators yield it."""

    @property
    def done(self) -> int: ...

    @property
    def total(self) -> int: ...

    @property
    def rate(self) -> float: ...

    @property
    def seconds_left(self) -> float | None: ...

    @property
    def note(self) -> str: ...


class Progress(BaseModel):
    """The current progress; replaced at most twice a second.

    Attributes:
        phase, title: Of the part of the work that is under way.
        done, total: In `unit`, such as `items` or `batches`; `total` is 0 where it is not known.
        epoch, epochs: Over the whole job, from 1; 0 where nothing is trained.
        items_per_second: Over the last seconds; 0 where it is not known.
        seconds_left: Estimated; None where nothing is known yet.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    at: datetime = Field(default_factory=now)
    phase: str
    title: str
    done: int = 0
    total: int = 0
    unit: str = ""
    epoch: int = 0
    epochs: int = 0
    items_per_second: float = 0.0
    seconds_left: float | None = None

    @classmethod
    def of(cls, step: Step, *, phase: str, title: str, unit: str = "") -> Self:
        """The progress of short work within a part of the job."""
        return cls(
            phase=phase,
            title=title,
            done=step.done,
            total=step.total,
            unit=unit,
            items_per_second=step.rate,
            seconds_left=step.seconds_left,
        )
