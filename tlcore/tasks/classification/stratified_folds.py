"""Stratified folds of rows, to learn from some and judge the others.

It knows labels and groups. It does not know features or heads.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

Integers = npt.NDArray[np.integer[Any]]
MOST_FOLDS = 5


def stratified_folds(
    labels: Integers, *, seed: int, groups: Integers | None = None, most: int = MOST_FOLDS
) -> list[tuple[Integers, Integers]]:
    """Deal rows into stratified folds: pairs of rows to learn from and rows to judge.

    As many folds as the rarest class has items (or groups), from 2 to `most`; none where no class has two.
    """
    units = np.arange(len(labels)) if groups is None else groups
    sizes = [len(np.unique(units[labels == label])) for label in np.unique(labels)]
    if max(sizes, default=0) < 2:
        return []
    number = min(most, max(2, min(sizes)))
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    dealt = kind(number, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a class has a single item
        pairs = list(dealt.split(np.zeros(len(labels)), labels, groups))
    # A grouped fold may be empty, or leave a single class to learn from.
    return [(learn, judge) for learn, judge in pairs if len(judge) and len(np.unique(labels[learn])) > 1]
