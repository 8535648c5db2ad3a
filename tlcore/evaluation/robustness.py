"""Robustness: how a model's headline metric changes as the test items are corrupted, beside a frozen-backbone baseline.

It knows corruptions, outputs and the task that measures them. It does not know where items or models come from.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tlcore.modalities.analysis import Corruption
from tlcore.modalities.modality import Noun
from tlcore.progress import Pace, Progress
from tlcore.tasks import Metric, Task, find_task
from tlcore.tasks.evaluation import Figure

Items = Iterable[npt.NDArray[Any]]
# For each item the outputs `(width,)` of the model, and those of the frozen baseline.
Both = Callable[[Items], Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]]
MUCH = 0.1  # of a share: so much more than the baseline loses is no accident
MUCH_MORE = 0.5  # of a value: likewise, as a part of the undistorted one


class Curve(BaseModel):
    """One corruption: strengths, the mildest first, and for each what the model and the baseline score."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str
    title: str
    unit: str
    strengths: tuple[float, ...]
    model: tuple[Figure, ...]
    baseline: tuple[Figure, ...]


class Robustness(BaseModel):
    """`understanding/robustness.json`.

    Attributes:
        n: Test items that were corrupted.
        task, metric, unit: What is measured: the headline metric of a task, in the unit of a predicted value.
        model, baseline: Of the items as they are.
        baseline_says: What the baseline is, in a sentence.
        curves: One for each kind of corruption.
        says: What stands out, in sentences.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    n: int
    task: str = "classification"
    metric: str = "accuracy"
    unit: str = ""
    model: Figure
    baseline: Figure
    baseline_says: str
    curves: tuple[Curve, ...]
    says: tuple[str, ...]

    @property
    def of(self) -> Metric:
        """The metric."""
        return find_task(self.task).find_metric(self.metric)


@dataclass(frozen=True)
class Asked:
    """What a model is asked about.

    Attributes:
        items: `(n, …)`, at least one.
        targets: Of the same items, as the task has them.
        groups: `(n,)`, numbers from 0 on, equal for items that belong together; None where each is alone.
        task: What answers are.
        noun: What a person calls the items.
        unit: Of a predicted value.
    """

    items: npt.NDArray[Any] | Any
    targets: npt.NDArray[Any]
    groups: npt.NDArray[np.int64] | None
    task: Task
    noun: Noun
    unit: str = ""


def try_corruptions(
    asked: Asked, both: Both, kinds: Sequence[Corruption], *, baseline_says: str
) -> Generator[Progress, None, Robustness]:
    """Ask about every item in every kind and strength, and once as it is.

    Args:
        asked: The items.
        both: Gives the model's and the baseline's outputs.
        kinds: What is tried.
        baseline_says: What the baseline is, in a sentence.
    """
    n = len(asked.targets)
    pace = Pace(n * (1 + sum(len(kind.strengths) for kind in kinds)), f"Corrupting the test {asked.noun.many}")
    done = 0

    def figures(items: Items) -> Generator[Progress, None, tuple[Figure, Figure]]:
        nonlocal done
        found: tuple[list[npt.NDArray[Any]], list[npt.NDArray[Any]]] = ([], [])
        for outputs in both(items):
            for side, output in zip(found, outputs, strict=True):
                side.append(output)
            done += 1
            if pace.due():
                yield pace.at(done)
        ours, theirs = (asked.task.headline(np.stack(side), asked.targets, asked.groups) for side in found)
        return ours, theirs

    model, baseline = yield from figures(asked.items[place] for place in range(n))
    curves = []
    for kind in kinds:
        found = []
        for strength in kind.strengths:
            made = (kind.corrupt(asked.items[place], strength, place) for place in range(n))
            found.append((yield from figures(made)))
        ours, theirs = (tuple(side) for side in zip(*found, strict=True))
        curves.append(
            Curve(key=kind.key, title=kind.title, unit=kind.unit, strengths=kind.strengths, model=ours, baseline=theirs)
        )
    metric = asked.task.metrics[0]
    return Robustness(
        n=n,
        task=asked.task.key,
        metric=metric.key,
        unit=asked.unit,
        model=model,
        baseline=baseline,
        baseline_says=baseline_says,
        curves=tuple(curves),
        says=tuple(_says(model, baseline, curves, metric, asked)),
    )


def _says(model: Figure, baseline: Figure, curves: Sequence[Curve], metric: Metric, asked: Asked) -> Iterator[str]:
    """Say which corruption costs most at its middle strength, and whether training has made the model more fragile."""

    def loss(whole: Figure, figure: Figure) -> float:
        return whole.value - figure.value if metric.higher_is_better else figure.value - whole.value

    def hurts(figure: Figure) -> bool:
        return figure.high < model.value if metric.higher_is_better else figure.low > model.value

    def shown(figure: Figure) -> str:
        return metric.shown(figure.value, asked.unit)

    middle = {curve.key: curve.model[len(curve.model) // 2] for curve in curves}
    hurt = [curve for curve in curves if hurts(middle[curve.key])]
    if not hurt:
        yield (
            f"At middle strength no corruption changes the {metric.brief} beyond what so few {asked.noun.many} can "
            "tell from chance."
        )
    much = MUCH if metric.kind == "share" else MUCH_MORE * abs(model.value)
    for curve in sorted(hurt, key=lambda each: -loss(model, middle[each.key]))[:2]:
        place = len(curve.model) // 2
        ours, theirs = curve.model[place], curve.baseline[place]
        said = (
            f"{curve.title} at {curve.strengths[place]:g} {curve.unit}: {metric.brief} {shown(ours)} instead of "
            f"{shown(model)}; the frozen baseline goes from {shown(baseline)} to {shown(theirs)}."
        )
        if loss(model, ours) > loss(baseline, theirs) + much:
            said += " Training has made the model lean on what this corruption takes away."
        yield said
