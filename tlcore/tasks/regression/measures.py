"""How good predicted values are."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tlcore.tasks.evaluation import Measure, Measures
from tlcore.tasks.task import Floats, Targets

Numbers = npt.NDArray[np.float64]


def figures(predicted: Floats, true: Floats) -> dict[str, float]:
    """Compute every metric of the task from values `(n,)`."""
    once = np.ones((1, len(true)))
    return {key: float(measure(once)[0]) for key, (measure, *_) in measures(predicted, true).items()}


def measures(predicted: Floats, true: Floats) -> Measures:
    """Make each metric a function of how often each item occurs, `(b, n)`, with its least and largest value.

    R² and the correlation are 0 where values do not vary.

    Args:
        predicted: `(n,)`.
        true: `(n,)`.
    """
    exact = true.astype(np.float64)
    error = predicted.astype(np.float64) - exact
    middle = exact.mean() if len(exact) else 0.0

    def average(values: Numbers, counts: Numbers) -> Numbers:
        means: Numbers = counts @ values / counts.sum(axis=1)
        return means

    def r2(counts: Numbers) -> Numbers:
        spread = average((exact - middle) ** 2, counts) - average(exact - middle, counts) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Numbers = np.where(spread > 1e-12, 1 - average(error**2, counts) / spread, 0.0)
        return found

    def spearman(counts: Numbers) -> Numbers:
        return np.array([_correlation(_ranks(predicted, each), _ranks(exact, each), each) for each in counts])

    return {
        "mae": (lambda counts: average(np.abs(error), counts), 0.0, math.inf),
        "rmse": (lambda counts: np.sqrt(average(error**2, counts)), 0.0, math.inf),
        "r2": (r2, -math.inf, 1.0),
        "spearman": (spearman, -1.0, 1.0),
    }


def _ranks(values: Floats, counts: Numbers) -> Numbers:
    """Rank values as they would be if each occurred so often; equal values share the mean of their ranks."""
    _, places = np.unique(values, return_inverse=True)
    each = np.bincount(places, weights=counts)
    ranks: Numbers = (np.cumsum(each) - each / 2)[places]
    return ranks


def _correlation(one: Numbers, other: Numbers, counts: Numbers) -> float:
    one, other = one - np.average(one, weights=counts), other - np.average(other, weights=counts)
    length = float(np.sqrt((counts @ one**2) * (counts @ other**2)))
    return float(counts @ (one * other)) / length if length > 0 else 0.0


def headline(outputs: Floats, targets: Targets) -> Measure:
    """Make the mean absolute error a function of how often each item occurs."""
    return measures(outputs[:, 0], targets[:, 0])["mae"]


def of_classes(outputs: Floats, targets: Targets) -> list[Measure]:
    """Measure no classes: there are none."""
    return []
