"""Clusters: test items that look alike to the model, found without looking at which answers were right.

It knows features and labels. It does not know items.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from tlcore.data.clustering import cluster
from tlcore.evaluation.slices import FEW, Trait

Floats = npt.NDArray[np.float32]
AXES = 32
ITEMS_PER_CLUSTER = 15  # on average; fewer would never be significant
MOST_CLUSTERS = 20


def cluster_traits(features: Floats, labels: npt.NDArray[Any], sources: Sequence[str]) -> Iterator[Trait]:
    """Clusters among all items, and within each class: what hides in a class whose whole looks good.

    Hidden kinds within a class are found so by N. Sohoni and others, "No Subclass Left Behind", NeurIPS 2020.

    Args:
        features: `(n, d)`, of the model that is judged.
        labels: `(n,)`: true classes; empty where an item has none of its own.
        sources: Where each item came from: a cluster is named by the item that is nearest to its middle.
    """
    flat = principal(features, AXES)
    everyone = np.ones(len(labels), bool)
    if (trait := _clusters(flat, everyone, sources, "cluster", "")) is not None:
        yield trait
    for label in sorted(filter(None, set(labels))):
        if (trait := _clusters(flat, labels == label, sources, f"cluster of {label}", str(label))) is not None:
            yield trait


def principal(features: Floats, axes: int) -> Floats:
    """The coordinates `(n, axes)` of features of length 1 on their principal axes (fewer where there are fewer)."""
    from sklearn.decomposition import PCA

    n, length = features.shape
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    count = min(axes, n, length)
    if n < 2:
        return np.zeros((n, count), np.float32)
    found: Floats = PCA(count, random_state=0).fit_transform(unit).astype(np.float32)
    return found


def _clusters(
    flat: Floats, among: npt.NDArray[np.bool_], sources: Sequence[str], name: str, within: str
) -> Trait | None:
    rows = np.flatnonzero(among)
    parts = min(len(rows) // ITEMS_PER_CLUSTER, MOST_CLUSTERS)
    if parts < 2 or len(rows) < 2 * FEW:
        return None
    with threadpool_limits(1):  # for so few numbers threads wait for one another
        found = cluster(flat[rows], parts)
    values = np.full(len(flat), "", object)
    typical = np.full(len(flat), -np.inf)
    for part in range(int(found.max()) + 1):
        here = rows[found == part]
        far = np.linalg.norm(flat[here] - flat[here].mean(axis=0), axis=1)
        typical[here] = -far
        values[here] = f"{sources[here[int(far.argmin())]]}"
    return Trait(name, values, "that look like '{value}'", within=within, typical=typical)
