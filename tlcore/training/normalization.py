"""Fits the statistics of BatchNormalization above the cut to the weights that are kept, also in short trainings.

It knows Keras layers. It does not know phases or data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras

from tlcore.training import device

MOST_MOMENTUM = 0.9
OLD_SHARE = 0.01  # of the old statistics, after one epoch


def trainable_normalizations(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    return [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]


@contextmanager
def statistics_that_keep_up(model: keras.Model, *, steps: int) -> Iterator[None]:
    """Let BatchNormalization forget its old statistics within one epoch of `steps` steps.

    Keras' momentum of 0.99 needs hundreds of steps. In a short phase the weights would fit the batches while the model
    that is kept still used statistics from before: good when training, useless afterwards.
    """
    with _momenta_restored(model) as normalizations:
        for layer in normalizations:
            layer.momentum = min(layer.momentum, MOST_MOMENTUM, OLD_SHARE ** (1 / max(1, steps)))
            layer.synchronized = device.mirrored()  # the statistics are those of the whole batch
        yield


def estimate_statistics(model: keras.Model, batches: Iterable[Any]) -> None:
    """Set every statistic to its mean over the batches, with the weights as they are now.

    What a layer is given depends on the statistics of no layer below it, since each normalizes by its own batch: one
    pass is exact.
    """
    with _momenta_restored(model) as normalizations:
        for number, batch in enumerate(batches):
            for layer in normalizations:
                layer.momentum = number / (number + 1)  # the plain mean of all so far
            model(batch, training=True)


@contextmanager
def _momenta_restored(model: keras.Model) -> Iterator[list[keras.layers.BatchNormalization]]:
    normalizations = trainable_normalizations(model)
    before = [layer.momentum for layer in normalizations]
    try:
        yield normalizations
    finally:
        for layer, momentum in zip(normalizations, before, strict=True):
            layer.momentum, layer.synchronized = momentum, False
