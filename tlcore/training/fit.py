"""Trains the part above a cut for one phase, and returns the best weights.

The same for every mode. It knows Keras models, batches, events and checkpoints. It does not know backbones or items.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from tlcore.jobs.progress import Progress
from tlcore.runs.events import EpochEnded, Event
from tlcore.tasks import Metric, Validated
from tlcore.training import device
from tlcore.training.batches import Batches, InOrder, Labelled
from tlcore.training.phases import Phase

CHECKPOINT_SECONDS = 300.0  # an epoch that takes longer is saved on its way
Report = Callable[[Event | Progress], None]
Arrays = list[npt.NDArray[Any]]


@dataclass
class Best:
    """The best score of the run so far and its epoch; the weights above the cut that gave it are the watch's."""

    score: tuple[float, float] = (float("-inf"), float("-inf"))
    epoch: int = 0


@dataclass
class Standing:
    """The position in a phase, and all that a checkpoint must hold besides the model.

    Attributes:
        first_epoch: The phase's first, over the whole run, from 1.
        done: Whole epochs of the phase.
        batch: Batches of the epoch under way.
        worse: Epochs since the last better one.
        seconds: Spent on training in the phase.
        kept: The variables of the model at its best; none before the phase has begun.
        logs: The loss and the metrics of the batches of the epoch under way.
    """

    first_epoch: int = 1
    done: int = 0
    batch: int = 0
    worse: int = 0
    seconds: float = 0.0
    kept: Arrays = field(default_factory=list)
    logs: dict[str, float] = field(default_factory=dict)


class Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Validates and reports every epoch, keeps the best weights, saves on the way, ends the phase when told or when it
    no longer helps.

    Args:
        validation: The validation items; they are always seen plain.
        target: The metric that chooses the best epoch.
        beats: Says of raw outputs `(n, width)` for the validation items whether a model that is better by that metric
            may take the place of what the phase began with.
        epochs: Of the whole run, as planned.
        save: Writes a checkpoint of the model and of this watch's standing.
    """

    def __init__(
        self,
        phase: Phase,
        best: Best,
        standing: Standing,
        batches: Batches,
        *,
        validation: Labelled,
        batch_size: int,
        target: Metric,
        epochs: int,
        report: Report,
        stop: Callable[[], bool],
        save: Callable[[], None] = lambda: None,
        beats: Callable[[npt.NDArray[np.float32]], bool] = lambda raw: True,
    ) -> None:
        super().__init__()
        self.phase, self.best, self.standing, self.batches = phase, best, standing, batches
        self.validation, self.batch_size, self.target = validation, batch_size, target
        self.epochs, self.items = epochs, len(batches.part.targets)
        self.report, self.stop, self.save, self.beats = report, stop, save, beats
        self.stopped = False
        self._average: keras.callbacks.SwapEMAWeights | None = None
        self.raw: Arrays = []
        self._saved = time.monotonic()

    def on_train_begin(self, logs: Any = None) -> None:
        if getattr(self.model.optimizer, "use_ema", False):
            self._average = keras.callbacks.SwapEMAWeights()
            self._average.set_model(self.model)
        if not self.standing.kept:
            # What the phase begins with is a candidate too: fine-tuning may not help.
            self.standing.kept = values(self.model.variables)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.deal()
        self._offset = self.standing.batch
        self._began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        standing = self.standing
        standing.batch = self._offset + batch + 1
        steps = self._offset + self.params["steps"]
        seconds = time.monotonic() - self._began
        left = (self.phase.epochs - standing.done) * steps - standing.batch
        self.report(
            Progress(
                phase=self.phase.name,
                title=self.phase.title,
                done=standing.batch,
                total=steps,
                unit="batches",
                epoch=standing.first_epoch + standing.done,
                epochs=self.epochs,
                items_per_second=self.items * (batch + 1) / steps / max(seconds, 1e-6),
                seconds_left=left * seconds / (batch + 1),
            )
        )
        if standing.batch == steps:
            return  # the epoch is whole: its end is next
        if self.stop():
            self._save_on_the_way(logs)
            self.stopped = self.model.stop_training = True
        elif time.monotonic() - self._saved > CHECKPOINT_SECONDS:
            self._save_on_the_way(logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.stopped:
            return  # half an epoch is no epoch
        standing = self.standing
        measured = self._measured(logs)
        trained = time.monotonic() - self._began
        steps = self.params["steps"]
        standing.seconds += trained
        standing.done, standing.batch = standing.done + 1, 0
        standing.logs = {}
        # Keras ends a `fit` with the averaged weights in the model; the training goes on from its own.
        self.raw = values(self.model.variables) if self._average else []
        validated, better = self._validate()
        self.report(
            EpochEnded(
                phase=self.phase.name,
                epoch=standing.first_epoch + standing.done - 1,
                loss=measured.pop("loss"),
                figures=measured,
                val_loss=validated.loss,
                val_figures=dict(validated.figures),
                learning_rate=float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
                seconds=time.monotonic() - self._began,
                images_per_second=self.items * steps / (self._offset + steps) / max(trained, 1e-6),
                best=better,
            )
        )
        self._save()
        self.stopped = self.stop()
        if self.stopped or 0 < self.phase.patience <= standing.worse:
            self.model.stop_training = True

    def deal(self) -> None:
        """Deal the batches that come next. Keras' own hooks would come too late for threads that read ahead."""
        standing = self.standing
        self.batches.deal(standing.first_epoch + standing.done, first_batch=standing.batch)

    @property
    def over(self) -> bool:
        """Tell whether the phase has had all its epochs, or its patience has run out."""
        standing = self.standing
        return standing.done >= self.phase.epochs or 0 < self.phase.patience <= standing.worse

    def _validate(self) -> tuple[Validated, bool]:
        if self._average:
            self._average.on_test_begin()  # the averaged weights are judged, and kept
        part = self.validation
        raw = answer(self.model, part, batch_size=self.batch_size)
        validated = part.head.measure(raw, part.targets, part.weights)
        score = validated.score(self.target)
        better = score > self.best.score and self.beats(raw)
        if better:
            self.best.score, self.best.epoch = score, self.standing.first_epoch + self.standing.done - 1
            self.standing.kept = values(self.model.variables)
        self.standing.worse = 0 if better else self.standing.worse + 1
        if self._average:
            self._average.on_test_end()
        return validated, better

    def _measured(self, logs: Any) -> dict[str, float]:
        """Average loss and metrics over the epoch's batches so far, those of an earlier worker among them."""
        standing = self.standing
        before = self._offset / max(1, standing.batch)
        return {
            name: before * standing.logs.get(name, 0.0) + (1 - before) * float(value) for name, value in logs.items()
        }

    def _save_on_the_way(self, logs: Any) -> None:
        standing = self.standing
        before = standing.seconds, standing.logs
        standing.seconds += time.monotonic() - self._began
        standing.logs = self._measured(logs)
        self._save()
        standing.seconds, standing.logs = before

    def _save(self) -> None:
        self.save()
        self._saved = time.monotonic()


