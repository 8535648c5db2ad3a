"""One class for each item: labels to positions, probabilities to the likeliest class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tlcore.tasks.task import Decision, Floats, Reply, Targets

if TYPE_CHECKING:
    import pandas as pd


def names(label: str) -> tuple[str, ...]:
    """Give the one class of a label."""
    return (label,)


def renamed(label: str, names: Mapping[str, str]) -> str:
    """Give a label its class's new name."""
    return names.get(label, label)


def read(label: str) -> str:
    """Accept any class name."""
    if not label.strip():
        raise ValueError("a label is needed, but it is empty")
    return label


def classes(labels: Sequence[str]) -> tuple[str, ...]:
    """List the classes that occur, sorted."""
    return tuple(sorted(set(labels)))


def width(classes: int) -> int:
    """Count the outputs: one for each class."""
    return classes


def strata(labels: Sequence[str]) -> list[tuple[str, ...]]:
    """Balance a split by class."""
    return [(label,) for label in labels]


def activate(logits: Floats) -> Floats:
    """Compute the softmax of logits `(n, classes)`."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = weights / weights.sum(axis=1, keepdims=True)
    return shares


def same(one: Floats, other: Floats, decision: Decision) -> npt.NDArray[np.bool_]:
    """Compare the likeliest classes of two models, item by item."""
    found: npt.NDArray[np.bool_] = one.argmax(axis=1) == other.argmax(axis=1)
    return found


def answers(outputs: Floats, classes: Sequence[str], decision: Decision) -> pd.DataFrame:
    """Name the likeliest class of each row, and its probability."""
    import pandas as pd

    best = outputs.argmax(axis=1) if len(outputs) else np.empty(0, np.int64)
    return pd.DataFrame(
        {
            "predicted": pd.array([classes[index] for index in best], dtype="str"),
            "confidence": outputs[np.arange(len(best)), best],
        }
    )


def reply(outputs: Floats, classes: Sequence[str], decision: Decision) -> Reply:
    """Name the likeliest class, and its probability."""
    best = int(outputs.argmax())
    return Reply(classes[best], (classes[best],), float(outputs[best]))


def right(labels: Sequence[str], answered: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Say for which items the predicted class is the true one."""
    found: npt.NDArray[np.bool_] = answered["predicted"].to_numpy(dtype=object) == np.asarray(labels, dtype=object)
    return found


def decide(outputs: Floats, targets: Targets) -> Decision:
    """Decide nothing: the likeliest class is answered."""
    return Decision()


def gradient(outputs: Floats) -> Floats:
    """Subtract the likeliest class of each row from its probabilities."""
    less = np.array(outputs, np.float32)
    less[np.arange(len(less)), less.argmax(axis=1)] -= 1
    return less
