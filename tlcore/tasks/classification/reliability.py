"""Whether probabilities mean what they say: "80 % sure" should be right in about 80 % of cases.

It knows probabilities and right answers. It does not know items, models or files.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.intervals import wilson
from tlcore.tasks import calibration_error
from tlcore.tasks.classification.calibration_schema import Bin, CoveragePoint, Reliability
from tlcore.tasks.evaluation import Figure

BINS = 15
# Points of the curve of coverage that are kept: more cannot be told apart in a chart.
MOST_POINTS = 60
Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]


def reliability(probabilities: Floats, labels: Integers, units: Integers | None = None) -> Reliability:
    """Compare confidence with accuracy.

    Args:
        probabilities: `(n, classes)`, rows sum to 1.
        labels: `(n,)`, positions in the classes.
        units: `(n,)`, from 0 on; items of one number belong together and are resampled together.
    """
    exact = probabilities.astype(np.float64)
    rows, confidence = np.arange(len(labels)), exact.max(axis=1, initial=0.0)
    right = exact.argmax(axis=1) == labels
    place = bin_of(confidence)
    bins = [_bin(index, confidence[place == index], right[place == index]) for index in np.unique(place)]
    of_label = exact[rows, labels]
    brier = (exact**2).sum(axis=1) - 2 * of_label + 1
    surprise = -np.log(np.maximum(of_label, np.finfo(np.float32).tiny))
    units = rows if units is None else units
    value, low, high = calibration_error.calibration_error(confidence - right, place, units, bins=BINS)
    return Reliability(
        ece=Figure(value=value, low=low, high=high),
        log_loss=float(surprise.mean()) if len(rows) else 0.0,
        brier=float(brier.mean()) if len(rows) else 0.0,
        bins=tuple(bins),
    )


def coverage(probabilities: Floats, labels: Integers) -> tuple[CoveragePoint, ...]:
    """How accurate the answers are that are given when the least sure ones are not, from all of them to few.

    Items of equal confidence are answered together or not at all (R. El-Yaniv, Y. Wiener, "On the foundations of
    noise-free selective classification", JMLR 11 (2010), call it the risk–coverage curve).
    """
    if not len(labels):
        return ()
    confidence = probabilities.max(axis=1).astype(np.float64)
    order = np.argsort(-confidence, kind="stable")
    hits = np.cumsum((probabilities.argmax(axis=1) == labels)[order])
    ends = np.flatnonzero(np.append(np.diff(confidence[order]) < 0, True))
    if len(ends) > MOST_POINTS:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, MOST_POINTS).round().astype(int))]
    return tuple(
        CoveragePoint(
            confidence=float(confidence[order[end]]),
            coverage=float((end + 1) / len(labels)),
            accuracy=share(int(hits[end]), int(end + 1)),
        )
        for end in ends[::-1]
    )


def share(right: int, n: int) -> Figure:
    """A share with its 95 % interval by Wilson; 0 of 0 is 0, somewhere between 0 and 1."""
    low, high = wilson(right, n)
    return Figure(value=right / n if n else 0.0, low=low, high=high)


def bin_of(confidence: Floats) -> npt.NDArray[np.int64]:
    """The bin of each confidence, from 0 on; bins are open below and closed above."""
    return calibration_error.bin_of(confidence, BINS)


def _bin(index: int, confidence: Floats, right: npt.NDArray[np.bool_]) -> Bin:
    return Bin(
        low=index / BINS,
        high=(index + 1) / BINS,
        n=len(right),
        confidence=float(confidence.mean()),
        accuracy=share(int(right.sum()), len(right)),
    )
