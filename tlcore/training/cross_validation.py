"""Cross-validates the logistic head over all items, in repeated stratified folds, if there are few.

A test part of a few items says little; here every item is judged, several times, by a head that has not met it.
It knows features and labels. It does not know items or models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tlcore.numbers import duration
from tlcore.runs.events import CrossValidated
from tlcore.tasks.classification.logistic_head import STRENGTHS, Floats, Integers, estimate_seconds, solve
from tlcore.tasks.classification.stratified_folds import stratified_folds

REPEATS = 5
# More is not worth a figure that the test items give as well; less needs no announcement.
SECONDS_FOR_FOLDS, WORTH_SAYING = 60.0, 5.0
# Chosen anew inside each fold, or the figure would flatter; of every second one, as there are many folds.
FEW_STRENGTHS = STRENGTHS[::2]


@dataclass(frozen=True)
class Plan:
    """The cost of cross-validation.

    Attributes:
        folds: Of one repeat; 0 where no class has two items (or groups).
        seconds: Of one repeat, by a measurement.
        repeats: How many there is time for.
    """

    folds: int
    seconds: float
    repeats: int

    @property
    def note(self) -> str:
        """Say what to know before it starts; empty if it is quick."""
        all_of_it = f"{REPEATS} times {self.folds} folds take about {duration(REPEATS * self.seconds)}"
        if not self.folds or (self.repeats == REPEATS and self.seconds * REPEATS < WORTH_SAYING):
            return ""
        if self.repeats == REPEATS:
            return f"Judging by folds: {all_of_it} on this machine."
        most = f"more than the {duration(SECONDS_FOR_FOLDS)} that they may take"
        if self.repeats:
            return f"Judging by folds is done {_times(self.repeats)} instead of {REPEATS} times: {all_of_it}, {most}."
        return (
            f"Judging by folds is left out: {all_of_it}, {most}. How good the model is, the test set says, with "
            "their interval."
        )


def plan_folds(features: Floats, labels: Integers, *, seed: int, groups: Integers | None = None) -> Plan:
    """Measure what one fold costs, and see how many repeats there is time for; arguments as for `cross_validate`."""
    dealt = stratified_folds(labels, seed=seed, groups=groups)
    if not dealt:
        return Plan(0, 0.0, 0)
    learn, _ = dealt[0]
    seconds = len(dealt) * estimate_seconds(features[learn], labels[learn], folds=len(dealt))
    return Plan(len(dealt), seconds, int(min(REPEATS, SECONDS_FOR_FOLDS // max(seconds, 1e-9))))


def cross_validate(
    features: Floats,
    labels: Integers,
    *,
    seed: int,
    groups: Integers | None = None,
    repeats: int = REPEATS,
    on_fold: Callable[[int, int], None] = lambda done, total: None,
) -> CrossValidated | None:
    """Judge the logistic head on all items; None where no class has two items (or groups).

    Args:
        features: `(n, features)`, of the plain items.
        labels: `(n,)`, positions in the classes.
        seed: Deals the folds.
        groups: `(n,)`; items of one number are never on both sides: equal bytes, or the dataset's `group`.
        repeats: How often all items are dealt into folds anew.
        on_fold: Told how many folds are done, of how many.
    """
    classes = int(labels.max()) + 1
    shares, of_folds, number = [], [], 0
    for repeat in range(repeats):
        right: list[npt.NDArray[np.bool_]] = []
        dealt = stratified_folds(labels, seed=seed + repeat, groups=groups)
        for learn, judge in dealt:
            on_fold(repeat * len(dealt) + len(right), repeats * len(dealt))
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
    if not shares:
        return None
    return CrossValidated(
        accuracy=float(np.mean(shares)),
        deviation=float(np.std(of_folds)),
        folds=number,
        repeats=repeats,
        n=len(labels),
    )


def _times(number: int) -> str:
    return "once" if number == 1 else "twice" if number == 2 else f"{number} times"
