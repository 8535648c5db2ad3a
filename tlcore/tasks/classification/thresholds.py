"""What mistakes cost, and the answers that cost the least.

Where missing a defect costs ten false alarms, an item should count as a defect long before that is the likeliest
answer. It knows probabilities, right answers and costs. It does not know items or models.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tlcore.errors import DataError
from tlcore.tasks.classification.calibration_schema import ClassThreshold, Outcome
from tlcore.tasks.classification.class_codes import likeliest
from tlcore.tasks.classification.reliability import Floats, Integers

RATIOS = (1.0, 10.0)
NOT_SURE = -1
NEVER = 1.01


def best_threshold(chances: Floats, of_class: npt.NDArray[np.bool_], *, ratio: float) -> float:
    """From which probability on an item should count as one of the class.

    The threshold of the lowest `ratio · misses + false alarms`. Between two neighbouring probabilities every threshold
    costs the same; of equals, the one nearest to 1 / (1 + ratio) is taken, which is the best where probabilities are
    what they say (C. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001).

    Args:
        chances: `(n,)`, the probability of the class for items that the model has not learnt from.
        of_class: `(n,)`, which items are of it.
        ratio: False alarms that cost as much as one item that is missed, above 0.

    Returns:
        0 to 1; just above 1 where it is the cheapest never to count an item as of the class, however sure.
    """
    ideal = 1 / (1 + ratio)
    if not of_class.any() or of_class.all():
        return ideal  # there is nothing to be told apart
    order = np.argsort(-chances, kind="stable")
    values, hits = chances[order].astype(np.float64), np.cumsum(of_class[order])
    ends = np.flatnonzero(np.append(np.diff(values) < 0, True))  # equal ones count together
    # So many of the likeliest items count as of the class: none, then up to each end.
    number = np.concatenate([[0], ends + 1])
    found = np.concatenate([[0], hits[ends]])
    cost = ratio * (hits[-1] - found) + (number - found)
    # An item counts from the threshold on, so that none does may take one above 1.
    upper = np.concatenate([[1.0 if values[0] < 1 else NEVER], values[ends]])
    lower = np.concatenate([values[ends], [0.0]])
    inside = np.where((lower < ideal) & (ideal <= upper), ideal, (lower + upper) / 2)
    cheapest = np.flatnonzero(cost <= cost.min() + 1e-9)
    return float(inside[cheapest[np.abs(inside[cheapest] - ideal).argmin()]])


def outcome(counted: npt.NDArray[np.bool_], of_class: npt.NDArray[np.bool_]) -> Outcome:
    """What comes of counting these items as of the class."""
    return Outcome(n=len(of_class), misses=int((of_class & ~counted).sum()), alarms=int((counted & ~of_class).sum()))


def class_thresholds(
    validation: tuple[Floats, Integers],
    test: tuple[Floats, Integers],
    classes: Sequence[str],
    *,
    ratios: Sequence[float] = RATIOS,
    only: str | None = None,
) -> tuple[ClassThreshold, ...]:
    """Each class's best thresholds, found on validation items, and what they do to the test items.

    Args:
        validation: Probabilities `(n, classes)` and right answers `(n,)`.
        test: The same of the test items.
        classes: In the order of the probabilities.
        ratios: What a missed item costs, in false alarms; a threshold of each.
        only: One class; None for all.
    """
    answers = likeliest(test[0])
    found = []
    for index, label in enumerate(classes):
        if only not in (None, label):
            continue
        chances, of_class = validation[0][:, index], validation[1] == index
        for ratio in ratios:
            threshold = best_threshold(chances, of_class, ratio=ratio)
            found.append(
                ClassThreshold(
                    label=label,
                    ratio=ratio,
                    threshold=threshold,
                    validation=outcome(chances >= threshold, of_class),
                    test=outcome(test[0][:, index] >= threshold, test[1] == index),
                    usual=outcome(answers == index, test[1] == index),
                )
            )
    return tuple(found)


def cheapest(probabilities: Floats, costs: Floats, *, asking: float | None = None) -> npt.NDArray[np.int64]:
    """The answer that is expected to cost the least, `(n,)`: positions in the classes, or −1 for "not sure".

    Args:
        probabilities: `(n, classes)`, that mean what they say.
        costs: `(classes, classes)`, `costs[true][answered]`, 0 or more; right answers usually cost 0.
        asking: What it costs to say "not sure" and have somebody look (C. K. Chow, "On optimum recognition error and
            reject tradeoff", IEEE Transactions on Information Theory 16 (1970), 41–46); never said where it is None.

    Raises:
        DataError: The costs are no such table.
    """
    classes = probabilities.shape[1]
    if costs.shape != (classes, classes) or not np.isfinite(costs).all() or (costs < 0).any():
        raise DataError(
            f"A cost of 0 or more is needed for each of {classes} true classes and each of {classes} answers. Received "
            f"a table of {' × '.join(map(str, costs.shape))}. Fill in every field."
        )
    expected = probabilities.astype(np.float64) @ costs
    answers: npt.NDArray[np.int64] = expected.argmin(axis=1)
    return answers if asking is None else np.where(expected.min(axis=1) > asking, NOT_SURE, answers)


def mean_cost(answers: Integers, labels: Integers, costs: Floats, *, asking: float = 0.0) -> float:
    """What an item costs on average with these answers, in the unit of the costs; 0 without items."""
    if not len(labels):
        return 0.0
    each = np.where(answers == NOT_SURE, asking, costs[labels, np.maximum(answers, 0)])
    return float(each.mean())
