"""Trains what lies above a cut: one phase, from batches to the best weights.

The same for every mode. It knows Keras models, sources of batches and events. It does not know backbones or pictures.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from tlcore.runs.config import Optimizer, TrainingConfig
from tlcore.runs.events import EpochEnded, Event, Progress
from tlcore.training.phases import Phase
from tlcore.training.views import Source

WEIGHT_DECAY = 1e-4
GRADIENT_NORM = 1.0
WARM_UP_SHARE = 0.1
MOMENTUM = 0.9
Report = Callable[[Event | Progress], None]


@dataclass(frozen=True)
class Labelled:
    """Everything a batch needs to know of its part: the inputs' source, the answers, how much each picture counts."""

    source: Source
    labels: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """One part of the split in batches; every picture once an epoch.

    The batches differ by at most one picture in size: no picture is dropped, none repeated, and no last small batch
    makes a wild step.
    """

    def __init__(
        self, part: Labelled, *, batch_size: int, seed: int, shuffle: bool, first_epoch: int, workers: int
    ) -> None:
        super().__init__(workers=workers, max_queue_size=4 * workers)
        self.part, self.seed, self.shuffle = part, seed, shuffle
        self.number = -(-len(part.labels) // batch_size)
        self.epoch = first_epoch
        self._deal()

    @property
    def num_batches(self) -> int:
        return self.number

    def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
        rows = self._rows[index]
        # Validation pictures are always seen plain: their epoch, and with it their view, stands still.
        return self.part.source(rows, self.epoch), self.part.labels[rows], self.part.weights[rows]

    def on_epoch_end(self) -> None:
        if self.shuffle:
            self.epoch += 1
            self._deal()

    def _deal(self) -> None:
        order = np.arange(len(self.part.labels))
        if self.shuffle:
            np.random.default_rng((self.seed, self.epoch)).shuffle(order)
        self._rows = np.array_split(order, self.number)


@dataclass
class Best:
    """The lowest validation loss of the run so far, and the weights above the cut that gave it."""

    loss: float = float("inf")
    epoch: int = 0


class Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Reports every epoch, keeps the best weights, ends the phase when told or when it no longer helps."""

    def __init__(
        self,
        phase: Phase,
        best: Best,
        *,
        first_epoch: int,
        epochs: int,
        pictures: int,
        report: Report,
        stop: Callable[[], bool],
    ) -> None:
        super().__init__()
        self.phase, self.best, self.report, self.stop = phase, best, report, stop
        self.first_epoch, self.epochs, self.pictures = first_epoch, epochs, pictures
        self.done = 0
        self.seconds = 0.0
        self.stopped = False
        self._kept: list[npt.NDArray[Any]] = []
        self._worse = 0

    def on_train_begin(self, logs: Any = None) -> None:
        # What the phase begins with is a candidate too: fine-tuning may not help.
        self._keep()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.stop():
            self.stopped = self.model.stop_training = True
        steps = self.params["steps"]
        seconds = time.monotonic() - self._began
        pictures = self.pictures * (batch + 1) / steps
        left = (self.phase.epochs - self.done) * steps - batch - 1
        self.report(
            Progress(
                phase=self.phase.name,
                title=self.phase.title,
                done=batch + 1,
                total=steps,
                unit="batches",
                epoch=self.first_epoch + self.done,
                epochs=self.epochs,
                images_per_second=pictures / max(seconds, 1e-6),
                seconds_left=left * seconds / (batch + 1),
            )
        )

    def on_train_end(self, logs: Any = None) -> None:
        for variable, value in zip(self.model.variables, self._kept, strict=True):
            variable.assign(value)

    def on_test_begin(self, logs: Any = None) -> None:
        self._trained = time.monotonic()
        # A flag of an earlier epoch would end this evaluation before it began.
        self.model.stop_evaluating = self.stopped

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.stop():
            self.stopped = self.model.stop_evaluating = self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.stopped:
            return  # half an epoch is no epoch
        found = logs or {}
        seconds = time.monotonic() - self._began
        self.seconds += self._trained - self._began
        number = self.first_epoch + self.done
        self.done += 1
        better = found["val_loss"] < self.best.loss
        if better:
            self.best.loss, self.best.epoch = float(found["val_loss"]), number
            self._keep()
        self._worse = 0 if better else self._worse + 1
        self.report(
            EpochEnded(
                phase=self.phase.name,
                epoch=number,
                loss=found["loss"],
                accuracy=found["accuracy"],
                val_loss=found["val_loss"],
                val_accuracy=found["val_accuracy"],
                learning_rate=float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
                seconds=seconds,
                images_per_second=self.pictures / max(self._trained - self._began, 1e-6),
                best=better,
            )
        )
        if 0 < self.phase.patience <= self._worse:
            self.model.stop_training = True

    def _keep(self) -> None:
        self._kept = [np.array(keras.ops.convert_to_numpy(variable)) for variable in self.model.variables]


def compile_for(model: keras.Model, phase: Phase, config: TrainingConfig, *, steps: int) -> None:
    """Give the model its optimizer and loss for a phase of `steps` steps an epoch."""
    total = steps * phase.epochs
    warm_up = max(1, round(total * WARM_UP_SHARE))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, total - warm_up), warmup_target=phase.learning_rate, warmup_steps=warm_up
    )
    model.compile(
        optimizer=_optimizer(config.optimizer, schedule),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        # Balanced or not, the accuracy is the share of pictures.
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )


def class_weights(labels: npt.NDArray[np.int64], classes: int, balancing: str) -> npt.NDArray[np.float32]:
    """How much a picture of each class counts; on average over the pictures, 1."""
    if balancing == "none":
        return np.ones(classes, np.float32)
    counts = np.bincount(labels, minlength=classes)
    present = np.count_nonzero(counts)
    return (len(labels) / (present * np.maximum(counts, 1))).astype(np.float32)


def _optimizer(name: Optimizer, schedule: Any) -> keras.optimizers.Optimizer:
    match name:
        case "adamw":
            adamw = keras.optimizers.AdamW(schedule, weight_decay=WEIGHT_DECAY, global_clipnorm=GRADIENT_NORM)
            # Shifts and scales have nothing to gain from being small.
            adamw.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
            return adamw
        case "adam":
            return keras.optimizers.Adam(schedule, global_clipnorm=GRADIENT_NORM)
        case "sgd":
            return keras.optimizers.SGD(schedule, momentum=MOMENTUM, nesterov=True, global_clipnorm=GRADIENT_NORM)
