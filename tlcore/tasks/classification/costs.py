"""A cost for each kind of mistake, and what a run's answers cost with it and without.

It knows answers and classes. It does not know runs, nor how costs are asked for or shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tlcore.errors import DataError
from tlcore.tasks.classification.calibration_fit import Answered
from tlcore.tasks.classification.calibration_schema import ClassThreshold
from tlcore.tasks.classification.class_codes import likeliest
from tlcore.tasks.classification.thresholds import NOT_SURE, cheapest, class_thresholds, mean_cost

Costs = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Weighed:
    """What the answers about the test items cost.

    Attributes:
        likeliest: The cost of an item, on average, when the likeliest class is the answer.
        cheapest: The same when the answer is the one that is expected to cost the least.
        changed: The share of items whose answer is another one then, without those that get none.
        not_sure: The share of items that are left to a person.
        n: Test items.
        thresholds: Of each class that it costs something to miss and to name by mistake: from which probability on an
            item counts as of it.
    """

    likeliest: float
    cheapest: float
    changed: float
    not_sure: float
    n: int
    thresholds: tuple[ClassThreshold, ...]


def cost_table(
    classes: Sequence[str],
    *,
    missed: Mapping[str, float] | None = None,
    pairs: Mapping[tuple[str, str], float] | None = None,
) -> Costs:
    """A table of what mistakes cost, `(classes, classes)`, `[true][answered]`: 1 each where nothing else is said.

    Args:
        classes: In the order of the probabilities.
        missed: What it costs to give any other answer about an item of a class.
        pairs: What one answer costs about items of one class; it counts more than `missed`.

    Raises:
        DataError: There is no such class.
    """
    costs = 1.0 - np.eye(len(classes))
    codes = {label: index for index, label in enumerate(classes)}
    named = [*(missed or {}), *(label for pair in pairs or {} for label in pair)]
    if unknown := [label for label in named if label not in codes]:
        raise DataError(
            f"A class of the run is needed. '{unknown[0]}' is not one. There is: "
            + ", ".join(f"'{label}'" for label in classes)
            + "."
        )
    for label, cost in (missed or {}).items():
        costs[codes[label]] = cost
        costs[codes[label], codes[label]] = 0.0
    for (true, answered), cost in (pairs or {}).items():
        costs[codes[true], codes[answered]] = cost
    return costs


def weigh(
    validation: Answered,
    test: Answered,
    classes: Sequence[str],
    costs: Costs,
    *,
    asking: float | None = None,
    only: str | None = None,
) -> Weighed:
    """Say what answers cost; thresholds are found on the validation items.

    Args:
        validation: Answers about validation items.
        test: Answers about test items.
        classes: In the order of the probabilities.
        costs: As `cost_table` makes it.
        asking: What it costs to leave an item to a person; None where that cannot be.
        only: The class to find a threshold for; None for all.

    Raises:
        DataError: The costs are no such table.
    """
    usual = likeliest(test.probabilities)
    answers = cheapest(test.probabilities, costs, asking=asking)
    unsure = answers == NOT_SURE
    return Weighed(
        likeliest=mean_cost(usual, test.labels, costs),
        cheapest=mean_cost(answers, test.labels, costs, asking=asking or 0.0),
        changed=_mean((answers != usual) & ~unsure),
        not_sure=_mean(unsure),
        n=len(test.labels),
        thresholds=_thresholds(validation, test, classes, costs, only),
    )


def _thresholds(
    validation: Answered, test: Answered, classes: Sequence[str], costs: Costs, only: str | None
) -> tuple[ClassThreshold, ...]:
    """Of each class one, at the ratio of the mean cost of missing it to that of taking another for it."""
    others = len(classes) - 1
    missing, alarming = (costs - np.diag(np.diag(costs))).sum(axis=1) / others, costs.sum(axis=0) / others
    choosing, judging = (validation.probabilities, validation.labels), (test.probabilities, test.labels)
    found: list[ClassThreshold] = []
    for index, label in enumerate(classes):
        if missing[index] > 0 and alarming[index] > 0 and only in (None, label):
            ratio = float(missing[index] / alarming[index])
            found += class_thresholds(choosing, judging, classes, ratios=(ratio,), only=label)
    return tuple(found)


def _mean(which: npt.NDArray[np.bool_]) -> float:
    return float(which.mean()) if len(which) else 0.0
