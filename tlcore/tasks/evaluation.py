"""What an evaluation says: figures with their intervals, for the whole and for each label, beside simple baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, model_validator

from tlcore.intervals import grouped_wilson, interval, wilson

if TYPE_CHECKING:
    from tlcore.tasks.task import Evidence

FEW = 30
MOST_NAMED = 8  # of a thousand names nobody reads
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
        figures: `precision`, `recall` and `f1`, 0 to 1, and what else the task measures; one that is not defined is
            missing.
        areas: Areas under its curves, `roc_auc` and `average_precision`, where they are given without an interval.
        support: Test items that have the label.
        answered: Test items that were given it.
        threshold: The probability from which it is given; None where the likeliest is.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: str
    figures: dict[str, Figure]
    areas: dict[str, float] = {}
    support: int
    answered: int
    threshold: float | None = None

    def figure(self, key: str) -> Figure:
        """Give a figure; where it is not defined, it is 0, somewhere between 0 and 1."""
        return self.figures.get(key, NOTHING)


class Merge(BaseModel):
    """Two branches of the tree of classes become one.

    Attributes:
        left, right: Positions in the classes; from the number of classes on, the merges in their order.
        distance: 1 less the mean share of mix-ups between the two branches, 0 to 1.
        size: Classes below.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    left: int
    right: int
    distance: float
    size: int


class Evaluation(BaseModel):
    """`evaluation.json`: what the test items say of a model of any task.

    Attributes:
        task: A key of `tasks.TASKS`.
        n: Test items.
        groups: How many of them are independent: groups where the split keeps some together.
        metric: The headline, one of the task's metrics.
        figures: Every metric of the task by its key, and what else is measured of the whole.
        baselines: The headline, or more metrics, of what answers without training the backbone, by its title; the
            simplest first.
        above_baselines: The model's headline less that of each baseline, item by item; missing in runs of before.
        learned_from: Training items whose features the baselines learned from; 0 where it is not known.
        labels: The labels in the order of the outputs; none where a value is predicted.
        per_label: What is known of each label.
        largest_class: Of the training items, where each has one class; a baseline always answers it.
        confusion: Counts, `[true][predicted]`, where each item has one class.
        order: The positions of the classes in an order in which those that are confused stand together.
        tree: The classes by their confusion, the most confused first; empty in runs of long ago.
        co_occurrence: Of how many test items have both labels, `[i][j]`; the diagonal counts each label.
        errors: Of how many items without label `j` it was given although they have label `i`, `[i][j]`.
        coverage: The share of true values within their prediction intervals; None for other tasks.
        target_coverage: What it should be.
        margin: Half the width of a prediction interval, in the value's unit.
        value_name, unit: Of a predicted value.
        notes: What to know before trusting the numbers, in sentences.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1, 2] = 2
    task: str
    n: int
    groups: int
    metric: str
    figures: dict[str, Figure]
    baselines: dict[str, dict[str, Figure]] = {}
    above_baselines: dict[str, Figure] = {}
    learned_from: int = 0
    labels: tuple[str, ...] = ()
    per_label: tuple[LabelFigures, ...] = ()
    largest_class: str = ""
    confusion: tuple[tuple[int, ...], ...] = ()
    order: tuple[int, ...] = ()
    tree: tuple[Merge, ...] = ()
    co_occurrence: tuple[tuple[int, ...], ...] = ()
    errors: tuple[tuple[int, ...], ...] = ()
    coverage: Figure | None = None
    target_coverage: float | None = None
    margin: float | None = None
    value_name: str = ""
    unit: str = ""
    notes: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _of_classes_only(cls, data: Any) -> Any:
        """Read a file that was written while classification was the only task, which did not say so."""
        if isinstance(data, Mapping) and "task" not in data and {"accuracy", "baseline"} <= set(data):
            from tlcore.tasks.classification.old_evaluation import from_classes_only

            return from_classes_only(data)
        return data

    @property
    def headline(self) -> Figure:
        """The figure that is shown first; 0 where the test set is empty, or nothing in it defines the metric."""
        return self.figures.get(self.metric, NOTHING)

    @property
    def grouped(self) -> bool:
        """Whether some test items belong together, which makes the intervals wider."""
        return self.groups < self.n

    def baseline(self, title: str) -> Figure | None:
        """The headline metric of a baseline; None where it is not known."""
        return self.baselines.get(title, {}).get(self.metric)


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


def usual_notes(evidence: Evidence) -> list[str]:
    """Say what few test items, or few groups of them, mean for the intervals."""
    n, groups, (one, many) = len(evidence.labels), len(np.unique(evidence.groups)), evidence.noun
    if not n:
        return [f"There are no test {many}, so nothing is known about how good the model is. Keep some for the test."]
    if n < FEW:
        return [f"Only {n} test {one if n == 1 else many}: the intervals are wide."]
    if groups < FEW:
        return [
            f"The {n} test {many} come in only {groups} groups that belong together: the intervals count groups, and "
            "are wide."
        ]
    return []


def named(labels: Sequence[str], one: str, many: str) -> str:
    """Write labels in quotes; of many the first ones, and how many more there are."""
    more = len(labels) - MOST_NAMED
    said = ", ".join(f"'{label}'" for label in labels[: MOST_NAMED if more > 1 else len(labels)])
    return f"{said} and {more:,} more {many}" if more > 1 else said
