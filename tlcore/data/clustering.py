"""Which items of a class look alike, so that it can be made two classes or more.

It knows rows of numbers. It does not know what they were computed from.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tlcore.errors import DataError

# k-means learns its centres on so many rows; all are then put to the nearest.
MOST_ROWS = 5000
STARTS = 5


def cluster(features: npt.NDArray[np.float32], parts: int) -> npt.NDArray[np.int64]:
    """Part rows by k-means (scikit-learn's, greedy k-means++); the same rows are always parted alike.

    Args:
        features: `(n, d)`, of a length such that distances mean unlikeness.
        parts: How many parts, 2 to n.

    Returns:
        `(n,)`: the part of each row, from 0; the first part is the largest.

    Raises:
        DataError: There are fewer rows than parts, or fewer than two parts are asked for.
    """
    from sklearn.cluster import KMeans  # a second to import, and few ask for it

    if not 2 <= parts <= len(features):
        raise DataError(
            f"Items can be parted in 2 or more parts, with an item for each. Received {parts} parts and "
            f"{len(features):,} items."
        )
    rows = features
    if len(features) > MOST_ROWS:
        rows = features[np.random.default_rng(0).choice(len(features), MOST_ROWS, replace=False)]
    found = KMeans(parts, n_init=STARTS, random_state=0).fit(rows).predict(features)
    order = np.argsort(-np.bincount(found, minlength=parts), kind="stable")
    ranks: npt.NDArray[np.int64] = np.argsort(order)[found]
    return ranks
