"""Changes of labels as a CSV: read from one that a person wrote, written for another copy of the dataset.

It knows the columns `label` and `item`, or what the modality calls one. It does not know how a change is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tlcore.data.dataset import Dataset
from tlcore.data.edits.operations import given_labels
from tlcore.data.edits.state import DELETED
from tlcore.data.edits.types import Relabel
from tlcore.data.lookup import Names
from tlcore.data.tables import read_table
from tlcore.disk import expanded
from tlcore.errors import DataError
from tlcore.tasks import find_task

ITEM, LABEL = "item", "label"


def read_relabelling(dataset: Dataset, path: Path) -> Relabel:
    """Read a CSV whose columns for the item and its `label` say which gets which class; other columns are left alone.

    With several labels they are joined by `|`, and an empty cell means none; a number may have a decimal comma.
    Items are named as `Names` understands it. Where an item stands several times, the last line holds.

    Raises:
        DataError: The file cannot be read, lacks a column, has a line without a class, or names no item or several.
    """
    try:
        content = expanded(path).read_bytes()
    except OSError as error:
        raise DataError(f"A CSV with labels is needed. {path} cannot be read: {error.strerror}.") from error
    return relabelling(dataset, content, path.name)


def relabelling(dataset: Dataset, content: bytes, name: str = "the CSV") -> Relabel:
    """What `read_relabelling` reads, of a file that is in memory, such as an upload."""
    table = read_table(content)
    head = [column.strip().casefold() for column in table.header]
    noun = dataset.modality.noun.one
    item = next((place for place, column in enumerate(head) if column in {noun, ITEM}), None)
    if item is None or LABEL not in head:
        came = ", ".join(f"'{column}'" for column in table.header) or "none"
        raise DataError(f"The columns '{noun}' and '{LABEL}' are needed in {name}. It has {came}.")
    items = [table.cell(row, item) for row in table.rows]
    labels = [table.cell(row, head.index(LABEL)) for row in table.rows]
    empty = [number for number, label in enumerate(labels, start=2) if not label]
    task = dataset.info.task
    if task == "regression":
        labels = read_numbers(labels, name)
    elif empty and task == "classification":
        raise DataError(
            f"Each line of {name} needs a class. Line {empty[0]} has none. Write one, or leave the line out."
        )
    shas = Names(dataset.all_items()).find(items)
    return Relabel(labels=dict(zip(shas, labels, strict=True)))


def read_numbers(cells: Sequence[str], name: str) -> list[str]:
    """Read a column of numbers, with decimal points or, where there is no point at all, decimal commas.

    Raises:
        DataError: A cell is no number.
    """
    commas = any("," in cell for cell in cells) and not any("." in cell for cell in cells)
    found = []
    for line, cell in enumerate(cells, start=2):
        try:
            found.append(find_task("regression").read(cell.replace(",", ".") if commas else cell))
        except ValueError as error:
            raise DataError(f"Each line of {name} needs a number, such as 12.5. In line {line} {error}.") from error
    return found


def label_changes(dataset: Dataset) -> pd.DataFrame:
    """The items whose class is another one than they came with: the item, by its noun, its `label` and what it `was`.

    What comes out can be given to `read_relabelling`, for another dataset of the same items. Deleted items are
    left out.
    """
    items = dataset.all_items()
    items = items[items["state"] != DELETED].set_index("sha256")
    # A label of another task is compared as this one writes it.
    was = given_labels(dataset).reindex(items.index).map(lambda label: _as_written(label, dataset.info.task))
    changed = items["label"] != was
    names = Names(dataset.all_items()).of(items.index[changed].tolist())
    found = {
        dataset.modality.noun.one: names,
        LABEL: items.loc[changed, "label"].tolist(),
        "was": was[changed].tolist(),
    }
    return pd.DataFrame(found, dtype="str")


def _as_written(label: str, task: str) -> str:
    try:
        return find_task(task).read(label)
    except ValueError:
        return label
