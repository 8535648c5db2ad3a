"""Would more items help? The probe on growing parts of the items, a curve through it, and how sure that is.

It knows features and labels. It does not know items or files. The error of a classifier falls like a power of the
number of items towards a floor (Cortes et al., Learning Curves: Asymptotic Values and Rate of Convergence, 1993):

    error(n) = floor + drop · n^-rate
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from tlcore.tasks.linear_probe import Floats, Integers, LinearProbe, deal

SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)
REPEATS = 4
HELD_OUT = 5  # every fifth item is judged
MOST_ROWS = 5000
LEAST_ROWS = 40
RATES = np.linspace(0.1, 1.5, 29)
DRAWS = 100
WORTH_IT, HARDLY = 0.02, 0.005


class Point(BaseModel):
    """What was measured: the share of right answers about items not learnt from, and its standard deviation."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    items: int = Field(validation_alias=AliasChoices("items", "pictures"))
    accuracy: float
    deviation: float


class Predicted(BaseModel):
    """What the fitted curve says, with the range in which 90 % of the curves through resampled points lie."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    items: int = Field(validation_alias=AliasChoices("items", "pictures"))
    accuracy: float
    low: float
    high: float


class Curve(BaseModel):
    """One curve; for a class, `items` counts its own and accuracy is the share of them that is found.

    Attributes:
        floor, drop, rate: Of the fitted `error(n) = floor + drop · n^-rate`.
        fitted: From the fewest items measured to four times as many as there are.
        says: One sentence.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    points: tuple[Point, ...]
    floor: float
    drop: float
    rate: float
    fitted: tuple[Predicted, ...]
    says: str


