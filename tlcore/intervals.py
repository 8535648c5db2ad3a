"""Computes confidence intervals: of proportions, and of any other figure by one bootstrap over groups.

It knows counts, numbers and which items belong together. It does not know what an item is, nor what is measured.

Which function for which figure:

    a share of items, in groups or not      wilson, grouped_wilson
    a mean of numbers with a long tail      interval_of_means
    any other figure                        interval
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

LEVEL = 0.95
Z_95 = 1.959963984540054  # the standard normal's 97.5 % quantile
RESAMPLES = 1000
# How many counts of groups are in memory at a time.
COUNTS_AT_ONCE = 2_000_000
Floats = npt.NDArray[np.float64]
Groups = int | npt.NDArray[Any]


def interval(
    metric: Callable[[Any], Any],
    groups: Groups,
    *,
    counts: bool = False,
    within: tuple[float, float] = (-math.inf, math.inf),
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """Give the bootstrap interval of any metric; whole groups are drawn, and the same seed gives the same interval.

    Percentiles of the resamples, a little wider where groups are few (see `percentiles`). A resample without a value
    (NaN) is left out. Fewer than two groups know nothing: the interval is then all of `within`.

    Args:
        metric: Takes the rows of a resample, `(m,)` positions of items of which some come several times, and gives a
            number.
        groups: The number of items, or for each item `(n,)` the group that it belongs to: any values.
        counts: Says that the metric takes instead how often each item was drawn, `(b, n)` in b resamples, and gives
            `(b,)`. That is many times faster where the metric is made of sums.
        within: The least and the largest value that the metric can have.
        level: How often such intervals hold the true value, 0 to 1.
        resamples: How many are drawn.
        seed: Of the draws.
    """
    unit = numbered(groups)
    number = int(unit.max(initial=-1)) + 1
    if number < 2:
        return within
    rows = np.arange(len(unit))
    found: list[Floats] = []
    for drawn in draws(number, seed=seed, resamples=resamples, width=len(unit)):
        of_items = drawn[:, unit]
        found.append(
            np.asarray(metric(of_items), np.float64)
            if counts
            else np.array([metric(np.repeat(rows, each)) for each in of_items.astype(np.int64)], np.float64)
        )
    values = np.concatenate(found)
    if not np.isfinite(values).any():
        return within
    low, high = percentiles(values, number, level=level)
    return max(within[0], low), min(within[1], high)


def interval_of_means(
    values: npt.NDArray[Any],
    groups: Groups,
    *,
    within: tuple[float, float] = (-math.inf, math.inf),
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """Give the bootstrap-t interval of the mean of each column of `(n, k)`: lows `(k,)` and highs `(k,)`.

    For losses, of which a few are very large. Groups, bounds, level and seed as in `interval`.
    """
    unit, numbers = numbered(groups), np.asarray(values, np.float64)
    number = int(unit.max(initial=-1)) + 1
    if number < 2:
        return np.full(numbers.shape[1], within[0]), np.full(numbers.shape[1], within[1])
    sums, size = np.zeros((number, numbers.shape[1])), np.bincount(unit)[:, None].astype(np.float64)
    np.add.at(sums, unit, numbers)
    # What a mean and its standard error are made of, added up over groups.
    parts = np.hstack([sums, sums**2, sums * size, np.broadcast_to(size**2, sums.shape), size])

    def means(drawn: Floats) -> tuple[Floats, Floats]:
        totals, squares, products, sizes = np.split((added := drawn @ parts)[:, :-1], 4, axis=1)
        n = added[:, -1:]
        mean = totals / n
        # Of a ratio of sums, by the residuals of the groups.
        spread = np.maximum(squares - 2 * mean * products + mean**2 * sizes, 0.0)
        return mean, np.sqrt(spread) / n

    mean, error = means(np.ones((1, number)))
    drawn = [means(each) for each in draws(number, seed=seed, resamples=resamples)]
    resampled, errors = (np.concatenate(part) for part in zip(*drawn, strict=True))
    bounds = [
        bootstrap_t((mean[0, at], error[0, at]), resampled[:, at], errors[:, at], level=level)
        for at in range(numbers.shape[1])
    ]
    lows, highs = np.array(bounds).reshape(-1, 2).T
    return np.maximum(within[0], lows), np.minimum(within[1], highs)


def numbered(groups: Groups) -> npt.NDArray[np.int64]:
    """Number groups from 0 on; a number of items is as many groups of one."""
    if isinstance(groups, int):
        return np.arange(groups)
    found: npt.NDArray[np.int64] = np.unique(groups, return_inverse=True)[1].reshape(-1)
    return found


def draws(groups: int, *, seed: int = 0, resamples: int = RESAMPLES, width: int = 0) -> Iterator[Floats]:
    """Draw groups with replacement, some resamples at a time: how often each was drawn, `(some, groups)`.

    Whole groups are drawn, because items of one group say less than as many independent ones: A. C. Davison and
    D. V. Hinkley, "Bootstrap Methods and their Application" (1997), section 3.8. `width` is the number of columns that
    the caller makes of the groups, for the memory that they take.
    """
    rng = np.random.default_rng(seed)
    at_once = max(1, COUNTS_AT_ONCE // max(1, groups, width))
    for first in range(0, resamples, at_once):
        rows = min(at_once, resamples - first)
        drawn = rng.integers(0, groups, (rows, groups)) + groups * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * groups).reshape(rows, groups).astype(np.float64)


def wilson(right: float, n: float) -> tuple[float, float]:
    """Give the 95 % score interval of a share; 0 to 1 where nothing was counted.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22 (1927), 209–212. Unlike the textbook's p ± 1.96·√(p(1−p)/n) it stays within 0 and 1
    and is not empty when every answer is right (L. D. Brown, T. T. Cai, A. DasGupta, Statistical Science 16 (2001)).
    """
    if n == 0:
        return 0.0, 1.0
    share, z2 = right / n, Z_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = Z_95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2)) / (1 + z2 / n)
    # Where all or none are right the bound is 1 or 0 exactly; rounding must not move it.
    return (0.0 if right == 0 else max(0.0, middle - reach)), (1.0 if right == n else min(1.0, middle + reach))


def grouped_wilson(share: float, n: int, *, variance: float, groups: int) -> tuple[float, float]:
    """Give Wilson's interval of a share of `n` items that come in groups, by the number that tells as much.

    That number is the one of independent items with the same variance, cut for few groups by Student's t: E. L. Korn
    and B. I. Graubard, "Confidence intervals for proportions with small expected number of positive counts estimated
    from survey data", Survey Methodology 24 (1998), 193–201. Where all are right, each group counts once.
    """
    if groups < 2:
        return 0.0, 1.0
    effective = float(n if 0 < share < 1 else groups)
    if variance > 0:
        effective = share * (1 - share) / variance
    effective = max(1.0, min(n, effective * (Z_95 / student(groups)) ** 2))
    return wilson(share * effective, effective) if 0 < share < 1 else wilson(round(share) * effective, effective)


def student(groups: int, *, level: float = LEVEL) -> float:
    """Give the quantile of Student's t (the 97.5 % one) for the mean of so many groups, 2 or more."""
    from scipy.special import stdtrit

    return float(stdtrit(groups - 1, (1 + level) / 2))


