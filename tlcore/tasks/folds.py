"""Folds of rows, to learn from some and judge the others.

It knows kinds of items and groups. It does not know features or heads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.tasks.linear_probe import FOLDS, deal

Integers = npt.NDArray[np.integer[Any]]


def folds_of(
    kinds: Integers, *, seed: int, groups: Integers | None = None, most: int = FOLDS
) -> list[tuple[Integers, Integers]]:
    """Deal rows into at most `most` folds with some of every kind: pairs of rows to learn from and rows to judge.

    Args:
        kinds: `(n,)`, equal for rows whose shares the folds should keep, such as classes.
        seed: Deals the folds.
        groups: `(n,)`; rows of one number are never on both sides.
        most: The number of folds, where there are as many rows or groups.

    Returns:
        No pairs where no kind has two rows (or groups).
    """
    units = np.arange(len(kinds)) if groups is None else groups
    if max((len(np.unique(units[kinds == kind])) for kind in np.unique(kinds)), default=0) < 2:
        return []
    dealt = deal(kinds, groups=groups, seed=seed, folds=most)
    pairs = ((np.flatnonzero(dealt != fold), np.flatnonzero(dealt == fold)) for fold in np.unique(dealt))
    # Where there are kinds, there must be two of them to learn from.
    several = len(np.unique(kinds)) > 1
    return [(learn, judge) for learn, judge in pairs if not several or len(np.unique(kinds[learn])) > 1]
