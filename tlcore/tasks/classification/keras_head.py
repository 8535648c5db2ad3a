"""The head of a classifier: a softmax under cross-entropy, or multinomial logistic regression solved exactly."""

from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt

from tlcore.tasks.classification.logistic_head import FEW_STRENGTHS, STRENGTHS, estimate_seconds, solve
from tlcore.tasks.classification.measures import measure
from tlcore.tasks.classification.temperature import fit_temperature
from tlcore.tasks.head import Exact, Head, Integers, Scaling
from tlcore.tasks.task import Floats, Targets


def build(classes: int, targets: Targets, *, label_smoothing: float = 0.0, loss: str = "") -> Head:
    """Make the head of a run; `loss` has no say here."""

    def rows(some: Targets) -> npt.NDArray[np.float32]:
        return np.eye(classes, dtype=np.float32)[some]

    def weights(some: Targets, balancing: str) -> npt.NDArray[np.float32]:
        return class_weights(targets, classes, balancing)[some]

    def exact(
        features: Floats,
        targets: Targets,
        *,
        seed: int,
        weights: npt.NDArray[np.float32],
        groups: Integers | None = None,
        strengths: tuple[float, ...] | None = None,
        coarse: bool = False,
        on_axes: bool = False,
    ) -> Exact:
        found = solve(
            features,
            targets,
            classes=classes,
            seed=seed,
            weights=weights,
            groups=groups,
            strengths=strengths or (FEW_STRENGTHS if coarse else STRENGTHS),
            on_axes=on_axes,
        )
        return Exact(found.kernel, found.bias, (found.strength,))

    return Head(
        width=classes,
        layer=lambda: keras.layers.Softmax(name="probabilities"),
        loss=lambda: keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=label_smoothing),
        # Balanced or not, the accuracy is the share of items.
        metrics=lambda: [keras.metrics.CategoricalAccuracy(name="accuracy")],
        rows=rows,
        weights=weights,
        groups=lambda some: some,
        kinds=lambda some: some,
        measure=measure,
        errors=lambda raw, some: (raw.argmax(axis=1) != some).astype(np.float64),
        solve=exact,
        estimate=estimate_seconds,
        scale=_scale,
    )


def class_weights(targets: Targets, classes: int, balancing: str) -> npt.NDArray[np.float32]:
    """Say how much an item of each class counts, `(classes,)`; on average over the items, 1."""
    if balancing != "weights":
        return np.ones(classes, np.float32)
    counts = np.bincount(targets, minlength=classes)
    present = np.count_nonzero(counts)
    return (len(targets) / (present * np.maximum(counts, 1))).astype(np.float32)


def _scale(logits: Floats, targets: Targets) -> Scaling:
    temperature = fit_temperature(logits, targets)
    return Scaling(np.array(1 / temperature, np.float32), np.array(0, np.float32), temperature)
