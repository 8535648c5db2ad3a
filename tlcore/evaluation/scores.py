"""Every figure of a judgement with its interval, from answers in numbers.

It knows which interval fits which figure. It does not know tables, class names or files.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tlcore.evaluation.figures import Interval, Scores, TopK
from tlcore.evaluation.statistics import (
    Answers,
    Figures,
    Floats,
    Integers,
    grouped_wilson,
    observe,
    percentiles,
    resample,
    wilson,
)

TOP = (2, 3, 5)
SMALLEST = float(np.finfo(np.float64).eps)  # as scikit-learn's log_loss: a probability of 0 costs 36 nats, not infinity


@dataclass(frozen=True)
class Scoring:
    """Figures of some answers, and those of their resamples.

    Shares of pictures (accuracy, top-k, recall, precision) have Wilson's interval, by the effective number where
    pictures come in groups; everything else that of the bootstrap. Fewer than two units know nothing: the interval is
    then all that the figure can be.
    """

    answers: Answers
    top: tuple[int, ...]

    @cached_property
    def seen(self) -> Figures:
        return observe(self.answers)

    @cached_property
    def drawn(self) -> Figures:
        return resample(self.answers)

    def scores(self) -> Scores:
        """Every figure of the whole."""
        accuracy = self._share(self.seen.accuracy[0], self.drawn.accuracy, np.ones(len(self.answers.true), bool))
        return Scores(
            accuracy=accuracy,
            balanced_accuracy=self._mean_share(self.seen.balanced_accuracy, self.drawn.balanced_accuracy, accuracy),
            macro_f1=self._mean_share(self.seen.macro_f1, self.drawn.macro_f1, accuracy),
            log_loss=self._mean(0, most=-float(np.log(SMALLEST))),
            brier=self._mean(1, most=2.0),
            top_k=tuple(self._top(place, k) for place, k in enumerate(self.top)),
            units=self.answers.number_of_units,
            grouped=self.answers.grouped,
        )

    def recall(self, index: int) -> Interval:
        """Of one class, by its position; 0 of nothing."""
        of_class = self.answers.true == index
        return self._share(self.seen.recall[0, index], self.drawn.recall[:, index], of_class)

    def precision(self, index: int) -> Interval:
        """Of one class, by its position; 0 of nothing."""
        said = self.answers.answered == index
        return self._share(self.seen.precision[0, index], self.drawn.precision[:, index], said)

    def f1(self, index: int, *, least: float) -> Interval:
        """Of one class; `least` is the low bound where nothing varies, because all are right."""
        value, drawn = self.seen.f1[0, index], self.drawn.f1[:, index]
        if not np.isfinite(value):
            return Interval(value=0.0, low=0.0, high=1.0)
        low, high = self._spread(drawn, most=1.0)
        if low == high:  # all right, or all wrong: resampling the same gives the same
            low, high = (least, 1.0) if value else (0.0, 1.0)
        return _interval(value, low, high)

    def _share(self, value: float, drawn: Floats, of: npt.NDArray[np.bool_]) -> Interval:
        n = int(of.sum())
        if not n:
            return Interval(value=0.0, low=0.0, high=1.0)
        if not self.answers.grouped:
            low, high = wilson(round(value * n), n)
        else:
            units = len(np.unique(self.answers.units[of]))
            known = drawn[np.isfinite(drawn)]
            variance = float(known.var()) if len(known) else 0.0
            low, high = grouped_wilson(float(value), n, variance=variance, units=units)
        return _interval(value, low, high)

    def _mean_share(self, seen: Floats, drawn: Floats, accuracy: Interval) -> Interval:
        low, high = self._spread(drawn, most=1.0)
        if low == high:  # resampling what does not vary says nothing: as unsure as the accuracy then
            low, high = seen[0] - (accuracy.value - accuracy.low), seen[0] + (accuracy.high - accuracy.value)
        return _interval(seen[0], max(0.0, low), min(1.0, high))

    def _mean(self, column: int, *, most: float) -> Interval:
        low, high = self._spread(self.drawn.means[:, column], most=most)
        return _interval(self.seen.means[0, column], low, high)

    def _top(self, place: int, k: int) -> TopK:
        of = np.ones(len(self.answers.true), bool)
        found = self._share(self.seen.means[0, 2 + place], self.drawn.means[:, 2 + place], of)
        return TopK(k=k, **found.model_dump())

    def _spread(self, drawn: Floats, *, most: float) -> tuple[float, float]:
        units = self.answers.number_of_units
        return percentiles(drawn, units) if units > 1 and np.isfinite(drawn).any() else (0.0, most)


def scoring(
    true: Integers, answered: Integers, chances: npt.NDArray[np.floating], units: Integers | None = None
) -> Scoring:
    """Get ready to score answers.

    Args:
        true: `(n,)`, positions in the classes; at least one.
        answered: `(n,)`, likewise.
        chances: `(n, classes)`, the probabilities.
        units: `(n,)`, numbers from 0 on; pictures of one number belong together. Each alone where there are none.
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
    losses = np.column_stack([-np.log(np.maximum(right, SMALLEST)), brier, *(rank < k for k in top)])
    alone = np.arange(len(true), dtype=np.int64)
    return Scoring(Answers(true, answered, losses, alone if units is None else units, classes), top)


def share(right: npt.NDArray[np.bool_], units: Integers | None = None) -> Interval:
    """The share of pictures `(n,)` for which something holds; 0 of nothing."""
    n = len(right)
    answers = np.where(right, 0, 1).astype(np.int64)
    numbers = np.arange(n, dtype=np.int64) if units is None else units
    one = Scoring(Answers(np.zeros(n, np.int64), answers, np.empty((n, 0)), numbers, 2), ())
    return one.recall(0)


def _interval(value: float, low: float, high: float) -> Interval:
    # A bootstrap interval may miss its own figure where the figure is biased under resampling, as F1 of few is.
    return Interval(value=float(value), low=float(min(low, value)), high=float(max(high, value)))
