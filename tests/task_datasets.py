"""The tiny dataset with other labels: several for each picture, or a number."""

from __future__ import annotations

import pandas as pd

from tlcore.data.dataset import Dataset
from tlcore.data.info import fingerprint, write_table
from tlcore.files import write_json
from tlcore.tasks import find_task
from tlcore.tasks.multilabel.labels import join


def relabelled(dataset: Dataset, task: str, labels: list[str], **known: str) -> Dataset:
    """Make a dataset that nobody edited yet one of another task, with these labels of its pictures, in their order."""
    items = dataset.items().assign(label=labels)
    write_table(dataset.path / "items.parquet", items)
    update = {"task": task, "classes": find_task(task).classes(labels), "fingerprint": fingerprint(items), **known}
    write_json(dataset.path / "dataset.json", dataset.info.model_copy(update=update))
    return dataset


def with_several_labels(dataset: Dataset) -> Dataset:
    """Give pictures the shape that they had, every second `big`, every third `left`; but every fifth has no label."""
    shapes = dataset.items()["label"].tolist()
    more = [["big"] * (place % 2) + ["left"] * (place % 3 == 0) for place in range(len(shapes))]
    sets = [[] if place % 5 == 0 else [shape, *more[place]] for place, shape in enumerate(shapes)]
    return relabelled(dataset, "multilabel", [join(names) for names in sets])


def with_numbers(dataset: Dataset) -> Dataset:
    """Give pictures a weight in kg, which goes with their shape."""
    items: pd.DataFrame = dataset.items()
    shapes = sorted(items["label"].unique())
    weights = [repr(2.5 * shapes.index(shape) + place / 10) for place, shape in enumerate(items["label"])]
    return relabelled(dataset, "regression", weights, value_name="weight", unit="kg")
