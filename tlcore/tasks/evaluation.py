"""What an evaluation says: figures with their intervals, for the whole and for each label, beside simple baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tlcore.intervals import grouped_wilson, interval, wilson

FEW = 30
CERTAIN = 1e-9  # of an interval of no width


class Figure(BaseModel):
    """A figure with its 95 % interval, in the figure's own unit."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    value: float
    low: float
    high: float


NOTHING = Figure(value=0.0, low=0.0, high=1.0)


class LabelFigures(BaseModel):
    """What the test set says of one label.

    Attributes:
        figures: `precision`, `recall`, `f1`, `average_precision` and `calibration_error`, 0 to 1; one that is not
            defined is missing.
        support: Test items that have the label.
        answered: Test items that were given it.
        threshold: The probability from which it is given.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: str
    figures: dict[str, Figure]
    support: int
    answered: int
    threshold: float


class TaskEvaluation(BaseModel):
    """`evaluation.json` of every task but classification.

    Attributes:
        task: A key of `tasks.TASKS`.
        n: Test items.
        groups: How many of them are independent: groups where the split keeps some together.
        metric: The headline, one of the task's metrics.
        figures: Every metric of the task by its key.
        baselines: The same metrics of what answers without training the backbone, by its title.
        above_baselines: The model's headline less that of each baseline, item by item; missing in runs of before.
        labels: The labels in the order of the outputs; none where a value is predicted.
        per_label: What is known of each label.
        co_occurrence: Of how many test items have both labels, `[i][j]`; the diagonal counts each label.
        errors: Of how many items without label `j` it was given although they have label `i`, `[i][j]`.
        coverage: The share of true values within their prediction intervals; None for other tasks.
        target_coverage: What it should be.
        margin: Half the width of a prediction interval, in the value's unit.
        value_name, unit: Of a predicted value.
        notes: What to know before trusting the numbers, in sentences.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    task: str
    n: int
    groups: int
    metric: str
    figures: dict[str, Figure]
    baselines: dict[str, dict[str, Figure]] = {}
    above_baselines: dict[str, Figure] = {}
    labels: tuple[str, ...] = ()
    per_label: tuple[LabelFigures, ...] = ()
    co_occurrence: tuple[tuple[int, ...], ...] = ()
    errors: tuple[tuple[int, ...], ...] = ()
    coverage: Figure | None = None
    target_coverage: float | None = None
    margin: float | None = None
    value_name: str = ""
    unit: str = ""
    notes: tuple[str, ...] = ()

    @property
    def headline(self) -> Figure:
        """The figure that is shown first; 0 where the test set is empty, or nothing in it defines the metric."""
        return self.figures.get(self.metric, NOTHING)


Measure = tuple[Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]], float, float]
Measures = Mapping[str, Measure]


def figures(
    measures: Measures, groups: npt.NDArray[np.int64], *, about: npt.NDArray[np.bool_] | None = None
) -> dict[str, Figure]:
    """Compute metrics with their bootstrap intervals.

    Where every resample has the same share, 0 or 1, a bootstrap would be certain: the interval is then Wilson's for as
    many items, or groups, that are all right or all wrong.

    Args:
        measures: For each metric's key a function from how often each item was drawn, `(b, n)`, to the figure of each
            resample, `(b,)`; and the least and the largest value that it can have.
        groups: `(n,)`, numbers from 0 on, equal for items that belong together.
        about: `(n,)`, the items that the metrics are about; None for all.
    """
    if not len(groups):
        return {}
    once = np.ones((1, len(groups)))
    number = len(np.unique(groups if about is None else groups[about]))
    found = {}
    for key, (measure, least, most) in measures.items():
        low, high = interval(measure, groups, counts=True, within=(least, most))
        value = float(measure(once)[0])
        if (least, most) == (0.0, 1.0) and high - low < CERTAIN and min(value, 1 - value) < CERTAIN:
            low, high = wilson(number * round(value), number)
        if np.isfinite(value):
            found[key] = Figure(value=value, low=min(low, value), high=max(high, value))
    return found


def share(hits: npt.NDArray[np.bool_], groups: npt.NDArray[np.int64]) -> Figure | None:
    """Compute a share of items `(n,)` with its score interval by Wilson, by groups where some belong together.

    None where there are no items.
    """
    n = len(hits)
    if not n:
        return None
    value, units = float(hits.mean()), np.unique(groups, return_inverse=True)[1].reshape(-1)
    number = int(units.max()) + 1
    if number == n:
        low, high = wilson(int(hits.sum()), n)
    else:
        off = np.bincount(units, weights=hits - value)
        variance = number / max(1, number - 1) * float((off**2).sum()) / n**2
        low, high = grouped_wilson(value, n, variance=variance, groups=number)
    return Figure(value=value, low=min(low, value), high=max(high, value))


def difference(
    first: Measures, second: Measures, key: str, groups: npt.NDArray[np.int64], *, resamples: int = 1000
) -> Figure:
    """Compute how much more a metric is by the second answers than by the first, about the same items."""
    (before, least, most), (after, *_) = first[key], second[key]
    once, within = np.ones((1, len(groups))), (least - most, most - least)
    low, high = interval(
        lambda counts: after(counts) - before(counts), groups, counts=True, within=within, resamples=resamples
    )
    value = float((after(once) - before(once))[0])
    return Figure(value=value, low=min(low, value), high=max(high, value))


def usual_notes(n: int, groups: int) -> list[str]:
    """Say what few test items, or few groups of them, mean for the intervals."""
    if not n:
        return ["The test set is empty, so nothing is known about how good the model is. Keep some examples for it."]
    if n < FEW:
        return [f"The test set has only {n} examples, so the intervals are wide."]
    if groups < FEW:
        return [f"The {n} test examples come in only {groups} groups. The intervals count groups, so they are wide."]
    return []
