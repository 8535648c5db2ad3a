"""Counts over the labels of a dataset, whatever its task: how many items have each label, and which occur together.

It knows texts of labels and how a task reads them. It does not know where they are kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.tasks import find_task


def count_labels(labels: pd.Series[str], classes: Sequence[str], task: str) -> dict[str, int]:
    """Count the items that have each class, in the order of the classes; an item counts for each of its labels."""
    found = dict.fromkeys(classes, 0)
    names = find_task(task).names
    for text, number in labels.value_counts().items():
        for name in names(str(text)):
            found[name] = found.get(name, 0) + int(number)
    return {name: found[name] for name in classes}


def has_label(labels: pd.Series[str], label: str, task: str) -> npt.NDArray[np.bool_]:
    """Say which items have a label, `(n,)`."""
    names = find_task(task).names
    having = [text for text in labels.unique() if label in names(str(text))]
    return labels.isin(having).to_numpy(dtype=bool)


def labels_each(labels: pd.Series[str], task: str) -> dict[int, int]:
    """Count the items that have no label, one, two and so on."""
    names = find_task(task).names
    found: dict[int, int] = {}
    for text, number in labels.value_counts().items():
        many = len(names(str(text)))
        found[many] = found.get(many, 0) + int(number)
    return dict(sorted(found.items()))


def co_occurrence(labels: pd.Series[str], classes: Sequence[str], task: str) -> npt.NDArray[np.int64]:
    """Count the items that have both of two labels, `(classes, classes)`; the diagonal counts each label."""
    names, places = find_task(task).names, {name: place for place, name in enumerate(classes)}
    found = np.zeros((len(classes), len(classes)), np.int64)
    for text, number in labels.value_counts().items():
        here = [places[name] for name in names(str(text)) if name in places]
        found[np.ix_(here, here)] += int(number)
    return found


def values(labels: pd.Series[str]) -> npt.NDArray[np.float64]:
    """Read the values of a dataset of numbers, `(n,)`."""
    return labels.to_numpy(dtype=object).astype(np.float64)
