"""The map of the dataset: features of many numbers as points in a plane, where items that look alike lie together.

It knows features. It does not know what they are features of, nor how points are drawn.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from tlcore.evaluation.clusters import principal

Floats = npt.NDArray[np.float32]
AXES = 50
PERPLEXITY = 30.0
MOST = 5000  # points; t-SNE takes about a minute for so many
MANY = 2000  # from so many on several threads are quicker than one


def draw_map(features: Floats) -> pd.DataFrame:
    """Lay features `(n, d)` out in a plane: `x, y` by t-SNE and `pca_x, pca_y` on the two longest axes.

    Features of length 1 are turned onto their 50 longest axes first, as L. van der Maaten and G. Hinton do
    ("Visualizing Data using t-SNE", Journal of Machine Learning Research 9 (2008), 2579–2605), and t-SNE begins with
    the two longest, so that the same features always give the same map (D. Kobak and P. Berens, Nature
    Communications 10 (2019), 5416). Near in the map means alike; how far apart and how large heaps are means nothing.
    """
    n = len(features)
    flat = principal(features, AXES)
    plane = np.zeros((n, 2), np.float32)
    plane[:, : min(2, flat.shape[1])] = flat[:, :2]
    near = plane
    perplexity = min(PERPLEXITY, (n - 1) / 3)
    if perplexity > 1 and np.ptp(plane) > 0:
        from sklearn.manifold import TSNE

        # Of few points each of its thousand steps is over before several threads have met.
        with threadpool_limits(1 if n < MANY else None):
            near = TSNE(2, perplexity=perplexity, init="pca", random_state=0).fit_transform(flat).astype(np.float32)
    return pd.DataFrame({"x": near[:, 0], "y": near[:, 1], "pca_x": plane[:, 0], "pca_y": plane[:, 1]})


def choose(split: pd.DataFrame, most: int = MOST) -> pd.DataFrame:
    """Which items of a run's split go on the map: test items first, of the others as many as fit, or a fifth."""
    table = split.drop_duplicates("sha256").reset_index(drop=True)
    if len(table) <= most:
        return table
    test, rest = table[table["split"] == "test"], table[table["split"] != "test"]
    tested = min(len(test), max(most - len(rest), most * 4 // 5))
    some = test.sample(tested, random_state=0), rest.sample(most - tested, random_state=0)
    return pd.concat(some).sort_index().reset_index(drop=True)
