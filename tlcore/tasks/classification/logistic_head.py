"""The exact head: regularised multinomial logistic regression on features, solved to convergence.

Minimised over the kernel `W` and the bias `b`, with `x` the features, centred and divided by one common scale, and
`s` how much each item counts (Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, 2nd ed., 4.4;
scikit-learn's `LogisticRegression` minimises the same and is the reference of the tests):

    C · Σᵢ sᵢ · −log softmax(W x + b)[yᵢ]  +  ½ ‖W‖²

`C` is chosen by the log loss of stratified cross-validation. It knows arrays. It does not know layers or models.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax
from threadpoolctl import threadpool_limits

from tlcore.tasks.folds import folds_of
from tlcore.tasks.logistic import LogisticProblem, turned
from tlcore.threads import cores

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]
STRENGTHS = tuple(10.0 ** (half / 2) for half in range(-8, 3))
# Of every second one, where many heads are solved for.
FEW_STRENGTHS = STRENGTHS[::2]
USUAL_STRENGTH = 1e-2
# The largest element of the gradient. Looking for a strength needs less than the solution does.
ROUGH, EXACT = 1e-3, 3e-5
# The strength is a property of the features: a part of many items tells it as well.
MOST_ROWS_TO_CHOOSE = 3000
MANY_ROWS, FOLDS, FOLDS_OF_MANY = 1000, 5, 3
# Rows × axes × classes of a step that is felt: a strength is then looked for among every second one.
COSTLY = 5 * 10**8
# Measured from 3 to 1,000 classes: steps to choose the strength, for each fold, and of the solution itself.
STEPS_OF_A_FOLD, STEPS_OF_A_SOLUTION, STEPS_TO_MEASURE = 30, 25, 2
# A class without items is e⁻²⁰ times as likely as the others are on (geometric) average: never the answer.
NEVER = 20.0


@dataclass(frozen=True)
class LogisticHead:
    """A solved head: `softmax(features @ kernel + bias)` with the features as they come.

    Attributes:
        kernel: `(features, classes)`, float32.
        bias: `(classes,)`, float32.
        strength: The chosen `C`; larger trusts the items more.
        accuracy: Share of right answers in cross-validation at that strength; None where there was none.
    """

    kernel: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    strength: float
    accuracy: float | None

    def answer(self, features: Floats) -> Integers:
        """The likeliest class of each row."""
        likeliest: Integers = np.argmax(features.astype(np.float32) @ self.kernel + self.bias, axis=1)
        return likeliest


def solve(
    features: Floats,
    labels: Integers,
    *,
    classes: int,
    seed: int,
    weights: Floats | None = None,
    groups: Integers | None = None,
    strengths: Sequence[float] = STRENGTHS,
    on_axes: bool = False,
) -> LogisticHead:
    """Find the head, and the strength that cross-validation likes best.

    Args:
        features: `(n, features)`, of any scale.
        labels: `(n,)`, positions in the classes.
        classes: How many there are; one may be absent.
        seed: Deals the folds.
        weights: `(n,)`, how much each item counts, 1 on average; None for all the same.
        groups: `(n,)`; rows of one number are never on both sides of a fold, such as views of one item.
        strengths: To choose from, ascending. One alone is taken without cross-validation.
        on_axes: Whether the features stand on principal axes already: to turn them takes longer than to solve.
    """
    # The products are thin: several threads gain nothing, lose much where others compute too, and change the sums.
    with threadpool_limits(1, user_api="blas"):
        return _solve(features, labels, classes, seed, weights, groups, strengths, on_axes)


def estimate_seconds(features: Floats, labels: Integers) -> float:
    """Measure some steps, and say how long `solve` takes that chooses among few strengths."""
    with threadpool_limits(1, user_api="blas"):
        began = time.monotonic()
        present, answers = np.unique(labels, return_inverse=True)
        x = _with_ones(turned((features - features.mean(axis=0)).astype(np.float32))[0])
        prepared = time.monotonic()
        problem = LogisticProblem(x, answers, np.ones(len(x), np.float32), len(present))
        problem.solution(USUAL_STRENGTH, EXACT, most=STEPS_TO_MEASURE)
        step = (time.monotonic() - prepared) / max(1, problem.steps)
    return prepared - began + step * (STEPS_OF_A_FOLD * FOLDS / min(cores(), FOLDS) + STEPS_OF_A_SOLUTION)


def _solve(
    features: Floats,
    labels: Integers,
    classes: int,
    seed: int,
    weights: Floats | None,
    groups: Integers | None,
    strengths: Sequence[float],
    on_axes: bool,
) -> LogisticHead:
    present, answers = np.unique(labels, return_inverse=True)
    counted = np.ones(len(labels), np.float32) if weights is None else weights.astype(np.float32)
    middle = features.mean(axis=0, dtype=np.float64)
    # One scale for all: to stretch features that hardly vary costs accuracy.
    scale = float(np.sqrt(features.var(axis=0, dtype=np.float64).mean())) or 1.0
    x = ((features - middle) / scale).astype(np.float32)
    x, axes = (x, None) if on_axes else turned(x)
    x = _with_ones(x)
    strength, accuracy = (strengths[0], None) if len(strengths) == 1 else (USUAL_STRENGTH, None)
    if len(strengths) > 1:
        if min(len(x), MOST_ROWS_TO_CHOOSE) * x.shape[1] * len(present) > COSTLY and len(strengths) == len(STRENGTHS):
            strengths = strengths[::2]
        some = np.random.default_rng(seed).permutation(len(x))[:MOST_ROWS_TO_CHOOSE]
        dealt = folds_of(
            answers[some],
            seed=seed,
            groups=None if groups is None else groups[some],
            most=FOLDS if len(some) < MANY_ROWS else FOLDS_OF_MANY,
        )
        if dealt:
            strength, accuracy = _choose(x[some], answers[some], counted[some], dealt, strengths)
    found = LogisticProblem(x, answers, counted, len(present)).solution(strength, EXACT)

    # A class without items: the mean of the others' logits, less a constant.
    whole = np.repeat(found.mean(axis=1, keepdims=True), classes, axis=1)
    whole[-1] -= NEVER
    whole[:, present] = found
    kernel = (whole[:-1] if axes is None else axes @ whole[:-1]) / scale
    return LogisticHead(kernel.astype(np.float32), (whole[-1] - middle @ kernel).astype(np.float32), strength, accuracy)


def _with_ones(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Add a last column of ones, for the bias."""
    return np.hstack([x, np.ones((len(x), 1), np.float32)])


