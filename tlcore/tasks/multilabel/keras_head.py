"""The head of a multi-label model: a sigmoid for each label, or one logistic regression for each solved exactly."""

from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt

from tlcore.tasks.classification.temperature import fit_temperature
from tlcore.tasks.head import Head, Integers, Scaling, count_all_alike
from tlcore.tasks.linear_probe import strata
from tlcore.tasks.multilabel.exact import seconds_of_labels, solve_labels
from tlcore.tasks.multilabel.measures import measure
from tlcore.tasks.task import Floats, Targets


def build(classes: int, targets: Targets, *, label_smoothing: float = 0.0, loss: str = "") -> Head:
    """Make the head of a run; `loss` has no say here."""
    return Head(
        width=classes,
        layer=lambda: keras.layers.Activation("sigmoid", name="probabilities"),
        loss=lambda: keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=label_smoothing),
        metrics=list,
        rows=lambda some: some,
        weights=count_all_alike,
        groups=_numbers_of_sets,
        kinds=lambda some: strata(some, "labels"),
        measure=measure,
        errors=_errors,
        solve=solve_labels,
        estimate=seconds_of_labels,
        scale=_scale,
    )


def _numbers_of_sets(targets: Targets) -> Integers:
    """Number the sets of labels that occur."""
    if not len(targets):
        return np.empty(0, np.int64)
    return np.unique(targets, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _errors(logits: Floats, targets: Targets) -> npt.NDArray[np.float64]:
    """Compute the cross-entropy of each item, the mean over its labels: a ranking is none of an item's own."""
    signed: npt.NDArray[np.float64] = np.where(targets == 1, -logits, logits).astype(np.float64)
    found: npt.NDArray[np.float64] = np.logaddexp(0.0, signed).mean(axis=1)
    return found


def _scale(logits: Floats, targets: Targets) -> Scaling:
    """Find a temperature for each label: that of two classes with the logits 0 and x."""
    pairs = np.stack([np.zeros_like(logits), logits], axis=2)
    temperatures = [
        fit_temperature(pairs[:, label], targets[:, label].astype(np.int64)) for label in range(logits.shape[1])
    ]
    return Scaling((1 / np.array(temperatures)).astype(np.float32), np.zeros(len(temperatures), np.float32))
