"""Defines the events of a run: one line of JSON each, appended by the worker.

It knows the kinds of event of a run and their fields. It does not know what they amount to; that is `state`'s.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, TypeAdapter, model_validator

from tlcore.jobs.events import EndedEvent, JobEvent, StartedEvent, Waiting
from tlcore.tasks import Metric, find_task


class Started(StartedEvent):
    """The worker has its turn and begins."""

    kind: Literal["started"] = "started"
    device: str = ""


class Resumed(StartedEvent):
    """A worker takes up an interrupted run; `epoch` is the one that comes next, over the whole run, from 1."""

    kind: Literal["resumed"] = "resumed"
    epoch: int = 1


class Noted(JobEvent):
    """Something that the worker decided or met, in a sentence: an engine chosen, a batch that did not fit."""

    kind: Literal["noted"] = "noted"
    message: str


class PhaseStarted(JobEvent):
    """A stretch of work begins: `prepare`, `trunk`, `head`, `fine-tune`, `save`, `evaluate`.

    `epochs` is 0 for phases that do not train. `first_epoch` counts over the whole run, from 1. `planned` is the number
    of epochs of the whole run, as planned when the phase begins; 0 in logs of a Graft that did not say.
    """

    kind: Literal["phase_started"] = "phase_started"
    phase: str
    title: str
    epochs: int = 0
    first_epoch: int = 0
    planned: int = 0
    trained_parameters: int = 0


class EpochEnded(JobEvent):
    """An epoch of a training phase; `epoch` counts over the whole run, from 1.

    `figures` and `val_figures` are metrics of the run's task by their keys: of the training batches those that are
    followed there, of the validation set all of them. Logs of a Graft that knew classes only have a field for each.
    """

    kind: Literal["epoch_ended"] = "epoch_ended"
    phase: str
    epoch: int
    loss: float
    val_loss: float
    learning_rate: float
    seconds: float
    images_per_second: float
    best: bool
    figures: dict[str, float] = Field(default_factory=dict)
    val_figures: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "val_accuracy" not in given:
            return given
        train = {name: given[name] for name in ("accuracy",) if given.get(name) is not None}
        names = ("accuracy", "balanced_accuracy", "macro_f1")
        val = {name: given[f"val_{name}"] for name in names if given.get(f"val_{name}") is not None}
        return {**given, "figures": train, "val_figures": val}

    @property
    def accuracy(self) -> float:
        """Return the accuracy on the training batches, 0 to 1; not a number if the task has none."""
        return self.figures.get("accuracy", math.nan)

    @property
    def val_accuracy(self) -> float:
        """Return the accuracy on the validation set, 0 to 1; not a number if the task has none."""
        return self.val_figures.get("accuracy", math.nan)


class PhaseEnded(JobEvent):
    """A stretch of work is done; `seconds` is its wall time, `images_per_second` where items were counted."""

    kind: Literal["phase_ended"] = "phase_ended"
    phase: str
    seconds: float
    images_per_second: float | None = None


class CandidateStarted(JobEvent):
    """Auto begins with a candidate that takes about `seconds`; `epochs` is 0 where nothing is trained in epochs."""

    kind: Literal["candidate_started"] = "candidate_started"
    name: str
    title: str
    seconds: float
    epochs: int = 0


class CandidateEnded(JobEvent):
    """Auto is done with a candidate.

    `settings` are what it changes of the run's, by their names. It `leads` where it is the best so far, else it is
    `behind`; `skipped` was not begun, `stopped` not finished. `value`, with its 95 % interval, is the task's headline
    metric, by cross-validation of `n` items or on `n` validation items. `epoch` is the last one of the run, and
    `best_epoch` the one whose weights the candidate has.
    """

    kind: Literal["candidate_ended"] = "candidate_ended"
    name: str
    title: str
    outcome: Literal["leads", "behind", "skipped", "stopped"]
    reason: str
    settings: dict[str, Any] = Field(default_factory=dict)
    task: str = "classification"
    metric: str = "accuracy"
    unit: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    by: Literal["cross-validation", "validation"] = "cross-validation"
    seconds: float = 0.0
    expected_seconds: float | None = None
    epoch: int = 0
    best_epoch: int = 0

    @property
    def of(self) -> Metric:
        """The headline metric."""
        return find_task(self.task).find_metric(self.metric)


class CrossValidated(JobEvent):
    """Few items: the exact head's headline metric over `repeats` times `folds` folds of all `n` items.

    `value` is the mean over the repeats, `deviation` the standard deviation over the folds; the rest as in `Evaluated`.
    """

    kind: Literal["cross_validated"] = "cross_validated"
    task: str = "classification"
    metric: str = "accuracy"
    unit: str = ""
    value: float = Field(validation_alias=AliasChoices("value", "accuracy"))
    deviation: float
    folds: int
    repeats: int
    n: int

    @property
    def of(self) -> Metric:
        """The headline metric."""
        return find_task(self.task).find_metric(self.metric)


class Evaluated(JobEvent):
    """The test set has been evaluated by the run's own `model.onnx`: the task's headline metric with its 95 % interval.

    `task` is a key of `tasks.TASKS` and `metric` one of its metrics; `unit` is that of a predicted value.
    """

    kind: Literal["evaluated"] = "evaluated"
    task: str = "classification"
    metric: str = "accuracy"
    unit: str = ""
    value: float = Field(validation_alias=AliasChoices("value", "accuracy"))
    low: float
    high: float
    n: int

    @property
    def of(self) -> Metric:
        """The headline metric."""
        return find_task(self.task).find_metric(self.metric)

    @property
    def figures(self) -> dict[str, float | int]:
        """The figure under its metric's key, its interval and the number of items: for JSON."""
        return {self.metric: self.value, "low": self.low, "high": self.high, "n": self.n}


class Ended(EndedEvent):
    """The last event of a run: its result stands. The downloads are made after it, by a job of their own."""

    kind: Literal["ended"] = "ended"


Event = Annotated[
    Waiting
    | Started
    | Resumed
    | Noted
    | PhaseStarted
    | EpochEnded
    | PhaseEnded
    | CandidateStarted
    | CandidateEnded
    | CrossValidated
    | Evaluated
    | Ended,
    Field(discriminator="kind"),
]
EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