def _choose(
    x: npt.NDArray[np.float32],
    labels: Integers,
    weights: npt.NDArray[np.float32],
    dealt: Sequence[tuple[Integers, Integers]],
    strengths: Sequence[float],
) -> tuple[float, float]:
    """Climb from the weakest strength, each start where the last one ended, until it has been worse twice."""
    problems = []
    for learn, _ in dealt:
        learnt = np.zeros_like(weights)  # what is judged counts nothing: no copies of the rows
        learnt[learn] = weights[learn]
        problems.append(LogisticProblem(x, labels, learnt, int(labels.max()) + 1))

    def judged(fold: int, strength: float) -> tuple[Floats, npt.NDArray[np.bool_]]:
        judge = dealt[fold][1]
        logs = log_softmax(x[judge] @ problems[fold].solution(strength, ROUGH).astype(np.float32), axis=1)
        return -weights[judge] * logs[np.arange(len(judge)), labels[judge]], logs.argmax(axis=1) == labels[judge]

    best, worse = (np.inf, strengths[0], 0.0), 0
    with ThreadPoolExecutor(min(cores(), len(dealt))) as pool:
        for strength in strengths:
            losses, right = zip(*pool.map(partial(judged, strength=strength), range(len(dealt))), strict=True)
            loss = float(np.concatenate(losses).mean())
            worse = 0 if loss < best[0] else worse + 1
            if loss < best[0]:
                best = (loss, strength, float(np.concatenate(right).mean()))
            if worse == 2:
                break
    return best[1], best[2]