class LearningCurve(BaseModel):
    """`curve.json`: the curve of all items, and one for each class."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    whole: Curve
    classes: dict[str, Curve]


def learning_curve(
    turned: Floats, labels: Integers, names: tuple[str, ...], *, strength: float, groups: Integers | None, seed: int = 0
) -> LearningCurve | None:
    """Measure and fit; None where there are too few items to say anything.

    `turned` is `(n, c)` on principal axes; `groups` `(n,)` says what is never on both sides, such as near-duplicates.
    Of very many items it takes a part: the curve then ends there, and what it says of more is for that part.
    """
    if len(labels) < LEAST_ROWS or len(np.unique(labels)) < 2:
        return None
    some = np.sort(np.random.default_rng(seed).permutation(len(labels))[:MOST_ROWS])
    rows, answers = turned[some], labels[some]
    together = None if groups is None else groups[some]
    learnt = np.zeros((REPEATS, len(SHARES), len(names)))  # items of each class
    right, asked = np.zeros_like(learnt), np.zeros_like(learnt)
    for repeat in range(REPEATS):
        judged = deal(answers, seed=seed + repeat, groups=together, folds=HELD_OUT) == 0
        for place, part in enumerate(_nested(answers, ~judged, seed + repeat)):
            if len(np.unique(answers[part])) < 2:
                return None
            probe = LinearProbe.fit(rows[part], answers[part], classes=len(names), strength=strength)
            hits = probe.predict(rows[judged]).argmax(axis=1) == answers[judged]
            learnt[repeat, place] = np.bincount(answers[part], minlength=len(names))
            right[repeat, place] = np.bincount(answers[judged][hits], minlength=len(names))
            asked[repeat, place] = np.bincount(answers[judged], minlength=len(names))
    whole = _curve("", learnt.sum(axis=2), right.sum(axis=2), asked.sum(axis=2))
    curves = {
        name: _curve(name, learnt[..., number], right[..., number], asked[..., number])
        for number, name in enumerate(names)
        if asked[..., number].min() > 0 and learnt[..., number].min() > 0
    }
    return LearningCurve(whole=whole, classes=curves)


def _nested(labels: Integers, free: npt.NDArray[np.bool_], seed: int) -> list[Integers]:
    """Growing parts of the free rows, each holding the smaller ones and at least one item of each class."""
    order = np.random.default_rng(seed).permutation(np.flatnonzero(free))
    by_class = [order[labels[order] == label] for label in np.unique(labels[order])]
    return [np.concatenate([own[: max(1, round(share * len(own)))] for own in by_class]) for share in SHARES]


def _curve(name: str, learnt: npt.NDArray[Any], right: npt.NDArray[Any], asked: npt.NDArray[Any]) -> Curve:
    """Fit one curve to counts `(repeats, sizes)`."""
    sizes = learnt.mean(axis=0)
    accuracies = right / asked
    points = tuple(
        Point(
            items=round(float(size)),
            accuracy=float(accuracies[:, at].mean()),
            deviation=float(accuracies[:, at].std()),
        )
        for at, size in enumerate(sizes)
    )
    # Resampled twice over: which repeats there were, and which items were asked about.
    rng = np.random.default_rng(0)
    drawn = rng.integers(REPEATS, size=(DRAWS, REPEATS))
    share = np.clip((right + 0.5) / (asked + 1.0), 0.0, 1.0)[drawn]
    counts = np.maximum(asked[drawn].astype(np.int64), 1)
    samples = (rng.binomial(counts, share) / counts).mean(axis=1)
    whole = sizes[-1] * HELD_OUT / (HELD_OUT - 1)
    wanted = np.unique(np.rint(np.geomspace(max(sizes[0], 1.0), max(4 * whole, 2.0), 24)))
    wanted = np.unique(np.append(wanted, [round(whole), round(2 * whole)]))
    floor, drop, rate = _fit(sizes, 1 - accuracies.mean(axis=0, keepdims=True))
    best = 1 - (floor[0] + drop[0] * wanted ** -rate[0])
    floors, drops, rates = _fit(sizes, 1 - samples)
    bundle = 1 - (floors[:, None] + drops[:, None] * wanted[None, :] ** -rates[:, None])
    low, high = np.minimum(np.quantile(bundle, 0.05, axis=0), best), np.maximum(np.quantile(bundle, 0.95, axis=0), best)
    fitted = tuple(
        Predicted(items=int(n), accuracy=float(b), low=float(lo), high=float(hi))
        for n, b, lo, hi in zip(wanted, np.clip(best, 0, 1), np.clip(low, 0, 1), np.clip(high, 0, 1), strict=True)
    )
    now, twice = (min(fitted, key=lambda at: abs(at.items - factor * whole)) for factor in (1, 2))
    return Curve(
        points=points,
        floor=float(floor[0]),
        drop=float(drop[0]),
        rate=float(rate[0]),
        fitted=fitted,
        says=_sentence(name, now, twice),
    )


def _fit(sizes: npt.NDArray[Any], errors: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    """Floor, drop and rate, each `(curves,)`, for errors `(curves, sizes)`: least squares, none below 0.

    For a given rate the other two follow from a line; rates are tried in turn.
    """
    best = np.full(len(errors), np.inf)
    found = np.zeros((3, len(errors)))
    for rate in RATES:
        x = np.maximum(sizes, 1.0) ** -rate
        middle_x, middle_y = x.mean(), errors.mean(axis=1)
        drop = np.maximum(((x - middle_x) * (errors - middle_y[:, None])).sum(axis=1) / ((x - middle_x) ** 2).sum(), 0)
        floor = middle_y - drop * middle_x
        through = np.maximum((errors @ x) / (x @ x), 0)  # where the floor would lie below 0, it is 0
        drop, floor = np.where(floor < 0, through, drop), np.maximum(floor, 0)
        loss = ((floor[:, None] + drop[:, None] * x - errors) ** 2).sum(axis=1)
        better = loss < best - 1e-15
        best = np.where(better, loss, best)
        found = np.where(better, np.stack([floor, drop, np.full(len(errors), rate)]), found)
    return found[0], found[1], found[2]


def _sentence(name: str, now: Predicted, twice: Predicted) -> str:
    gain = twice.accuracy - now.accuracy
    about = f"of '{name}' " if name else ""
    found = f"{twice.accuracy:.0%} ({twice.low:.0%} to {twice.high:.0%}) instead of {now.accuracy:.0%}"
    right = "found" if name else "answered rightly"
    verdict = (
        f"More pictures {about}would help"
        if gain >= WORTH_IT
        else f"More pictures {about}would hardly help"
        if gain < HARDLY
        else f"More pictures {about}would help a little"
    )
    return f"{verdict}: with twice as many, a linear probe would have about {found} {right}."