def percentiles(resampled: Floats, groups: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Give the interval from a figure of each resample `(b,)`, a little wider than its percentiles for few groups.

    T. C. Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69 (2015), 371–386: the
    percentile interval is too short by √((n−1)/n) and takes the normal for Student's t; its expanded form mends both.
    """
    from scipy.special import ndtr

    kept = resampled[np.isfinite(resampled)]
    tail = float(ndtr(-math.sqrt(groups / (groups - 1)) * student(groups, level=level)))
    low, high = np.quantile(kept, [tail, 1 - tail])
    return float(low), float(high)


def bootstrap_t(
    seen: tuple[float, float], means: Floats, errors: Floats, *, level: float = LEVEL
) -> tuple[float, float]:
    """Give the interval of a mean from those of the resamples `(b,)`, each in units of its own standard error.

    It follows the skew of losses, of which a few are very large, where percentiles fall short: B. Efron and R. J.
    Tibshirani, "An Introduction to the Bootstrap" (1993), section 12.5. `seen` is the mean and its standard error.
    """
    mean, error = seen
    known = errors > 1e-12
    if not known.any():
        return mean, mean
    low, high = np.quantile((means[known] - mean) / errors[known], [(1 - level) / 2, (1 + level) / 2])
    return float(mean - high * error), float(mean - low * error)


def interval_of_mean_share(shares: Floats, lows: Floats, highs: Floats, drawn: Floats) -> tuple[float, float]:
    """Give the interval of the mean of figures `(k,)`, such as one of each class, from the interval of each.

    The distances from the figures to their bounds are added up as errors are, each side for itself, by how the figures
    vary together over the resamples `(b, k)`: G. Y. Zou and A. Donner, "Construction of confidence limits about effect
    measures", Statistics in Medicine 27 (2008), 1693–1702, for two; for a sum of several G. Y. Zou, W. Huang and
    X. Zhang, Computational Statistics and Data Analysis 53 (2009), 1080–1085.
    """
    together, mean, k = _correlation(drawn), float(shares.mean()), len(shares)
    low, high = shares - lows, highs - shares
    down, up = (math.sqrt(max(0.0, float(side @ together @ side))) / k for side in (low, high))
    return mean - down, mean + up


def _correlation(drawn: Floats) -> Floats:
    """Correlate columns `(b, k)`; one that does not vary goes with no other. NaN counts as the column's mean."""
    known = np.isfinite(drawn)
    middle = np.where(known, drawn, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    away = np.where(known, drawn - middle, 0.0)
    length = np.linalg.norm(away, axis=0)
    away /= np.where(length > 0, length, 1.0)
    found: Floats = away.T @ away
    np.fill_diagonal(found, 1.0)
    return found
