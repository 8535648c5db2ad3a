"""How often chance alone would make a part of the items look so bad.

It knows right and wrong answers, and which items belong together. It does not know what the part is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
DRAWS = 4000
AT_ONCE = 100
ENOUGH = 30


def fisher(right: Flags, here: Flags) -> float:
    """Of so many right answers in all, how often are so few of them in this part by chance? Fisher's exact test.

    Unlike a binomial test against the others' share it does not take that share for known, which it is not where the
    part has a third of the items.
    """
    from scipy.stats import hypergeom

    return float(hypergeom.cdf(int(right[here].sum()), len(right), int(right.sum()), int(here.sum())))


def by_groups(right: Flags, here: Flags, groups: npt.NDArray[Any]) -> float:
    """The same where items belong together: whole groups are dealt out anew, and their share of right answers seen.

    A burst that is wrong as a whole is one mistake and not ten. The p-value is that of a permutation test with the
    observed part among the draws (B. Phipson and G. K. Smyth, Statistical Applications in Genetics and Molecular
    Biology 9 (2010), article 39), so it is never below 1 / 4,001. Draws end early where 30 have been as low: it is
    chance, and how much hardly matters (J. Besag and P. Clifford, Biometrika 78 (1991), 301–304).

    Args:
        right: `(n,)`.
        here: `(n,)`: what is in the part.
        groups: `(n,)`: equal values belong together.
    """
    _, unit = np.unique(groups, return_inverse=True)
    _, unit = np.unique(2 * unit + here, return_inverse=True)  # a group on both sides is two
    items, hits = np.bincount(unit), np.bincount(unit, weights=right)
    count = len(np.unique(unit[here]))
    rng, low = np.random.default_rng(0), 0
    observed = right[here].mean() + 1e-12
    drawn = 0
    while drawn < DRAWS and low < ENOUGH:
        dealt = rng.random((AT_ONCE, len(items))).argsort(axis=1)[:, :count]
        low += int((hits[dealt].sum(axis=1) / items[dealt].sum(axis=1) <= observed).sum())
        drawn += AT_ONCE
    return (low + 1) / (drawn + 1)
