"""The guard of lower precision: whether a head that learns from less exact features gives the same answers.

It knows features and labels as arrays. It does not know engines or files.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SAME_ANSWERS = 0.995
# Of each half. One answer of so many is half a hundredth: what the bar lets pass.
PICTURES = 200
RIDGE = 1e-2

Features = npt.NDArray[np.float32]
Vectors = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def same_answers(exact: Features, lower: Features, labels: Labels) -> float:
    """The share of held-out pictures for which two linear heads answer alike.

    One learns from the first half of the exact features, one from the first half of the lower ones; both are asked
    about the exact features of the second half, as the exported model computes them. Regularised least squares on the
    classes (Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, 2nd ed., 3.4.1 and 4.2).

    Args:
        exact: `(n, …)`; what is not a vector is averaged over its places.
        lower: `(n // 2, …)`, of the first half of the same pictures.
        labels: `(n,)`, positions among the classes.
    """
    half, asked = len(labels) // 2, _vectors(exact)
    answers = [_answers(features, labels[:half], asked[half:]) for features in (asked[:half], _vectors(lower))]
    return float(np.mean(answers[0] == answers[1]))


def _vectors(features: Features) -> Vectors:
    vectors: Vectors = features.astype(np.float64).mean(axis=tuple(range(1, features.ndim - 1)))
    return vectors


def _answers(features: Vectors, labels: Labels, asked: Vectors) -> Labels:
    """What a head says of `asked` that has learnt from the features."""
    answers = np.eye(int(labels.max()) + 1)[labels]
    middle, scale = features.mean(axis=0), features.std() or 1.0
    centred = (features - middle) / scale
    # In the space of the pictures: there are fewer of them than features.
    likeness = centred @ centred.T
    strength = RIDGE * np.trace(likeness) / len(likeness)
    weights = np.linalg.solve(likeness + strength * np.eye(len(likeness)), answers - answers.mean(axis=0))
    chances = (asked - middle) / scale @ (centred.T @ weights) + answers.mean(axis=0)
    said: Labels = chances.argmax(axis=1)
    return said
