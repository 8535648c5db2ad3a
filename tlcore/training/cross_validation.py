"""Cross-validates the exact head over all items, in repeated folds, if there are few.

A test part of a few items says little; here every item is judged, several times, by a head that has not met it.
It knows features, targets and the head of a task. It does not know items or models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from tlcore.numbers import duration
from tlcore.runs.events import CrossValidated
from tlcore.tasks import Task
from tlcore.tasks.folds import folds_of
from tlcore.tasks.head import Head, Integers
from tlcore.tasks.task import Floats, Targets

REPEATS = 5
# More is not worth a figure that the test items give as well; less needs no announcement.
SECONDS_FOR_FOLDS, WORTH_SAYING = 60.0, 5.0


@dataclass(frozen=True)
class Plan:
    """The cost of cross-validation.

    Attributes:
        folds: Of one repeat; 0 where no kind has two items (or groups).
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
            f"Judging by folds is left out: {all_of_it}, {most}. How good the model is, the test set says, with its "
            "interval."
        )


def plan_folds(features: Floats, targets: Targets, head: Head, *, seed: int, groups: Integers | None = None) -> Plan:
    """Measure what one fold costs, and see how many repeats there is time for; arguments as for `cross_validate`."""
    dealt = folds_of(head.kinds(targets), seed=seed, groups=groups)
    if not dealt:
        return Plan(0, 0.0, 0)
    learn, _ = dealt[0]
    seconds = len(dealt) * head.estimate(features[learn], targets[learn])
    return Plan(len(dealt), seconds, int(min(REPEATS, SECONDS_FOR_FOLDS // max(seconds, 1e-9))))


def cross_validate(
    features: Floats,
    targets: Targets,
    head: Head,
    task: Task,
    *,
    seed: int,
    groups: Integers | None = None,
    repeats: int = REPEATS,
    on_fold: Callable[[int, int], None] = lambda done, total: None,
) -> CrossValidated | None:
    """Judge the exact head on all items by the task's headline metric; None where no kind has two items (or groups).

    The metric is that of all items of a repeat together, each judged by the head that has not met it.

    Args:
        features: `(n, features)`, of the plain items.
        targets: One for each item.
        head: Solves and measures.
        task: Whose headline metric it is.
        seed: Deals the folds.
        groups: `(n,)`; items of one number are never on both sides: equal bytes, or the dataset's `group`.
        repeats: How often all items are dealt into folds anew.
        on_fold: Told how many folds are done, of how many.
    """
    metric, weights = task.metrics[0].key, np.ones(len(targets), np.float32)
    judged = [
        out_of_fold(
            features, targets, head, seed=seed + repeat, groups=groups, on_fold=partial(_show, on_fold, repeat, repeats)
        )
        for repeat in range(repeats)
    ]
    if not judged or not judged[0].folds:
        return None

    def figure(raw: Floats, rows: Integers) -> float:
        return head.measure(raw[rows], targets[rows], weights[rows]).figures[metric]

    return CrossValidated(
        task=task.key,
        metric=metric,
        value=float(np.mean([figure(each.raw, each.rows) for each in judged])),
        deviation=float(np.nanstd([figure(each.raw, fold) for each in judged for fold in each.folds])),
        folds=len(judged[0].folds),
        repeats=repeats,
        n=len(targets),
    )


@dataclass(frozen=True)
class OutOfFold:
    """What exact heads say of items that they have not met.

    Attributes:
        raw: `(n, width)`, raw outputs.
        folds: The rows of each fold; none where no kind has two items (or groups).
    """

    raw: npt.NDArray[np.float32]
    folds: list[Integers]

    @property
    def rows(self) -> Integers:
        """All rows that are in a fold."""
        return np.sort(np.concatenate(self.folds))


def out_of_fold(
    features: Floats,
    targets: Targets,
    head: Head,
    *,
    seed: int,
    groups: Integers | None = None,
    strengths: tuple[float, ...] | None = None,
    on_axes: bool = False,
    on_fold: Callable[[int, int], None] = lambda done, total: None,
) -> OutOfFold:
    """Solve for a head for each fold, on the others; arguments as of `cross_validate` and of `head.Solve`.

    Where no `strengths` are given they are chosen anew inside each fold, or the figure would flatter.
    """
    weights, dealt = np.ones(len(targets), np.float32), folds_of(head.kinds(targets), seed=seed, groups=groups)
    raw = np.zeros((len(targets), head.width), np.float32)
    for done, (learn, judge) in enumerate(dealt):
        on_fold(done, len(dealt))
        solved = head.solve(
            features[learn],
            targets[learn],
            seed=seed,
            weights=weights[learn],
            groups=None if groups is None else groups[learn],
            strengths=strengths,
            coarse=True,
            on_axes=on_axes,
        )
        raw[judge] = features[judge] @ solved.kernel + solved.bias
    return OutOfFold(raw, [judge.astype(np.int64) for _, judge in dealt])


def _show(on_fold: Callable[[int, int], None], repeat: int, repeats: int, done: int, folds: int) -> None:
    """Count the folds of all repeats."""
    on_fold(repeat * folds + done, repeats * folds)


def _times(number: int) -> str:
    return "once" if number == 1 else "twice" if number == 2 else f"{number} times"
