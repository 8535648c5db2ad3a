"""The linear probe: fits a linear head on features quickly and predicts only items that it was not fitted on.

One probe for a class (logistic regression), for several labels (one logistic regression each) and for a number (ridge
regression). It knows arrays. It does not know items, backbones or files. As in the exact head, whose solver it shares,
all features are divided by one common scale, and the head is turned onto the principal axes, where few of them hold
nearly everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from tlcore.tasks.logistic import LogisticProblem

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]
Targets = npt.NDArray[Any]
Answers = Literal["class", "labels", "number"]
FOLDS = 5
AXES = 256
# What the strength of the regularisation is chosen from, and by how many rows.
STRENGTHS = (1e-3, 1e-2, 1e-1)
ROWS_TO_CHOOSE = 3000
# The largest element of the gradient: what is left of it changes no answer.
TOLERANCE = 1e-3
ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class Axes:
    """Principal axes of features: `(x - middle) @ turn` has at most `AXES` columns, of one common scale.

    Attributes:
        spread: `(c,)`, the standard deviation along each axis.
    """

    middle: npt.NDArray[np.float32]
    turn: npt.NDArray[np.float32]
    spread: npt.NDArray[np.float32]

    def __call__(self, features: Floats) -> npt.NDArray[np.float32]:
        """Turn features `(n, d)`; a few thousand rows are in single precision at a time."""
        found = np.empty((len(features), self.turn.shape[1]), np.float32)
        for first in range(0, len(features), ROWS_AT_ONCE):
            rows = slice(first, first + ROWS_AT_ONCE)
            found[rows] = (np.asarray(features[rows], np.float32) - self.middle) @ self.turn
        return found


@dataclass(frozen=True)
class LinearProbe:
    """A fitted probe, on the axes of its features.

    Attributes:
        answers: What it answers with. *class*: targets `(n,)`, positions in the classes, and probabilities
            `(n, classes)` whose rows sum to 1. *labels*: targets `(n, labels)` of 0 and 1, and an independent
            probability of each. *number*: targets `(n,)` or `(n, 1)` of any unit, and numbers in it.
        kernel: `(c, k)`.
        bias: `(k,)`, -inf for a class that had no row.
        strength: `C` as in scikit-learn's `LogisticRegression`; 1 / `alpha` of `Ridge`. Larger trusts the rows more.
    """

    answers: Answers
    kernel: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    strength: float

    @classmethod
    def fit(
        cls,
        turned: Floats,
        targets: Targets,
        *,
        answers: Answers = "class",
        classes: int = 0,
        strength: float | None = None,
        folds: Integers | None = None,
    ) -> LinearProbe:
        """Learn from rows `(n, c)` on their principal axes.

        Args:
            turned: What `principal_axes` of the features makes of them.
            targets: As `answers` has it.
            answers: What there is to say of a row.
            classes: How many there are, for *class*; some may be absent.
            strength: Chosen on a part of the rows where none is given: the one whose answers about fold 0 are best.
            folds: `(n,)`, for that choice; dealt where none are given.

        Raises:
            ValueError: Fewer than two classes have rows.
        """
        targets = _flat(targets, answers)
        if strength is None:
            folds = deal(strata(targets, answers), seed=0) if folds is None else folds
            strength = choose_strength(turned, targets, folds, answers=answers)
        # The products are thin: several threads gain nothing, and lose much where others compute too.
        with threadpool_limits(1, user_api="blas"):
            if answers == "class":
                kernel, bias = _solve_class(turned, targets, classes, strength)
            elif answers == "labels":
                columns = [_solve_label(turned, label, strength) for label in targets.T]
                kernel, bias = np.stack([one for one, _ in columns], axis=1), np.array([one for _, one in columns])
            else:
                kernel, bias = _solve_number(turned, targets, strength)
        return cls(answers, kernel.astype(np.float32), bias.astype(np.float32), strength)

    def predict(self, turned: Floats) -> npt.NDArray[np.float32]:
        """Answer about rows `(m, c)` on the same axes: probabilities `(m, k)`, or numbers `(m,)`."""
        from scipy.special import expit

        found: npt.NDArray[np.float32] = (turned @ self.kernel + self.bias).astype(np.float32)
        if self.answers == "class":
            return _softmax(found)
        if self.answers == "labels":
            found = expit(found)
        return found[:, 0] if self.answers == "number" else found

    def outputs(self, turned: Floats) -> npt.NDArray[np.float32]:
        """Answer as a model of the task does: `(m, k)`, numbers as one column."""
        found = self.predict(turned)
        return found[:, None] if self.answers == "number" else found


@dataclass(frozen=True)
class CrossValidated:
    """Out-of-fold predictions of the probes.

    Attributes:
        predictions: As `LinearProbe.predict` gives them, of every row.
        strength: The chosen one.
    """

    predictions: npt.NDArray[np.float32]
    strength: float

    @property
    def outputs(self) -> npt.NDArray[np.float32]:
        """The predictions as a model of the task gives them: `(n, k)`, numbers as one column."""
        return self.predictions[:, None] if self.predictions.ndim == 1 else self.predictions


def cross_validate(
    turned: Floats,
    targets: Targets,
    *,
    answers: Answers = "class",
    classes: int = 0,
    groups: Integers | None = None,
    seed: int = 0,
) -> CrossValidated | None:
    """Predict every row by a probe that was fitted on the other folds; None if there are too few rows.

    Args:
        turned: `(n, c)`, on their principal axes.
        targets: As `answers` has it; see `LinearProbe`.
        answers: What there is to say of a row.
        classes: How many there are, for *class*.
        groups: `(n,)`; rows of one number are never on both sides of a fold, such as near-duplicates.
        seed: Deals the folds.
    """
    targets = _flat(targets, answers)
    folds = deal(strata(targets, answers), groups=groups, seed=seed)
    too_few = answers == "class" and int((np.bincount(targets, minlength=classes) > 1).sum()) < 2
    if too_few or folds.max(initial=0) < 1:
        return None
    strength = choose_strength(turned, targets, folds, answers=answers)
    found: npt.NDArray[np.float32] | None = None
    for fold in range(int(folds.max()) + 1):
        judged = folds == fold
        if not _enough(targets[~judged], answers):
            return None
        probe = LinearProbe.fit(turned[~judged], targets[~judged], answers=answers, classes=classes, strength=strength)
        said = probe.predict(turned[judged])
        found = np.zeros((len(turned), *said.shape[1:]), np.float32) if found is None else found
        found[judged] = said
    return None if found is None else CrossValidated(found, strength)


def principal_axes(features: Floats, most: int = AXES) -> Axes:
    """Find the axes of features `(n, d)`, in chunks: they may be half precision on the disk."""
    count, length = features.shape
    if count < length:
        return _axes_of_few(np.asarray(features, np.float32), most)
    total, square = np.zeros(length), np.zeros((length, length))
    for first in range(0, count, ROWS_AT_ONCE):
        rows = np.asarray(features[first : first + ROWS_AT_ONCE], np.float32)
        total += rows.sum(axis=0, dtype=np.float64)
        square += rows.T @ rows
    middle = total / count
    values, vectors = np.linalg.eigh(square / count - np.outer(middle, middle))
    return _axes(middle, values[::-1], vectors[:, ::-1], most)


def _axes_of_few(rows: npt.NDArray[np.float32], most: int) -> Axes:
    """Find the axes of fewer rows than features: they lie in the span of the rows."""
    middle = rows.mean(axis=0, dtype=np.float64)
    away = rows - middle
    values, vectors = np.linalg.eigh(away @ away.T / max(len(rows), 1))
    kept = values[::-1] > 1e-7 * max(float(values[-1]), 1e-12) if len(values) else np.empty(0, bool)
    across = away.T @ vectors[:, ::-1][:, kept]
    return _axes(middle, values[::-1][kept], across / np.linalg.norm(across, axis=0), most)


def _axes(middle: Floats, values: Floats, vectors: Floats, most: int) -> Axes:
    """The axes from variances, the largest first, and directions; divided by the common scale of all features."""
    values = np.maximum(values, 0.0)
    scale = float(np.sqrt(values.sum() / len(middle))) or 1.0
    turn, spread = vectors[:, :most] / scale, np.sqrt(values[:most]) / scale
    return Axes(middle.astype(np.float32), turn.astype(np.float32), spread.astype(np.float32))


def deal(labels: Targets, *, seed: int, groups: Integers | None = None, folds: int = FOLDS) -> Integers:
    """The fold of each row: every class is dealt out in turn, whole groups at a time, by the class of their first row.

    Scikit-learn's `StratifiedGroupKFold` balances folds better, and takes minutes for 100,000 groups.
    """
    units = np.arange(len(labels)) if groups is None else np.unique(groups, return_inverse=True)[1]
    first = np.full(int(units.max(initial=-1)) + 1, len(labels))
    np.minimum.at(first, units, np.arange(len(labels)))
    order = np.random.default_rng(seed).permutation(len(first))
    sorted_units = order[np.argsort(labels[first[order]], kind="stable")]
    fold = np.empty(len(first), np.int64)
    fold[sorted_units] = np.arange(len(first)) % min(folds, max(len(first), 1))
    dealt: Integers = fold[units]
    return dealt


def choose_strength(turned: Floats, targets: Targets, folds: Integers, *, answers: Answers = "class") -> float:
    """The strength whose answers about one fold are best, after learning from the others.

    Best are the likeliest ones, or for numbers those that are nearest by their squares.
    """
    targets = _flat(targets, answers)
    some = np.random.default_rng(0).permutation(len(targets))[:ROWS_TO_CHOOSE]
    rows, truth, judged = turned[some], targets[some], folds[some] == 0
    if not judged.any() or not _enough(truth[~judged], answers):
        return STRENGTHS[1]
    classes = int(targets.max()) + 1 if answers == "class" else 0
    losses = []
    for strength in STRENGTHS:
        probe = LinearProbe.fit(rows[~judged], truth[~judged], answers=answers, classes=classes, strength=strength)
        losses.append(_loss(probe.predict(rows[judged]), truth[judged], answers))
    return STRENGTHS[int(np.argmin(losses))]


def _loss(said: npt.NDArray[np.float32], truth: Targets, answers: Answers) -> float:
    if answers == "number":
        return float(((said - truth) ** 2).mean())
    right = said[np.arange(len(truth)), truth] if answers == "class" else np.where(truth == 1, said, 1 - said)
    return float(-np.log(np.maximum(right, 1e-6)).mean())


def _flat(targets: Targets, answers: Answers) -> Targets:
    """Take numbers `(n, 1)` as `(n,)`."""
    return targets.reshape(-1) if answers == "number" else targets


def _enough(targets: Targets, answers: Answers) -> bool:
    return len(np.unique(targets)) > 1 if answers == "class" else len(targets) > 1


def strata(targets: Targets, answers: Answers) -> Targets:
    """Choose the strata of the folds: classes, the rarest label of each row, or quantiles of numbers."""
    if answers != "labels":
        return targets
    rarity = np.where(targets == 1, targets.sum(axis=0), np.inf)
    strata: Targets = np.where(targets.any(axis=1), rarity.argmin(axis=1), -1)
    return strata


def _solve_class(turned: Floats, labels: Integers, classes: int, strength: float) -> tuple[Floats, Floats]:
    """Kernel and bias of the regularised multinomial logistic regression."""
    present, found = _logistic(turned, labels, strength)
    kernel = np.zeros((turned.shape[1], classes), np.float32)
    bias = np.full(classes, -np.inf, np.float32)
    kernel[:, present], bias[present] = found[:-1], found[-1]
    return kernel, bias


def _solve_label(turned: Floats, label: Targets, strength: float) -> tuple[Floats, float]:
    """Kernel `(c,)` and bias of one label; where every row has it, or none, its share with half a row on each side."""
    number = float(label.sum())
    if number in (0, len(label)):
        return np.zeros(turned.shape[1]), float(np.log((number + 0.5) / (len(label) - number + 0.5)))
    _, found = _logistic(turned, label, strength)
    difference = found[:, 1] - found[:, 0]
    return difference[:-1], float(difference[-1])


def _solve_number(turned: Floats, numbers: Targets, strength: float) -> tuple[Floats, Floats]:
    """Kernel `(c, 1)` and bias of ridge regression."""
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=1 / strength).fit(turned, numbers)
    return model.coef_.reshape(-1, 1), np.array([model.intercept_])


def _logistic(turned: Floats, labels: Targets, strength: float) -> tuple[Integers, Floats]:
    """The classes that have rows, and of each its kernel and, in the last row, its bias."""
    present, answers = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        raise ValueError(f"A probe needs rows of at least two classes. Received {len(present)}.")
    rows = np.hstack([turned, np.ones((len(turned), 1))]).astype(np.float32)
    problem = LogisticProblem(rows, answers, np.ones(len(rows), np.float32), len(present))
    # Of two classes each has a kernel of its own, which halves what the pull takes from their difference.
    return present, problem.solution(strength / 2 if len(present) == 2 else strength, TOLERANCE)


def _softmax(logits: Floats) -> npt.NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances: npt.NDArray[np.float32] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return chances
