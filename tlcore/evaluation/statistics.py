"""How sure a figure is: intervals of shares, and the bootstrap for everything that is no simple share.

It knows counts of answers, units that belong together, and chance. It does not know pictures, models or files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Z_95 = 1.959963984540054  # the standard normal's 97.5 % quantile
TAIL = 0.025
RESAMPLES = 1000
# Of weights of units that are in memory at a time.
WEIGHTS_AT_ONCE = 2_000_000
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """The answers about `n` pictures, in numbers.

    Attributes:
        true, answered: `(n,)`, positions in the classes.
        losses: `(n, f)`, what each picture adds to figures that are means over the pictures, each in its unit.
        units: `(n,)`, numbers from 0 on; pictures of one number belong together.
        classes: How many there are.
    """

    true: Integers
    answered: Integers
    losses: Floats
    units: Integers
    classes: int

    @property
    def number_of_units(self) -> int:
        return int(self.units.max(initial=-1)) + 1

    @property
    def grouped(self) -> bool:
        return self.number_of_units < len(self.units)


@dataclass(frozen=True)
class Figures:
    """Figures of `b` sets of pictures; NaN where a class does not occur.

    Attributes:
        accuracy, balanced_accuracy, macro_f1: `(b,)`.
        recall, precision, f1: `(b, classes)`.
        means: `(b, f)`, of the losses.
        errors: `(b, f)`, the standard errors of the means, by units.
    """

    accuracy: Floats
    balanced_accuracy: Floats
    macro_f1: Floats
    recall: Floats
    precision: Floats
    f1: Floats
    means: Floats
    errors: Floats


def wilson(right: float, n: float) -> tuple[float, float]:
    """The 95 % score interval of a share; 0 to 1 where nothing was counted.

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


def grouped_wilson(share: float, n: int, *, variance: float, units: int) -> tuple[float, float]:
    """Wilson's interval of a share of `n` pictures that come in groups, by the number that tells as much.

    That number is the one of independent pictures with the same variance, cut for few groups by Student's t: E. L. Korn
    and B. I. Graubard, "Confidence intervals for proportions with small expected number of positive counts estimated
    from survey data", Survey Methodology 24 (1998), 193–201. Where all are right, each group counts once.
    """
    if units < 2:
        return 0.0, 1.0
    effective = float(n if 0 < share < 1 else units)
    if variance > 0:
        effective = share * (1 - share) / variance
    effective = max(1.0, min(n, effective * (Z_95 / student(units)) ** 2))
    return wilson(share * effective, effective) if 0 < share < 1 else wilson(round(share) * effective, effective)


def student(units: int) -> float:
    """The 97.5 % quantile of Student's t for the mean of so many units, 2 or more."""
    from scipy.special import stdtrit

    return float(stdtrit(units - 1, 1 - TAIL))


def percentiles(resampled: Floats, units: int) -> tuple[float, float]:
    """The 95 % interval from a figure of each resample `(b,)`, a little wider than its percentiles where units are few.

    T. C. Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69 (2015), 371–386: the
    percentile interval is too short by √((n−1)/n) and takes the normal for Student's t; its expanded form mends both.
    """
    from scipy.special import ndtr

    kept = resampled[np.isfinite(resampled)]
    tail = float(ndtr(-math.sqrt(units / (units - 1)) * student(units)))
    low, high = np.quantile(kept, [tail, 1 - tail])
    return float(low), float(high)


def bootstrap_t(seen: tuple[float, float], means: Floats, errors: Floats) -> tuple[float, float]:
    """The 95 % interval of a mean from those of the resamples `(b,)`, each in units of its own standard error.

    It follows the skew of losses, of which a few are very large, where percentiles fall short: B. Efron and R. J.
    Tibshirani, "An Introduction to the Bootstrap" (1993), section 12.5. `seen` is the mean and its standard error.
    """
    mean, error = seen
    known = errors > 1e-12
    if not known.any():
        return mean, mean
    low, high = np.quantile((means[known] - mean) / errors[known], [TAIL, 1 - TAIL])
    return float(mean - high * error), float(mean - low * error)


