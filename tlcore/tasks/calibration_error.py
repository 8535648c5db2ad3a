"""The expected calibration error with its interval, of the probabilities of any task.

It knows gaps between probabilities and what happened, and bins. It does not know classes, labels or items.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.intervals import draws, percentiles

RESAMPLES = 500
Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]


def bin_of(probabilities: Floats, bins: int) -> npt.NDArray[np.int64]:
    """Give the bin of each probability, from 0 on; bins are open below and closed above."""
    return np.clip(np.ceil(probabilities * bins).astype(np.int64) - 1, 0, bins - 1)


def calibration_error(gaps: Floats, place: Integers, units: Integers, *, bins: int) -> tuple[float, float, float]:
    """Average |mean probability − share| over the bins: the value, and its interval by a bootstrap over whole units.

    The figure is too large by what chance adds to each bin, and resampling adds as much again: the percentiles would
    miss a model whose probabilities are right. What differs between a resample and the sample, bin by bin, cannot be
    less than what their errors differ by (the triangle inequality), so that is how far the interval reaches down.

    Args:
        gaps: `(n,)`, each probability less what happened, 0 or 1.
        place: `(n,)`, the bin of each.
        units: `(n,)`, from 0 on; items of one number belong together and are resampled together.
        bins: How many there are.
    """
    number = int(units.max(initial=-1)) + 1
    sums, counts = np.zeros((number, bins)), np.bincount(units, minlength=number).astype(np.float64)
    np.add.at(sums, (units, place), gaps)
    here = sums.sum(axis=0)
    value = float(np.abs(here).sum() / max(1, len(gaps)))
    if number < 2:
        return value, 0.0, 1.0
    drawn, apart = [], []
    for weights in draws(number, resamples=RESAMPLES):
        there, n = weights @ sums, (weights @ counts)[:, None]
        drawn.append(np.abs(there).sum(axis=1) / n[:, 0])
        apart.append(np.abs(there / n - here / len(gaps)).sum(axis=1))
    _, high = percentiles(np.concatenate(drawn), number)
    low = value - float(np.quantile(np.concatenate(apart), 0.975))
    return value, max(0.0, low), min(1.0, max(value, high))
