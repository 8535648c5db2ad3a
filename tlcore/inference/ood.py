"""How unlike the training items an item is: the distance of its features to those of the nearest of them.

A classifier names one of its classes whatever it is shown. The features under its head tell when an item is unlike
anything that it was trained on: Y. Sun, Y. Ming, X. Zhu, Y. Li, "Out-of-distribution detection with deep nearest
neighbors", ICML 2022. It knows arrays. It does not know models, graphs or items.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

# Enough for the nearest of them to be near, and 2.5 MB in a graph where features have 1,280 numbers.
MOST_KNOWN = 1000
# Of the validation items; an item beyond the distance of all but so many is called unfamiliar.
FAMILIAR_SHARE = 0.95
# Of a distance: below it lies what float16 rounds away.
SMALLEST = 1e-4
# Of a length: features that are all 0 stay so.
TINY = np.float32(1e-12)


@dataclass(frozen=True)
class Known:
    """The training items that new ones are held against.

    Attributes:
        features: `(m, d)`, float16, each of length 1.
        limit: The cosine distance, 0 to 2, that counts as 1 in a score.
    """

    features: npt.NDArray[np.float16]
    limit: float

    def unfamiliarity(self, features: Floats) -> npt.NDArray[np.float32]:
        """The distance of each row of `(n, d)` to the nearest known one, in units of the limit, `(n,)`.

        Above 1 an item is less like the training items than all but 5 % of the validation items are.
        """
        return (_distance(features, self.features) / self.limit).astype(np.float32)


def learn_known(known: Floats, validation: Floats) -> Known:
    """Find the limit: the distance that at most 5 % of new items of the same kind exceed.

    By split conformal prediction: of n validation distances the ⌈0.95 · (n + 1)⌉-th, or the largest where they are
    fewer than 19.

    Args:
        known: `(m, d)`, features of training items, of any scale; `some_known` says which.
        validation: `(v, d)`, of items that are not among the training items; v is at least 1.
    """
    directions = _unit(known).astype(np.float16)
    distances = np.sort(_distance(validation, directions))
    place = min(len(distances), math.ceil(FAMILIAR_SHARE * (len(distances) + 1)))
    return Known(directions, max(float(distances[place - 1]), SMALLEST))


def some_known(labels: npt.NDArray[np.integer[Any]], *, seed: int) -> npt.NDArray[np.int64]:
    """The rows of training items to keep: at most 1,000, about the same share of every class.

    Of each class there is at least one, where there are fewer classes than are kept.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    if len(order) > MOST_KNOWN:
        place = np.empty(len(labels))
        for label in np.unique(labels):
            rows = order[labels[order] == label]
            place[rows] = np.arange(len(rows)) / len(rows)  # 0 for the first of each class
        order = np.argsort(place, kind="stable")[:MOST_KNOWN]
    kept: npt.NDArray[np.int64] = np.sort(order)
    return kept


def _distance(features: Floats, known: npt.NDArray[np.float16]) -> npt.NDArray[np.float32]:
    nearest = (_unit(features) @ known.astype(np.float32).T).max(axis=1)
    distance: npt.NDArray[np.float32] = np.maximum(np.float32(0), np.float32(1) - nearest)
    return distance


def _unit(features: Floats) -> npt.NDArray[np.float32]:
    exact = features.astype(np.float32)
    unit: npt.NDArray[np.float32] = exact / np.maximum(np.linalg.norm(exact, axis=1, keepdims=True), TINY)
    return unit
