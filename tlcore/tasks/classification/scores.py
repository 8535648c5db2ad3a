"""Every figure of a judgement with its interval, from answers in numbers.

It knows which interval fits which figure. It does not know tables, class names or files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.intervals import Floats, draws, grouped_wilson, interval_of_mean_share, interval_of_means, wilson
from tlcore.tasks.evaluation import Figure

Integers = npt.NDArray[np.int64]
TOP = (2, 3, 5)
SMALLEST = float(np.finfo(np.float64).eps)  # as scikit-learn's log_loss: a probability of 0 costs 36 nats, not infinity


@dataclass(frozen=True)
class Answers:
    """The answers about `n` items, in numbers.

    Attributes:
        true, answered: `(n,)`, positions in the classes.
        losses: `(n, 2)`, what each item costs: nats, and the squared difference to the truth.
        among: `(n, k)`, whether the class is among so many of the likeliest.
        units: `(n,)`, numbers from 0 on; items of one number belong together.
        classes: How many there are.
    """

    true: Integers
    answered: Integers
    losses: Floats
    among: npt.NDArray[np.bool_]
    units: Integers
    classes: int

    @property
    def number_of_units(self) -> int:
        return int(self.units.max(initial=-1)) + 1

    @property
    def grouped(self) -> bool:
        return self.number_of_units < len(self.units)


@dataclass(frozen=True)
class Shares:
    """Shares in `b` sets of items; NaN where a class does not occur.

    Attributes:
        accuracy: `(b,)`.
        recall, precision, f1: `(b, classes)`.
        top: `(b, k)`.
    """

    accuracy: Floats
    recall: Floats
    precision: Floats
    f1: Floats
    top: Floats


@dataclass(frozen=True)
class Scoring:
    """Shares of some answers, and those of their resamples.

    Shares of items (accuracy, top-k, recall, precision) and F1 have Wilson's interval, by the effective number where
    items come in groups; means over the classes have one put together of those; losses have the bootstrap-t.
    Fewer than two units know nothing: the interval is then all that the figure can be.
    """

    answers: Answers
    top: tuple[int, ...]

    @cached_property
    def seen(self) -> Shares:
        return _shares(self.answers, [np.ones((1, self.answers.number_of_units))])

    @cached_property
    def drawn(self) -> Shares:
        return _shares(self.answers, draws(self.answers.number_of_units))

    @cached_property
    def _losses(self) -> tuple[Floats, Floats]:
        return interval_of_means(self.answers.losses, self.answers.units, within=(0.0, np.inf))

    def figures(self) -> dict[str, Figure]:
        """Compute every figure of the whole, by its key.

        `balanced_accuracy` is the mean recall of the classes that occur among the test items, `macro_f1` the mean F1
        of those that occur there or among the answers. `log_loss` is the mean of −ln(probability of the right class),
        in nats: ln(classes) is a guess. `brier` is the mean of the squared differences between the probabilities and
        the truth, added up over the classes, 0 to 2 (G. W. Brier, Monthly Weather Review 78 (1950), 1–3). `top_k` is
        the share of items whose class is among the k likeliest, for each k of 2, 3 and 5 below the number of classes.
        """
        accuracy = self._share(self.seen.accuracy[0], lambda: self.drawn.accuracy, self._all)
        there = np.unique(self.answers.true)
        either = np.union1d(there, self.answers.answered)
        return {
            "accuracy": accuracy,
            "balanced_accuracy": self._mean_of([self.recall(index) for index in there], self.drawn.recall[:, there]),
            "macro_f1": self._mean_of([self.f1(index) for index in either], self.drawn.f1[:, either]),
            "log_loss": self._mean(0, most=-float(np.log(SMALLEST))),
            "brier": self._mean(1, most=2.0),
            **{f"top_{k}": self._top(place) for place, k in enumerate(self.top)},
        }

    def recall(self, index: int) -> Figure:
        """Of one class, by its position; 0 of nothing."""
        of_class = self.answers.true == index
        return self._share(self.seen.recall[0, index], lambda: self.drawn.recall[:, index], of_class)

    def precision(self, index: int) -> Figure:
        """Of one class, by its position; 0 of nothing."""
        said = self.answers.answered == index
        return self._share(self.seen.precision[0, index], lambda: self.drawn.precision[:, index], said)

    def f1(self, index: int) -> Figure:
        """Of one class, by its position; 0 of nothing.

        F1 is 2J / (1 + J) of the share J of hits among the items that are of the class or called so.
        """
        either = (self.answers.true == index) | (self.answers.answered == index)
        overlap = self._share(_overlap(self.seen.f1[:, index])[0], lambda: _overlap(self.drawn.f1[:, index]), either)
        return Figure(**{name: 2 * value / (1 + value) for name, value in overlap.model_dump().items()})

    @property
    def _all(self) -> npt.NDArray[np.bool_]:
        return np.ones(len(self.answers.true), bool)

    def _share(self, value: float, drawn: Callable[[], Floats], of: npt.NDArray[np.bool_]) -> Figure:
        """Of the items `of`; `drawn` gives it for each resample, which only groups need."""
        n = int(of.sum())
        if not n:
            return Figure(value=0.0, low=0.0, high=1.0)
        if not self.answers.grouped:
            low, high = wilson(round(float(value) * n), n)
        else:
            units = len(np.unique(self.answers.units[of]))
            known = drawn()
            known = known[np.isfinite(known)]
            variance = float(known.var()) if len(known) else 0.0
            low, high = grouped_wilson(float(value), n, variance=variance, groups=units)
        return _interval(value, low, high)

    def _mean_of(self, figures: Sequence[Figure], drawn: Floats) -> Figure:
        shares, lows, highs = (np.array([getattr(each, name) for each in figures]) for name in ("value", "low", "high"))
        low, high = interval_of_mean_share(shares, lows, highs, drawn)
        return _interval(float(shares.mean()), max(0.0, low), min(1.0, high))

    def _mean(self, column: int, *, most: float) -> Figure:
        lows, highs = self._losses
        return _interval(self.answers.losses[:, column].mean(), lows[column], min(most, highs[column]))

    def _top(self, place: int) -> Figure:
        return self._share(self.seen.top[0, place], lambda: self.drawn.top[:, place], self._all)


def scoring(
    true: Integers, answered: Integers, chances: npt.NDArray[np.floating], units: Integers | None = None
) -> Scoring:
    """Get ready to score answers.

    Args:
        true: `(n,)`, positions in the classes; at least one.
        answered: `(n,)`, likewise.
        chances: `(n, classes)`, the probabilities.
        units: `(n,)`, numbers from 0 on; items of one number belong together. Each alone where there are none.
    """
    classes = chances.shape[1]
    exact = chances.astype(np.float64)  # float32 rows sum to 1 only nearly
    exact /= exact.sum(axis=1, keepdims=True)
    right = exact[np.arange(len(true)), true]
    top = tuple(k for k in TOP if k < classes)
    # Of equals the first counts as the likelier one, as argmax has it.
    before = np.arange(classes) < true[:, None]
    rank = ((exact > right[:, None]) | ((exact == right[:, None]) & before)).sum(axis=1)
    brier = (exact**2).sum(axis=1) - 2 * right + 1
    losses = np.column_stack([-np.log(np.maximum(right, SMALLEST)), brier])
    alone = np.arange(len(true), dtype=np.int64)
    among = rank[:, None] < np.array(top, np.int64)
    return Scoring(Answers(true, answered, losses, among, alone if units is None else units, classes), top)


def share(right: npt.NDArray[np.bool_], units: Integers | None = None) -> Figure:
    """The share of items `(n,)` for which something holds; 0 of nothing."""
    if not (n := len(right)):
        return Figure(value=0.0, low=0.0, high=1.0)
    answers = np.where(right, 0, 1).astype(np.int64)
    numbers = np.arange(n, dtype=np.int64) if units is None else units
    none = np.empty((n, 0))
    return Scoring(Answers(np.zeros(n, np.int64), answers, none, none.astype(bool), numbers, 2), ()).recall(0)


def _shares(answers: Answers, drawn: Iterable[Floats]) -> Shares:
    counts, classes, found = _by_unit(answers), answers.classes, []
    for weights in drawn:
        found.append(np.asarray((counts.T @ weights.T).T))
    hits, support, answered, among = np.split(np.concatenate(found), [classes, 2 * classes, 3 * classes], axis=1)
    n = support.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, precision, f1 = hits / support, hits / answered, 2 * hits / (support + answered)
    return Shares(hits.sum(axis=1) / n, recall, precision, f1, among / n[:, None])


def _by_unit(answers: Answers) -> Any:
    """Add up over units, side by side and sparse: hits, items and answers of each class, and what is among the
    likeliest.
    """
    from scipy.sparse import csr_array

    classes, right = answers.classes, answers.true == answers.answered
    item, k = np.nonzero(answers.among)
    columns = (answers.true[right], classes + answers.true, 2 * classes + answers.answered, 3 * classes + k)
    rows = (answers.units[right], answers.units, answers.units, answers.units[item])
    places = (np.concatenate(rows), np.concatenate(columns))
    shape = (answers.number_of_units, 3 * classes + answers.among.shape[1])
    return csr_array((np.ones(len(places[0])), places), shape=shape)


def _overlap(f1: Floats) -> Floats:
    return f1 / (2 - f1)


def _interval(value: float, low: float, high: float) -> Figure:
    # An interval that resampling moves to one side, or rounding, may miss its own figure.
    return Figure(value=float(value), low=float(min(low, value)), high=float(max(high, value)))
