"""What happened in a run: one line of JSON for each event, appended by the worker.

It knows the kinds of event and their fields. It does not know what they amount to; that is `fold`'s.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError


def now() -> datetime:
    return datetime.now(UTC)


class _Event(BaseModel):
    # A newer worker may add fields: an older page ignores them.
    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    at: datetime = Field(default_factory=now)


class Waiting(_Event):
    """Another run trains on this machine; `behind` is how many stand in line before this one."""

    kind: Literal["waiting"] = "waiting"
    behind: int


class Started(_Event):
    """The worker has its turn and begins."""

    kind: Literal["started"] = "started"
    pid: int
    device: str = ""


class Resumed(_Event):
    """A worker takes up an interrupted run; `epoch` is the one that comes next, over the whole run, from 1."""

    kind: Literal["resumed"] = "resumed"
    pid: int
    epoch: int = 1


class Noted(_Event):
    """Something that the worker decided or met, in a sentence: an engine chosen, a batch that did not fit."""

    kind: Literal["noted"] = "noted"
    message: str


class PhaseStarted(_Event):
    """A stretch of work begins: `prepare`, `trunk`, `head`, `fine-tune`, `save`, `evaluate`, `export`.

    `epochs` is 0 for phases that do not train. `first_epoch` counts over the whole run, from 1.
    """

    kind: Literal["phase_started"] = "phase_started"
    phase: str
    title: str
    epochs: int = 0
    first_epoch: int = 0
    trained_parameters: int = 0


class EpochEnded(_Event):
    """An epoch of a training phase; `epoch` counts over the whole run, from 1. Losses in nats, accuracies 0 to 1."""

    kind: Literal["epoch_ended"] = "epoch_ended"
    phase: str
    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float
    images_per_second: float
    best: bool
    val_balanced_accuracy: float | None = None
    val_macro_f1: float | None = None


class PhaseEnded(_Event):
    """A stretch of work is done; `seconds` is its wall time, `images_per_second` where pictures were counted."""

    kind: Literal["phase_ended"] = "phase_ended"
    phase: str
    seconds: float
    images_per_second: float | None = None


class CrossValidated(_Event):
    """Few pictures: accuracy of the logistic head over `repeats` times `folds` stratified folds of all `n` pictures.

    `accuracy` is the mean over the repeats, `deviation` the standard deviation over the folds.
    """

    kind: Literal["cross_validated"] = "cross_validated"
    accuracy: float
    deviation: float
    folds: int
    repeats: int
    n: int


class Evaluated(_Event):
    """The test pictures have been judged by the run's own `model.onnx`; shares with their 95 % interval."""

    kind: Literal["evaluated"] = "evaluated"
    accuracy: float
    low: float
    high: float
    n: int


class Exported(_Event):
    """An artefact was made, reloaded in a fresh process and compared with the app."""

    kind: Literal["exported"] = "exported"
    format: str
    agrees: bool
    same_answers: float
    largest_difference: float


class Ended(_Event):
    """The last event of a run."""

    kind: Literal["ended"] = "ended"
    state: Literal["finished", "stopped", "paused", "failed"]
    error: str = ""


Event = Annotated[
    Waiting
    | Started
    | Resumed
    | Noted
    | PhaseStarted
    | EpochEnded
    | PhaseEnded
    | CrossValidated
    | Evaluated
    | Exported
    | Ended,
    Field(discriminator="kind"),
]
_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


def parse(line: str) -> Event | None:
    """Read one line of `events.jsonl`; a kind that this version does not know gives None."""
    try:
        return _ADAPTER.validate_json(line)
    except ValidationError:
        return None


class Progress(BaseModel):
    """What is happening now: `progress.json`, replaced at most twice a second.

    Attributes:
        phase, title: Of the current phase, as in `PhaseStarted`.
        done, total: In `unit` (`pictures`, `batches`); `total` is 0 where it is not known.
        epoch, epochs: Over the whole run, from 1; 0 outside training.
        images_per_second: Over the last seconds; 0 where it is not known.
        seconds_left: Of the whole run, estimated; None where nothing is known yet.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    at: datetime = Field(default_factory=now)
    phase: str
    title: str
    done: int = 0
    total: int = 0
    unit: str = "pictures"
    epoch: int = 0
    epochs: int = 0
    images_per_second: float = 0.0
    seconds_left: float | None = None
