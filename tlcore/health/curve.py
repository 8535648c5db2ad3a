"""Would more items help? A probe on growing parts of the items, a curve through its results, and how sure that is.

It knows features, targets and the metrics of a task. It does not know items or files. The error of a model falls like a
power of the number of items towards a floor (Cortes et al., Learning Curves: Asymptotic Values and Rate of Convergence,
1993):

    error(n) = floor + drop · n^-rate

The error is the metric itself where lower is better, and what it lacks to 1 where higher is better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from tlcore.modalities import Noun
from tlcore.tasks import Metric, Task
from tlcore.tasks.evaluation import Measure
from tlcore.tasks.linear_probe import Floats, Integers, LinearProbe, deal

SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)
REPEATS = 4
HELD_OUT = 5  # every fifth item is judged
MOST_ROWS = 5000
LEAST_ROWS = 40
RATES = np.linspace(0.1, 1.5, 29)
DRAWS = 100
# What twice as many items bring, as a share of 1 where the metric is one, else of the error.
WORTH_IT, HARDLY = 0.02, 0.005

Numbers = npt.NDArray[np.float64]


class Point(BaseModel):
    """What was measured: the metric on items not learned from, and its standard deviation over the repeats."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    items: int = Field(validation_alias=AliasChoices("items", "pictures"))
    value: float = Field(validation_alias=AliasChoices("value", "accuracy"))
    deviation: float


