"""A number for each item: texts to values, values to prediction intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tlcore.tasks.task import Decision, Floats, Reply, Targets

if TYPE_CHECKING:
    import pandas as pd

# Of the spread of the predictions: two models that differ by less give the same answer.
TOLERANCE = 1e-3
TENTHS = 10
LARGEST = 1e30  # beyond, squares of errors are infinite in the precision of training


def names(label: str) -> tuple[str, ...]:
    """Name no class."""
    return ()


def renamed(label: str, names: Mapping[str, str]) -> str:
    """Leave a value as it is: it has no class."""
    return label


def read(label: str) -> str:
    """Bring a number into its canonical form."""
    try:
        value = float(label)
    except ValueError:
        raise ValueError(f"a number is needed, but it is '{label}'") from None
    if not math.isfinite(value):
        raise ValueError(f"a finite number is needed, but it is '{label}'")
    if abs(value) > LARGEST:
        raise ValueError(f"a number of at most {LARGEST:.0e} is needed, but it is '{label}'")
    return repr(value)


def classes(labels: Sequence[str]) -> tuple[str, ...]:
    """List no classes."""
    return ()


def width(classes: int) -> int:
    """Count the outputs: the value."""
    return 1


def targets(labels: Sequence[str], classes: Sequence[str]) -> Targets:
    """Give the values in their unit, `(n, 1)`, float64."""
    return np.array([float(label) for label in labels], np.float64)[:, None]


def strata(labels: Sequence[str]) -> list[tuple[str, ...]]:
    """Balance a split by tenths of the values, each about as many; equal values are in one.

    Fewer than a hundred values are balanced in fewer ranges of about ten each, so that each can be in every part.
    """
    values = np.array([float(label) for label in labels])
    if not len(values):
        return []
    ranges = min(TENTHS, max(1, len(values) // TENTHS))
    edges = np.unique(np.quantile(values, np.linspace(0, 1, ranges + 1)[1:-1], method="lower"))
    return [(f"{place}",) for place in np.searchsorted(edges, values, side="left")]


def activate(logits: Floats) -> Floats:
    """Take the values as they are."""
    return logits


def same(one: Floats, other: Floats, decision: Decision) -> npt.NDArray[np.bool_]:
    """Compare the values that two models predict: within a thousandth of their spread, item by item."""
    spread = float(np.ptp(one)) if len(one) else 0.0
    found: npt.NDArray[np.bool_] = (np.abs(one - other) <= TOLERANCE * (spread or 1.0)).all(axis=1)
    return found


def answers(outputs: Floats, classes: Sequence[str], decision: Decision) -> pd.DataFrame:
    """Give each value, and the ends of its prediction interval `low` and `high`, in the value's unit."""
    import pandas as pd

    values = outputs[:, 0].astype(np.float64)
    margin = math.nan if decision.margin is None else decision.margin
    return pd.DataFrame(
        {
            "predicted": pd.array([str(value) for value in outputs[:, 0].astype(np.float32)], dtype="str"),
            "confidence": np.full(len(values), decision.coverage, np.float32),
            "low": values - margin,
            "high": values + margin,
        }
    )


def reply(outputs: Floats, classes: Sequence[str], decision: Decision) -> Reply:
    """Give the value and its prediction interval."""
    value, margin = float(outputs[0]), decision.margin
    ends = (None, None) if margin is None else (value - margin, value + margin)
    return Reply(str(np.float32(value)), (), decision.coverage, value, *ends)


def right(labels: Sequence[str], answered: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Say for which items the prediction interval holds the true value."""
    true = np.array([float(label) for label in labels])
    found: npt.NDArray[np.bool_] = (answered["low"].to_numpy() <= true) & (true <= answered["high"].to_numpy())
    return found


def decide(outputs: Floats, targets: Targets) -> Decision:
    """Choose the width of the prediction intervals by split-conformal prediction.

    The margin is the ⌈(n + 1) · coverage⌉-th smallest absolute error on the validation items (Lei, G'Sell, Rinaldo,
    Tibshirani, Wasserman, "Distribution-free predictive inference for regression", 2018), or the largest where they are
    too few.
    """
    coverage = Decision().coverage
    errors = np.sort(np.abs(outputs[:, 0].astype(np.float64) - targets[:, 0]))
    if not len(errors):
        return Decision()
    place = min(len(errors), math.ceil((len(errors) + 1) * coverage))
    return Decision(margin=float(errors[place - 1]), coverage=coverage)


def gradient(outputs: Floats) -> Floats:
    """Take all rows alike: a value does not say how certain it is."""
    return np.ones((len(outputs), 1), np.float32)