def train_phase(model: keras.Model, watch: Watch) -> None:
    """Train a compiled model from the watch's position to the end of the phase, and restore its best weights."""
    standing = watch.standing
    if standing.batch:
        # The rest of an epoch that was begun before has fewer batches than the others: Keras wants one number in a fit.
        _fit(model, watch, epochs=1)
        assign(model.variables, watch.raw)
    if not watch.stopped and not watch.over:
        _fit(model, watch, epochs=watch.phase.epochs - standing.done)
    assign(model.variables, standing.kept)


def _fit(model: keras.Model, watch: Watch, *, epochs: int) -> None:
    watch.deal()
    # Not shuffled again: the batches are dealt in an order that a resumed epoch finds again.
    model.fit(device.read(watch.batches), epochs=epochs, callbacks=[watch], shuffle=False, verbose=0)


def validate(model: keras.Model, part: Labelled, *, batch_size: int) -> Validated:
    """Look at the items of a part, plain and in inference mode."""
    return part.head.measure(answer(model, part, batch_size=batch_size), part.targets, part.weights)


def answer(model: keras.Model, part: Labelled, *, batch_size: int) -> npt.NDArray[np.float32]:
    """Compute the raw outputs `(n, width)` of a model for the items of a part, plain and in inference mode."""
    inputs = InOrder(part.source, len(part.targets), batch_size=batch_size)
    return np.asarray(model.predict(device.read(inputs), verbose=0), np.float32)[: len(part.targets)]


def values(variables: Sequence[Any]) -> Arrays:
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def assign(variables: Sequence[Any], arrays: Sequence[npt.NDArray[Any]]) -> None:
    """Give variables their values back; no arrays, no change."""
    for variable, value in zip(variables, arrays, strict=bool(arrays)):
        variable.assign(value)