class Predicted(BaseModel):
    """What the fitted curve says, with the range in which 90 % of the curves through resampled points lie."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    items: int = Field(validation_alias=AliasChoices("items", "pictures"))
    value: float = Field(validation_alias=AliasChoices("value", "accuracy"))
    low: float
    high: float


class Curve(BaseModel):
    """One curve; for a class, `items` counts its own.

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
    """`curve.json`: the headline metric of the task for all items, and the metric of a class for each class."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    whole: Curve
    classes: dict[str, Curve] = {}


@dataclass(frozen=True)
class Words:
    """What the sentences of a curve need to know: what items are called, and the unit of a predicted value."""

    noun: Noun
    unit: str = ""


def learning_curve(
    turned: Floats,
    labels: list[str],
    task: Task,
    names: tuple[str, ...],
    words: Words,
    *,
    strength: float,
    groups: Integers | None = None,
    seed: int = 0,
) -> LearningCurve | None:
    """Measure and fit; None where there are too few items to say anything.

    `turned` is `(n, c)` on principal axes; `groups` `(n,)` says what is never on both sides, such as near-duplicates.
    Of very many items it takes a part: the curve then ends there, and what it says of more is for that part.
    """
    if len(labels) < LEAST_ROWS:
        return None
    some = np.sort(np.random.default_rng(seed).permutation(len(labels))[:MOST_ROWS])
    rows, own = turned[some], [labels[row] for row in some]
    targets, strata = task.targets(own, names), _strata(task, own)
    place, has = {name: number for number, name in enumerate(names)}, np.zeros((len(own), len(names)), bool)
    for row, label in enumerate(own):
        has[row, [place[name] for name in task.names(label)]] = True
    together = None if groups is None else groups[some]
    whole, each = _Measured(), [_Measured() for _ in names]
    for repeat in range(REPEATS):
        judged = deal(strata, seed=seed + repeat, groups=together, folds=HELD_OUT) == 0
        number = int(judged.sum())
        if not number:
            return None
        counts = np.random.default_rng(repeat).multinomial(number, np.full(number, 1 / number), size=DRAWS)
        resampled = counts.astype(np.float64)
        for part in _nested(strata, ~judged, seed + repeat):
            if len(np.unique(targets[part], axis=0)) < 2:
                return None
            probe = LinearProbe.fit(
                rows[part], targets[part], answers=task.probe, classes=len(names), strength=strength
            )
            outputs = probe.outputs(rows[judged])
            whole.add(len(part), number, task.headline_measure(outputs, targets[judged]), resampled)
            for own_class, measure, mine in zip(
                each, task.class_measures(outputs, targets[judged]), has.T, strict=False
            ):
                own_class.add(int(mine[part].sum()), int(mine[judged].sum()), measure, resampled)
    return LearningCurve(
        whole=whole.fit(task.metrics[0], words, ""),
        classes={
            name: own_class.fit(task.class_metric, words, name)
            for name, own_class in zip(names, each, strict=True)
            if task.class_metric is not None and own_class.known
        },
    )


def _strata(task: Task, labels: list[str]) -> Integers:
    """Number the strata of a split; an item of several is in the rarest."""
    strata = task.strata(labels)
    every = sorted({name for names in strata for name in names})
    place = {name: number for number, name in enumerate(every)}
    counts = np.bincount([place[name] for names in strata for name in names], minlength=len(every))
    return np.array([min((place[name] for name in names), key=lambda one: int(counts[one])) for names in strata])


def _nested(strata: Integers, free: npt.NDArray[np.bool_], seed: int) -> list[Integers]:
    """Growing parts of the free rows, each holding the smaller ones and at least one item of each stratum."""
    order = np.random.default_rng(seed).permutation(np.flatnonzero(free))
    by_stratum = [order[strata[order] == one] for one in np.unique(strata[order])]
    return [np.concatenate([own[: max(1, round(share * len(own)))] for own in by_stratum]) for share in SHARES]


class _Measured:
    """What was measured of one metric: for each repeat, as they come, each size."""

    def __init__(self) -> None:
        self._learned: list[int] = []
        self._judged: list[int] = []
        self._values: list[float] = []
        self._draws: list[Numbers] = []

    def add(self, learned: int, asked: int, measure: Measure, counts: Numbers) -> None:
        """Measure answers about the judged items, and about resamples of them, by how often each is drawn.

        `asked` of the judged items are of the class.
        """
        value = measure[0]
        found = float(value(np.ones((1, counts.shape[1])))[0]) if asked else np.nan
        draws = value(counts) if asked else np.full(DRAWS, np.nan)
        if measure[1:] == (0.0, 1.0) and asked and np.ptp(draws[np.isfinite(draws)]) == 0:
            # All right or all wrong: a bootstrap would be certain, which so few items do not allow.
            rng = np.random.default_rng(len(self._values))
            draws = rng.binomial(asked, (found * asked + 0.5) / (asked + 1), size=DRAWS) / asked
        self._learned.append(learned)
        self._judged.append(asked)
        self._values.append(found)
        self._draws.append(draws)

    @property
    def known(self) -> bool:
        """Whether every part had items of the class to learn from and to judge by."""
        return bool(self._values) and min(self._learned) > 0 and min(self._judged) > 0

    def fit(self, metric: Metric, words: Words, name: str) -> Curve:
        """Fit one curve."""
        shape = (REPEATS, len(SHARES))
        sizes = np.array(self._learned, np.float64).reshape(shape).mean(axis=0)
        values = np.array(self._values).reshape(shape)
        # Resampled twice over: which repeats there were, and which items were judged.
        drawn = np.random.default_rng(0).integers(REPEATS, size=(DRAWS, REPEATS))
        draws = np.stack(self._draws).reshape(*shape, DRAWS)
        samples = np.nanmean(draws[drawn, :, np.arange(DRAWS)[:, None]], axis=1)
        points = tuple(
            Point(items=round(float(size)), value=float(values[:, at].mean()), deviation=float(values[:, at].std()))
            for at, size in enumerate(sizes)
        )
        return _curve(sizes, values.mean(axis=0), samples, points, metric, words, name)


def _curve(
    sizes: Numbers,
    values: Numbers,
    samples: Numbers,
    points: tuple[Point, ...],
    metric: Metric,
    words: Words,
    name: str,
) -> Curve:
    """Fit one curve to the means `(sizes,)` and to resampled ones `(draws, sizes)`."""

    def turned(value: Any) -> Any:
        """The error of a value of the metric, and the value of an error."""
        return 1 - value if metric.higher_is_better else value

    most = 1.0 if metric.kind == "share" else np.inf
    whole = sizes[-1] * HELD_OUT / (HELD_OUT - 1)
    wanted = np.unique(np.rint(np.geomspace(max(sizes[0], 1.0), max(4 * whole, 2.0), 24)))
    wanted = np.unique(np.append(wanted, [round(whole), round(2 * whole)]))
    floor, drop, rate = _fit(sizes, turned(values)[None])
    best = turned(floor[0] + drop[0] * wanted ** -rate[0])
    floors, drops, rates = _fit(sizes, turned(samples))
    bundle = turned(floors[:, None] + drops[:, None] * wanted[None, :] ** -rates[:, None])
    low, high = np.minimum(np.quantile(bundle, 0.05, axis=0), best), np.maximum(np.quantile(bundle, 0.95, axis=0), best)
    fitted = tuple(
        Predicted(items=int(n), value=float(b), low=float(lo), high=float(hi))
        for n, b, lo, hi in zip(wanted, *(np.clip(each, 0, most) for each in (best, low, high)), strict=True)
    )
    now, twice = (min(fitted, key=lambda at: abs(at.items - factor * whole)) for factor in (1, 2))
    return Curve(
        points=points,
        floor=float(floor[0]),
        drop=float(drop[0]),
        rate=float(rate[0]),
        fitted=fitted,
        says=_sentence(metric, words, name, now, twice),
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


def _sentence(metric: Metric, words: Words, name: str, now: Predicted, twice: Predicted) -> str:
    gain = twice.value - now.value if metric.higher_is_better else now.value - twice.value
    if metric.kind == "value":
        gain /= max(now.value, 1e-12)
    helps = "help" if gain >= WORTH_IT else "hardly help" if gain < HARDLY else "help a little"
    value, low, high, before = (
        metric.shown(one, words.unit) for one in (twice.value, twice.low, twice.high, now.value)
    )
    of_class = f" of '{name}'" if name else ""
    return (
        f"More {words.noun.many}{of_class} would {helps}: with twice as many, the {metric.name} "
        f"of a linear probe would be about {value} ({low} to {high}) instead of {before}."
    )
