"""Which items are worth a label: those that a model is unsure about, and not many of a kind.

It knows arrays. It does not know items.

BADGE: J. T. Ash, C. Zhang, A. Krishnamurthy, J. Langford, A. Agarwal, "Deep Batch Active Learning by Diverse,
Uncertain Gradient Lower Bounds", ICLR 2020 (https://arxiv.org/abs/1906.03671). Each item is the gradient that it
would give the last layer if its likeliest class were right: long where the model is unsure, and pointing elsewhere for
another kind of item. k-means++ then draws items that lie far apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]


def most_useful(features: Floats, gradient: Floats | None, count: int, *, seed: int = 0) -> list[int]:
    """Rows to ask about, the most useful first.

    A whole gradient is the product of a row of `gradient` and a row of features, so distances between gradients come
    from two small inner products, and no `classes × d` array is ever made.

    Args:
        features: `(n, d)`.
        gradient: `(n, width)`, as `Task.gradient` has it; without it, before any label is known, rows are only chosen
            to be unlike.
        count: How many rows; all of them where there are fewer.
        seed: Of the draws.
    """
    rows = len(features)
    x = np.asarray(features, np.float32)
    g = np.ones((rows, 1), np.float32) if gradient is None else np.asarray(gradient, np.float32)
    lengths = np.einsum("ij,ij->i", g, g) * np.einsum("ij,ij->i", x, x)
    rng, nearest = np.random.default_rng(seed), lengths.astype(np.float64)
    chosen: list[int] = []
    while len(chosen) < min(count, rows):
        total = nearest.sum()
        if not chosen:
            row = int(np.flatnonzero(lengths == lengths.max())[0])
        elif total > 0:
            row = int(rng.choice(rows, p=nearest / total))
        else:  # what is left is like what was chosen: the longest first
            chosen += [int(row) for row in np.argsort(-lengths, kind="stable") if int(row) not in set(chosen)]
            break
        chosen.append(row)
        between = lengths + lengths[row] - 2.0 * (g @ g[row]) * (x @ x[row])
        between[chosen] = 0.0
        nearest = np.minimum(nearest if len(chosen) > 1 else np.inf, np.maximum(between, 0.0)).astype(np.float64)
    return chosen[:count]
