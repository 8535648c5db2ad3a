"""What a class's probability is worth as a threshold moves: ROC and precision–recall curves, thinned for drawing.

It knows labels, probabilities and scikit-learn. It does not know names, files or charts.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

MOST_POINTS = 100


def areas(of_class: npt.NDArray[np.bool_], chances: npt.NDArray[Any]) -> tuple[float | None, float | None]:
    """The areas under the ROC and the precision–recall curve of one class; None where it or all others are missing.

    The second is the average precision, Σ (Rᵢ − Rᵢ₋₁) Pᵢ: no straight lines are drawn between points, since none of
    the pairs on them can be had (J. Davis, M. Goadrich, ICML 2006).

    Args:
        of_class: `(n,)`, which items are of the class.
        chances: `(n,)`, its probability for each.
    """
    from sklearn import metrics

    if not of_class.any() or of_class.all():
        return None, None
    return float(metrics.roc_auc_score(of_class, chances)), float(metrics.average_precision_score(of_class, chances))


def class_curves(true: npt.NDArray[np.int64], chances: npt.NDArray[Any]) -> pd.DataFrame:
    """Both curves of every class that can have one.

    The table has `class` (a position), `kind` (`roc` or `pr`), `x`, `y` and `threshold`, from the highest on. For
    `roc` `x` is the share of the other items that are called so and `y` recall; for `pr` they are recall and
    precision. A curve has at most 100 points, evenly taken, the ends among them.

    Args:
        true: `(n,)`, positions in the classes.
        chances: `(n, classes)`, the probabilities.
    """
    import pandas as pd
    from sklearn import metrics

    parts: list[pd.DataFrame] = []
    for index in range(chances.shape[1]):
        of_class, chance = true == index, chances[:, index]
        if not of_class.any() or of_class.all():
            continue
        wrong, found, at = metrics.roc_curve(of_class, chance)
        parts.append(_points(index, "roc", wrong, found, np.minimum(at, 1.0)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            precision, recall, at = metrics.precision_recall_curve(of_class, chance, drop_intermediate=True)
        # From nothing found on; the point before it is drawn by convention and has no threshold.
        parts.append(_points(index, "pr", recall[::-1], precision[::-1], np.append(at, 1.0)[::-1]))
    return pd.concat(parts or [_points(0, "roc", *(np.empty(0),) * 3)], ignore_index=True)


def _points(
    index: int, kind: str, x: npt.NDArray[Any], y: npt.NDArray[Any], threshold: npt.NDArray[Any]
) -> pd.DataFrame:
    import pandas as pd

    kept = np.unique(np.linspace(0, len(x) - 1, min(MOST_POINTS, len(x))).round().astype(np.int64))
    columns = {"x": x, "y": y, "threshold": threshold}
    points = {name: column[kept].astype(np.float32) for name, column in columns.items()}
    return pd.DataFrame({"class": index, "kind": kind, **points})
