"""How good the exact head is when pictures are few: repeated stratified folds of all of them.

A test part of a few pictures says little; here every picture is judged, several times, by a head that has not met it.
It knows features and labels. It does not know pictures or models.
"""

from __future__ import annotations

import numpy as np

from tlcore.runs.events import CrossValidated
from tlcore.training.logistic import STRENGTHS, Floats, Integers, solve
from tlcore.training.strata import stratified_folds

REPEATS = 5
# Chosen anew inside each fold, or the figure would flatter; of every second one, as there are many folds.
FEW_STRENGTHS = STRENGTHS[::2]


def cross_validate(
    features: Floats, labels: Integers, *, seed: int, groups: Integers | None = None, repeats: int = REPEATS
) -> CrossValidated | None:
    """Judge the logistic head on all pictures; None where no class has two pictures (or groups).

    Args:
        features: `(n, features)`, of the plain pictures.
        labels: `(n,)`, positions in the classes.
        seed: Deals the folds.
        groups: `(n,)`; pictures of one number are never on both sides: equal bytes, or the dataset's `group`.
        repeats: How often all pictures are dealt into folds anew.
    """
    classes = int(labels.max()) + 1
    shares, of_folds, number = [], [], 0
    for repeat in range(repeats):
        right = []
        for learn, judge in stratified_folds(labels, seed=seed + repeat, groups=groups):
            head = solve(
                features[learn],
                labels[learn],
                classes=classes,
                seed=seed + repeat,
                groups=None if groups is None else groups[learn],
                strengths=FEW_STRENGTHS,
            )
            right.append(head.answer(features[judge]) == labels[judge])
        if not right:
            return None
        number = len(right)
        shares.append(np.concatenate(right).mean())
        of_folds += [fold.mean() for fold in right]
    return CrossValidated(
        accuracy=float(np.mean(shares)),
        deviation=float(np.std(of_folds)),
        folds=number,
        repeats=repeats,
        n=len(labels),
    )
