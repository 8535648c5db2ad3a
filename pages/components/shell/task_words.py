"""What the labels of a task are called on a page, and how one label is written."""

from __future__ import annotations

from dataclasses import dataclass

from tlcore.data.info import DatasetInfo
from tlcore.tasks import find_task


@dataclass(frozen=True)
class TaskWords:
    """The nouns of a task: one of what a picture has, several of them, and the heading over their chart."""

    one: str
    many: str
    heading: str


WORDS = {
    "classification": TaskWords("class", "classes", "Classes"),
    "multilabel": TaskWords("label", "labels", "Labels"),
    "regression": TaskWords("value", "values", "Values"),
}


def words(info: DatasetInfo) -> TaskWords:
    """Name what the pictures of a dataset have."""
    return WORDS[info.task]


def value_title(info: DatasetInfo) -> str:
    """Name the number that each picture has, with its unit: `weight (kg)`."""
    title = info.value_name or "value"
    return f"{title} ({info.unit})" if info.unit else title


def number(value: float, unit: str = "") -> str:
    """Write a value of a picture, with its unit."""
    return f"{value:.10g} {unit}".rstrip()


def written(info: DatasetInfo, label: str) -> str:
    """Write the label of a picture: its class, its labels, or its number with the unit."""
    if info.task == "regression":
        return number(float(label), info.unit)
    if info.task == "multilabel":
        return ", ".join(find_task(info.task).names(label)) or "no label"
    return label
