"""The probe: a linear head on features of the bundled backbone, quick to learn, and asked only about what it never saw.

It knows arrays. It does not know pictures, backbones or files. As in the exact head, all features are divided by one
common scale, and the head is turned onto the principal axes, where few of them hold nearly everything.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]
FOLDS = 5
AXES = 256
# What the strength of the regularisation is chosen from, and by how many pictures.
STRENGTHS = (1e-3, 1e-2, 1e-1)
ROWS_TO_CHOOSE = 3000
MOST_STEPS = 200
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
class Head:
    """A probe that has learnt: `kernel` `(c, classes)` on the axes, `bias` `(classes,)`, -inf for an absent class."""

    axes: Axes
    kernel: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]

    def probabilities(self, features: Floats) -> npt.NDArray[np.float32]:
        """Probabilities of features `(n, d)` as they come; rows sum to 1."""
        return _softmax(self.axes(features) @ self.kernel + self.bias)


@dataclass(frozen=True)
class Probed:
    """What the probe says of pictures that it has not learnt from.

    Attributes:
        probabilities: `(n, classes)`.
        accuracy: Share of right answers.
        strength: The chosen `C` of `LogisticRegression`.
    """

    probabilities: npt.NDArray[np.float32]
    accuracy: float
    strength: float


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
    """Of fewer rows than features: the axes lie within the rows, and are found among them."""
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


def learn(
    features: Floats, labels: Integers, *, classes: int, strength: float | None = None, axes: Axes | None = None
) -> Head:
    """Learn from all of `features` `(n, d)` and `labels` `(n,)`, positions in the classes; one class may be absent.

    The strength is chosen on a part of the pictures where none is given, and the axes are found where none are.

    Raises:
        ValueError: Fewer than two classes have pictures.
    """
    axes = axes or principal_axes(features)
    turned = axes(features)
    if strength is None:
        strength = choose_strength(turned, labels, deal(labels, seed=0))
    kernel, bias = solve(turned, labels, classes=classes, strength=strength)
    return Head(axes, kernel, bias)


def probe(
    turned: Floats, labels: Integers, *, classes: int, groups: Integers | None = None, seed: int = 0
) -> Probed | None:
    """Ask about every picture a probe that has learnt from the others; None where no two classes have two pictures.

    Args:
        turned: `(n, c)`, on their principal axes.
        labels: `(n,)`, positions in the classes.
        classes: How many there are.
        groups: `(n,)`; pictures of one number are never on both sides of a fold, such as near-duplicates.
        seed: Deals the folds.
    """
    folds = deal(labels, groups=groups, seed=seed)
    if int((np.bincount(labels, minlength=classes) > 1).sum()) < 2 or folds.max(initial=0) < 1:
        return None
    strength = choose_strength(turned, labels, folds)
    found = np.zeros((len(labels), classes), np.float32)
    for fold in range(int(folds.max()) + 1):
        judged = folds == fold
        if len(np.unique(labels[~judged])) < 2:
            return None
        kernel, bias = solve(turned[~judged], labels[~judged], classes=classes, strength=strength)
        found[judged] = _softmax(turned[judged] @ kernel + bias)
    return Probed(found, float((found.argmax(axis=1) == labels).mean()), strength)


def deal(labels: Integers, *, seed: int, groups: Integers | None = None, folds: int = FOLDS) -> Integers:
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


def choose_strength(turned: Floats, labels: Integers, folds: Integers) -> float:
    """The strength whose answers about one fold are likeliest, after learning from the others."""
    some = np.random.default_rng(0).permutation(len(labels))[:ROWS_TO_CHOOSE]
    rows, answers, judged = turned[some], labels[some], folds[some] == 0
    if not judged.any() or len(np.unique(answers[~judged])) < 2:
        return STRENGTHS[1]
    classes = int(labels.max()) + 1
    losses = []
    for strength in STRENGTHS:
        kernel, bias = solve(rows[~judged], answers[~judged], classes=classes, strength=strength)
        chances = _softmax(rows[judged] @ kernel + bias)
        losses.append(-np.log(np.maximum(chances[np.arange(judged.sum()), answers[judged]], 1e-6)).mean())
    return STRENGTHS[int(np.argmin(losses))]


def solve(
    turned: Floats, labels: Integers, *, classes: int, strength: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Kernel `(c, classes)` and bias `(classes,)` of the regularised multinomial logistic regression.

    Raises:
        ValueError: Fewer than two classes have pictures.
    """
    from sklearn.linear_model import LogisticRegression

    # The products are thin: several threads gain nothing, and lose much where others compute too.
    with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
        warnings.simplefilter("ignore")  # that more steps would bring it closer still
        model = LogisticRegression(C=strength, max_iter=MOST_STEPS, tol=1e-3).fit(turned, labels)
    kernel = np.zeros((turned.shape[1], classes), np.float32)
    bias = np.full(classes, -np.inf, np.float32)
    present: Sequence[int] = [int(label) for label in model.classes_]
    if len(present) == 2:  # scikit-learn keeps one row of differences
        kernel[:, present] = np.hstack([-model.coef_.T, model.coef_.T]) / 2
        bias[present] = np.array([-model.intercept_[0], model.intercept_[0]]) / 2
    else:
        kernel[:, present], bias[present] = model.coef_.T, model.intercept_
    return kernel, bias


def _softmax(logits: Floats) -> npt.NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances: npt.NDArray[np.float32] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return chances
