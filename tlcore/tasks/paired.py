"""Two models on the same items: which of them is better, and how likely chance alone would say so.

It knows who is right about what, and what belongs together. It does not know runs, names or files.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tlcore.intervals import Z_95, student
from tlcore.tasks.evaluation import Figure

TOSSES = 10_000
MOST_EXACT = 13  # groups: 2 to this power are all the ways in which they can fall
Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


def mcnemar(only_first: int, only_second: int) -> float:
    """How likely chance alone splits the items that one model has right so unevenly, or more: two-sided, exact.

    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12 (1947), 153–157; of the binomial distribution itself, where he approximated it.
    """
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(only_first, only_second), only_first + only_second, 0.5)))


def paired_test(first: Booleans, second: Booleans, units: Integers) -> float:
    """McNemar's exact test; where items come in groups, whole groups change sides.

    Were the models equally good, it would be a toss of a coin which answers of a group are whose. The share of tosses,
    10,000 or all there are, that give at least the difference that was seen is the probability (a permutation test:
    P. Good, "Permutation, Parametric and Bootstrap Tests of Hypotheses", 2005).

    Args:
        first: `(n,)`, whether the first model has each item right.
        second: `(n,)`, whether the second has.
        units: `(n,)`, numbers from 0 on; items of one number belong together.
    """
    more = second.astype(np.int64) - first
    if len(np.unique(units)) == len(units):
        return mcnemar(int((more < 0).sum()), int((more > 0).sum()))
    sums = np.bincount(units, weights=more)
    sums = sums[sums != 0]
    seen = abs(sums.sum())
    if len(sums) <= MOST_EXACT:
        ways = np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums)) & 1
        return float((np.abs((2 * ways - 1) @ sums) >= seen).mean())
    rng, least = np.random.default_rng(0), 1  # what was seen is one of the ways
    for _ in range(TOSSES // 100):
        least += int((np.abs(rng.choice((-1, 1), (100, len(sums))) @ sums) >= seen).sum())
    return least / (TOSSES + 1)


def difference(first: Booleans, second: Booleans, units: Integers) -> Figure:
    """How much more of the items the second model has right, −1 to 1, with its 95 % interval; 0 of nothing.

    D. G. Bonett and R. M. Price, "Adjusted Wald confidence interval for a difference of binomial proportions based on
    paired data", Journal of Educational and Behavioral Statistics 37 (2012), 479–488: one item is added to each
    side. Where items come in groups, the variance is that of the groups' sums, with Student's t.

    Args:
        first: `(n,)`, whether the first model has each item right.
        second: `(n,)`, whether the second has.
        units: `(n,)`, numbers from 0 on; items of one number belong together.
    """
    n, more = len(first), second.astype(np.int64) - first
    if not n:
        return Figure(value=0.0, low=-1.0, high=1.0)
    value = float(more.mean())
    worse, better = (int((more < 0).sum()) + 1) / (n + 2), (int((more > 0).sum()) + 1) / (n + 2)
    middle, reach = better - worse, Z_95 * math.sqrt((better + worse - (better - worse) ** 2) / (n + 2))
    groups, numbers = np.unique(units, return_inverse=True)
    if len(groups) < 2:
        return Figure(value=value, low=-1.0, high=1.0)
    if len(groups) < n:
        off = np.bincount(numbers, weights=more - value)
        error = math.sqrt(len(groups) / (len(groups) - 1) * float((off**2).sum())) / n
        reach = max(reach, student(len(groups)) * error)
    low, high = max(-1.0, middle - reach), min(1.0, middle + reach)
    return Figure(value=value, low=min(low, value), high=max(high, value))


def corrected(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Probabilities `(k,)` of k tests, raised so that of those below 0.05 at most 5 % are chance, on average.

    Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", Journal of the Royal Statistical Society B 57
    (1995), 289–300.
    """
    from scipy.stats import false_discovery_control

    raised: npt.NDArray[np.float64] = false_discovery_control(probabilities) if len(probabilities) else probabilities
    return raised
