"""Robustness: how the accuracy falls when the test pictures are distorted, beside what the frozen backbone does.

It knows distortions and answers. It does not know where pictures or models come from.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tlcore.intervals import wilson
from tlcore.modalities.image.corruptions import DISTORTIONS, Distortion
from tlcore.progress import Pace, Progress

Integers = npt.NDArray[np.int64]
Items = Iterable[npt.NDArray[np.uint8]]
# Two answers for each picture, as indices of classes: the model's, and the frozen baseline's.
Both = Callable[[Items], Iterator[tuple[int, int]]]


class Share(BaseModel):
    """A share of right answers with its 95 % interval (Wilson)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    value: float
    low: float
    high: float


class Curve(BaseModel):
    """One distortion: strengths, the mildest first, and for each what the model and the baseline score."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str
    title: str
    unit: str
    strengths: tuple[float, ...]
    model: tuple[Share, ...]
    baseline: tuple[Share, ...]


class Robustness(BaseModel):
    """`understanding/robustness.json`.

    Attributes:
        n: Test pictures that were distorted.
        model, baseline: Undistorted.
        baseline_says: What the baseline is, in a sentence.
        curves: One for each kind of distortion.
        says: What stands out, in sentences.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    n: int
    model: Share
    baseline: Share
    baseline_says: str
    curves: tuple[Curve, ...]
    says: tuple[str, ...]


def try_distortions(
    pixels: Sequence[npt.NDArray[np.uint8]] | Any,
    labels: Integers,
    both: Both,
    *,
    baseline_says: str,
    kinds: Sequence[Distortion] = DISTORTIONS,
) -> Generator[Progress, None, Robustness]:
    """Ask about every picture in every kind and strength, and once as it is.

    Args:
        pixels: `(n, size, size, 3)`, at least one.
        labels: `(n,)`, indices of the true classes.
        both: Gives the model's and the baseline's answers.
        baseline_says: What the baseline is, in a sentence.
        kinds: What is tried.
    """
    n = len(labels)
    pace = Pace(n * (1 + sum(len(kind.strengths) for kind in kinds)), "Distorting the test pictures")
    asked = 0

    def shares(items: Items) -> Generator[Progress, None, tuple[Share, Share]]:
        nonlocal asked
        right = np.zeros(2, np.int64)
        for place, answers in enumerate(both(items)):
            right += np.array(answers) == labels[place]
            asked += 1
            if pace.due():
                yield pace.at(asked)
        return _share(int(right[0]), n), _share(int(right[1]), n)

    model, baseline = yield from shares(pixels[place] for place in range(n))
    curves = []
    for kind in kinds:
        found = []
        for strength in kind.strengths:
            made = (kind.distort(pixels[place], strength, place) for place in range(n))
            found.append((yield from shares(made)))
        ours, theirs = (tuple(side) for side in zip(*found, strict=True))
        curves.append(
            Curve(key=kind.key, title=kind.title, unit=kind.unit, strengths=kind.strengths, model=ours, baseline=theirs)
        )
    says = tuple(_says(model, baseline, curves))
    return Robustness(n=n, model=model, baseline=baseline, baseline_says=baseline_says, curves=tuple(curves), says=says)


def _share(right: int, n: int) -> Share:
    low, high = wilson(right, n)
    return Share(value=right / n if n else 0.0, low=low, high=high)


def _says(model: Share, baseline: Share, curves: Sequence[Curve]) -> Iterator[str]:
    """Which distortion costs most at its middle strength, and whether training has made the model more fragile."""
    middle = {curve.key: curve.model[len(curve.model) // 2] for curve in curves}
    hurt = [curve for curve in curves if middle[curve.key].high < model.value]
    if not hurt:
        yield "At middle strength no distortion lowers the accuracy beyond what so few pictures can tell from chance."
    for curve in sorted(hurt, key=lambda each: middle[each.key].value)[:2]:
        place = len(curve.model) // 2
        ours, theirs = curve.model[place], curve.baseline[place]
        lost, theirs_lost = model.value - ours.value, baseline.value - theirs.value
        said = (
            f"{curve.title} at {curve.strengths[place]:g} {curve.unit}: {ours.value:.0%} right instead of "
            f"{model.value:.0%}; the frozen baseline goes from {baseline.value:.0%} to {theirs.value:.0%}."
        )
        if lost > theirs_lost + 0.1:
            said += " Training has made the model lean on what this distortion takes away."
        yield said
