"""What the labels of a task are called on a page, and how one label is written."""

from __future__ import annotations

from tlcore.data.import_plan import ImportPlan
from tlcore.data.info import DatasetInfo
from tlcore.data.label_text import write_number
from tlcore.modalities import Noun, find_modality
from tlcore.tasks import find_task


def noun(info: DatasetInfo) -> Noun:
    """Name the items of a dataset."""
    return find_modality(info.modality).noun


def one(info: DatasetInfo | ImportPlan) -> str:
    """Name what an item has."""
    return {"classification": "class", "multilabel": "label", "regression": "value"}[info.task]


def many(info: DatasetInfo | ImportPlan) -> str:
    """Name several of what items have."""
    return {"classification": "classes", "multilabel": "labels", "regression": "values"}[info.task]


def heading(info: DatasetInfo | ImportPlan) -> str:
    """Give the heading over their chart."""
    return {"classification": "Classes", "multilabel": "Labels", "regression": "Values"}[info.task]


def value_title(info: DatasetInfo) -> str:
    """Name the number that each item has, with its unit: `weight (kg)`."""
    title = info.value_name or "value"
    return f"{title} ({info.unit})" if info.unit else title


def number(value: float, unit: str = "") -> str:
    """Write a value of an item, with its unit."""
    return write_number(value, unit)


def written(info: DatasetInfo, label: str) -> str:
    """Write the label of an item: its class, its labels, or its number with the unit."""
    if info.task == "regression":
        return number(float(label), info.unit)
    if info.task == "multilabel":
        return ", ".join(find_task(info.task).names(label)) or "no label"
    return label
