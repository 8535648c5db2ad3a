"""What little needs no training of the backbone answers: the nearest class mean and a linear probe on frozen features.

It knows arrays. It does not know items, backbones or files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from tlcore.tasks.linear_probe import LinearProbe, principal_axes

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Guesses:
    """What the baselines answer about the test items, as positions in the classes `(n,)`.

    Attributes:
        nearest_mean, linear_probe: None where there are no features, or no two classes to learn.
        learned_from: Training items.
        note: Why there are none, in a sentence.
    """

    nearest_mean: Integers | None = None
    linear_probe: Integers | None = None
    learned_from: int = 0
    note: str = ""


def guess(train: Floats, labels: Integers, test: Floats, *, classes: int) -> Guesses:
    """Learn from features `(n, d)` of training items and answer about those of test items `(m, d)`.

    Both look at the principal axes. The probe is the health check's: a logistic regression whose strength is chosen
    within the training items.

    Args:
        train: Of the training items.
        labels: `(n,)`, positions in the classes.
        test: Of the test items.
        classes: How many there are.
    """
    present = np.unique(labels)
    if len(present) < 2 or not len(test):
        return Guesses(
            learned_from=len(labels), note="The baselines on features need two classes to learn from, and a test set."
        )
    with threadpool_limits(1, user_api="blas"):  # several threads spend most of their time waiting for each other
        axes = principal_axes(train)
        turned, asked = axes(train), axes(test)
        answers: Integers = LinearProbe.fit(turned, labels, classes=classes).predict(asked).argmax(axis=1)
        return Guesses(_nearest_mean(turned, labels, asked, present), answers, len(labels))


def _nearest_mean(train: Floats, labels: Integers, test: Floats, present: Integers) -> Integers:
    means = np.stack([train[labels == label].mean(axis=0) for label in present])
    # |x − m|² without |x|², which is the same for all means.
    nearest: Integers = present[(-2 * test @ means.T + (means**2).sum(axis=1)).argmin(axis=1)]
    return nearest
