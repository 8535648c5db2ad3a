"""Measures how long a training step takes, before anything is trained.

It knows Keras models and time. It does not know items: what a step costs does not depend on what it sees.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median

import keras
import numpy as np

from tlcore.tasks.head import Head
from tlcore.training import device
from tlcore.training.fit import assign, values

STEPS = 3
FORWARD = 1 / 3  # of a step: its backward pass costs about two forward passes


@dataclass(frozen=True)
class Pace:
    """The cost of training a model in batches.

    Attributes:
        ready: Seconds until the first step is done: the backend traces the model.
        step: Seconds of a step.
        batch_size: Items in it.
    """

    ready: float
    step: float
    batch_size: int

    def epoch(self, train: int, val: int) -> float:
        """Seconds of an epoch with so many training and validation items."""
        return self.step * (-(-train // self.batch_size) + FORWARD * -(-val // self.batch_size))


def measure_pace(model: keras.Model, head: Head, *, batch_size: int) -> Pace:
    """Train some steps on empty items; the model's variables stay as they are."""
    before = values(model.variables)
    inputs = {tensor.name: np.zeros((batch_size, *tensor.shape[1:]), tensor.dtype) for tensor in model.inputs}
    answers = np.zeros((batch_size, head.width), np.float32)
    answers[:, 0] = 1
    with device.scope():
        model.compile(optimizer=keras.optimizers.SGD(0.0), loss=head.loss(), jit_compile=device.jit_compile())
        began = time.monotonic()
        model.train_on_batch(inputs, answers)
        ready, seconds = time.monotonic() - began, []
        for _ in range(STEPS):
            began = time.monotonic()
            model.train_on_batch(inputs, answers)
            seconds.append(time.monotonic() - began)
    assign(model.variables, before)
    return Pace(ready, median(seconds), batch_size)