def mean_of_shares(shares: Floats, lows: Floats, highs: Floats, drawn: Floats) -> tuple[float, float]:
    """The 95 % interval of the mean of figures `(k,)` from the interval of each.

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
    """Of columns `(b, k)`, `(k, k)`; one that does not vary goes with no other. NaN counts as the column's mean."""
    known = np.isfinite(drawn)
    middle = np.where(known, drawn, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    away = np.where(known, drawn - middle, 0.0)
    length = np.linalg.norm(away, axis=0)
    away /= np.where(length > 0, length, 1.0)
    found: Floats = away.T @ away
    np.fill_diagonal(found, 1.0)
    return found


def observe(answers: Answers) -> Figures:
    """The figures of the pictures as they are; each array has one row."""
    return _figures(answers, iter([np.ones((1, answers.number_of_units))]))


def resample(answers: Answers, *, seed: int = 0, resamples: int = RESAMPLES) -> Figures:
    """The figures of sets of units, each drawn with replacement from those there are: the bootstrap.

    Whole units are drawn, because pictures of one group say less than as many independent ones: A. C. Davison and
    D. V. Hinkley, "Bootstrap Methods and their Application" (1997), section 3.8.
    """
    return _figures(answers, _draws(answers.number_of_units, seed=seed, resamples=resamples))


def _draws(units: int, *, seed: int, resamples: int) -> Iterator[Floats]:
    """How often each unit was drawn, `(some, units)`, until there are `resamples` rows."""
    rng = np.random.default_rng(seed)
    at_once = max(1, WEIGHTS_AT_ONCE // max(1, units))
    for first in range(0, resamples, at_once):
        rows = min(at_once, resamples - first)
        drawn = rng.integers(0, units, (rows, units)) + units * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * units).reshape(rows, units).astype(np.float64)


def _figures(answers: Answers, draws: Iterator[Floats]) -> Figures:
    counts, sums = _by_unit(answers)
    found: list[tuple[Floats, ...]] = []
    for weights in draws:
        hits, support, answered = np.split(np.asarray((counts.T @ weights.T).T), 3, axis=1)
        found.append((hits, support, answered, weights @ sums))
    hits, support, answered, sums = (np.concatenate(part) for part in zip(*found, strict=True))
    totals, squares, products, sizes = np.split(sums, 4, axis=1)
    n = support.sum(axis=1)
    means = totals / n[:, None]
    # Of a ratio of sums, by the residuals of the units.
    spread = np.maximum(squares - 2 * means * products + means**2 * sizes, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, precision = hits / support, hits / answered
        f1 = 2 * hits / (support + answered)
    return Figures(
        accuracy=hits.sum(axis=1) / n,
        balanced_accuracy=_mean_of_known(recall),
        macro_f1=_mean_of_known(f1),
        recall=recall,
        precision=precision,
        f1=f1,
        means=means,
        errors=np.sqrt(spread) / n[:, None],
    )


def _by_unit(answers: Answers) -> tuple[Any, Floats]:
    """What is added up over units: hits, pictures and answers of each class, side by side and sparse; and of the losses
    their sums, the squares of these, their products with the number of pictures, and its squares.
    """
    from scipy.sparse import csr_array

    classes, right = answers.classes, answers.true == answers.answered
    columns = (answers.true[right], classes + answers.true, 2 * classes + answers.answered)
    rows = (answers.units[right], answers.units, answers.units)
    places = (np.concatenate(rows), np.concatenate(columns))
    units = answers.number_of_units
    counts = csr_array((np.ones(len(places[0])), places), shape=(units, 3 * classes))
    sums = np.zeros((units, answers.losses.shape[1]))
    np.add.at(sums, answers.units, answers.losses)
    size = np.bincount(answers.units, minlength=units)[:, None].astype(np.float64)
    return counts, np.hstack([sums, sums**2, sums * size, np.broadcast_to(size**2, sums.shape)])


def _mean_of_known(values: Floats) -> Floats:
    known = np.isfinite(values)
    mean: Floats = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return mean
