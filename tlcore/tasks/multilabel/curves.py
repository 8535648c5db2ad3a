"""What a label's probability is worth: precision and recall at every threshold, and calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tlcore.intervals import wilson
from tlcore.tasks.calibration_error import bin_of, calibration_error
from tlcore.tasks.evaluation import Figure
from tlcore.tasks.task import Floats

BINS = 10
Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ThresholdCurve:
    """Precision and recall of a label at each threshold that changes its answers, from the highest to the lowest.

    Attributes:
        thresholds: Probabilities `(k,)` from which the label is given.
        precision, recall: `(k,)`, 0 to 1.
        answered: How many items are given the label, `(k,)`.
    """

    thresholds: Numbers
    precision: Numbers
    recall: Numbers
    answered: Integers


@dataclass(frozen=True)
class AtThreshold:
    """What a threshold does to a label: how many items are given it rightly, wrongly, and not although they have it."""

    right: int
    wrong: int
    missing: int

    @property
    def precision(self) -> float | None:
        """Of the items that are given the label, the share that have it; None where there are none."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None

    @property
    def recall(self) -> float | None:
        """Of the items that have the label, the share that are given it; None where there are none."""
        return self.right / (self.right + self.missing) if self.right + self.missing else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of the two; None where no item has or is given the label."""
        total = 2 * self.right + self.wrong + self.missing
        return 2 * self.right / total if total else None


@dataclass(frozen=True)
class Bin:
    """Items whose probabilities are alike: their mean probability, and the share that have the label."""

    n: int
    probability: float
    share: Figure


def threshold_curve(shares: Floats, true: Booleans) -> ThresholdCurve:
    """Count what each threshold does to a label, of which both arguments are `(n,)`."""
    order = np.argsort(-shares, kind="stable")
    ranked = shares[order].astype(np.float64)
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)) if len(ranked) else np.empty(0, np.int64)
    hits, answered = np.cumsum(true[order])[ends], ends + 1
    return ThresholdCurve(ranked[ends], hits / answered, hits / max(1, int(true.sum())), answered)


def at_threshold(shares: Floats, true: Booleans, threshold: float) -> AtThreshold:
    """Count what one threshold does to a label."""
    given = shares >= np.asarray(threshold, shares.dtype)
    return AtThreshold(int((given & true).sum()), int((given & ~true).sum()), int((~given & true).sum()))


def reliability(shares: Floats, true: Booleans) -> tuple[Bin, ...]:
    """Compare a label's probabilities with how often items have it, in ten bins; empty ones are left out."""
    place, found = bin_of(shares, BINS), []
    for number in np.unique(place):
        inside = place == number
        n, hits = int(inside.sum()), int(true[inside].sum())
        low, high = wilson(hits, n)
        found.append(Bin(n, float(shares[inside].mean()), Figure(value=hits / n, low=low, high=high)))
    return tuple(found)


def label_calibration_error(shares: Floats, true: Booleans, groups: Integers) -> Figure:
    """Compute the expected calibration error of a label's probability, with its interval."""
    units = np.unique(groups, return_inverse=True)[1].reshape(-1)
    value, low, high = calibration_error(shares.astype(np.float64) - true, bin_of(shares, BINS), units, bins=BINS)
    return Figure(value=value, low=low, high=high)
