"""Values that look wrong: far from what a probe predicts, as those of other items are not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tlcore.numbers import significant
from tlcore.tasks.doubts import Doubt, Doubts
from tlcore.tasks.task import Floats, Targets

# Robust deviations from the usual error of the probe (Iglewicz and Hoaglin, 1993), and times as many that score most.
FAR, FARTHEST = 3.5, 3.0
# A probe that explains less of the variation is wrong more often than the values are. Both are measured by median
# deviations: a few wrong values would else hide themselves.
SKILLED = 0.3


def doubts(outputs: Floats, targets: Targets, classes: Sequence[str], unit: str = "") -> Doubts:
    """Find the values that are probably wrong. Nothing is suggested: a prediction is no measurement.

    Args:
        outputs: Predicted values `(n, 1)`, out of fold.
        targets: The values of the items, `(n, 1)`.
        classes: There are none.
        unit: Of the values.
    """
    predicted, values = outputs[:, 0].astype(np.float64), targets[:, 0]
    away = _away(values - predicted)
    usual = 1.4826 * float(np.median(away)) or 1e-9
    if 1 - (usual / (1.4826 * float(np.median(_away(values))) or 1e-9)) ** 2 < SKILLED:
        return Doubts(note="A linear probe predicts the values too poorly to tell which of them look wrong.")
    found = []
    for row in np.flatnonzero(away > FAR * usual):
        times = away[row] / usual
        says = f"predicts {significant(float(predicted[row]), unit)}: {times:.0f} times as far off as is usual"
        found.append(Doubt(int(row), says, float(min(1.0, (times - FAR) / (FAR * (FARTHEST - 1))))))
    return Doubts(found)


def _away(values: Floats) -> Floats:
    """The distance of each value from the median."""
    distances: Floats = np.abs(values - np.median(values))
    return distances
