"""Classes by their confusion: a tree in which what is mixed up joins first, and the order of its leaves.

It knows counts of answers and SciPy. It does not know names or how a matrix is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.tasks.evaluation import Merge

# The best order of the leaves takes time that grows with the cube of the classes: 300 of them take about a second.
MOST_TO_ORDER = 300


def merge_classes(confusion: npt.NDArray[Any]) -> tuple[Merge, ...]:
    """The tree of classes from counts `confusion[true][predicted]`; one merge fewer than classes.

    How near two classes are is the mean of the two shares of their items that are called the other; branches join by
    the mean over their pairs. Of all orders in which the tree can be drawn it has the one in which neighbours are
    nearest: Z. Bar-Joseph, D. K. Gifford, T. S. Jaakkola, "Fast optimal leaf ordering for hierarchical clustering",
    Bioinformatics 17 (2001), S22–S29.
    """
    from scipy.cluster.hierarchy import linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    counts = np.asarray(confusion, np.float64)
    if len(counts) < 2:
        return ()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    distances = 1.0 - (shares + shares.T) / 2
    np.fill_diagonal(distances, 0.0)
    pairs = squareform(distances, checks=False)
    joined = linkage(pairs, "average")
    if len(counts) <= MOST_TO_ORDER and pairs.min() < 1.0:  # where nothing is mixed up there is nothing to order
        joined = optimal_leaf_ordering(joined, pairs)
    return tuple(Merge(left=int(a), right=int(b), distance=float(d), size=int(size)) for a, b, d, size in joined)


def order_classes(tree: Sequence[Merge], classes: int) -> tuple[int, ...]:
    """The leaves of the tree from left to right; as they come where nothing was ever mixed up."""
    if all(merge.distance >= 1.0 for merge in tree):
        return tuple(range(classes))
    order: list[int] = []
    waiting = [classes + len(tree) - 1]
    while waiting:
        node = waiting.pop()
        if node < classes:
            order.append(node)
        else:
            merge = tree[node - classes]
            waiting += [merge.right, merge.left]
    return tuple(order)
