"""A dataset's tables, read from the disk once for each version of the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from tlcore.data.dataset import Dataset
from tlcore.data.edits import operations
from tlcore.data.edits.operations import Entry
from tlcore.data.label_counts import count_labels

STATES = ("excluded", "deleted")
GONE = "The pictures are not here: their dataset was deleted, or the run was brought without it."


@dataclass(frozen=True)
class Past:
    """Every version, the oldest first; the edits that undo would take back and redo would make again."""

    entries: list[Entry]
    undo: Entry | None
    redo: Entry | None


def items(dataset: Dataset) -> pd.DataFrame:
    """Every picture in use. Shared between sessions: never change it."""
    return _items(str(dataset.path), stamp(dataset, "items.parquet", "edits.jsonl"))


def all_items(dataset: Dataset) -> pd.DataFrame:
    """Every picture, with its `state`. Shared between sessions: never change it."""
    return _all_items(str(dataset.path), stamp(dataset, "items.parquet", "edits.jsonl"))


def in_use(dataset: Dataset) -> pd.DataFrame:
    """Every picture in use, with its `state`, which is empty. Shared between sessions: never change it."""
    return _in_use(str(dataset.path), stamp(dataset, "items.parquet", "edits.jsonl"))


def triage(dataset: Dataset) -> pd.DataFrame:
    """What became of every file that was given. Shared between sessions: never change it."""
    return _triage(str(dataset.path), stamp(dataset, "triage.parquet", "edits.jsonl"))


def past(dataset: Dataset) -> Past:
    """Every version, and what undo and redo would do. Shared between sessions: never change it."""
    return _past(str(dataset.path), stamp(dataset, "dataset.json", "edits.jsonl", "version-names.json"))


def compared(dataset: Dataset, first: int, second: int) -> pd.DataFrame:
    """What differs between two versions. Shared between sessions: never change it."""
    return _compared(str(dataset.path), stamp(dataset, "edits.jsonl"), first, second)


def counts(dataset: Dataset) -> dict[str, int]:
    """The number of pictures of each class, in the order of the classes."""
    info = dataset.info
    counted = count_labels(items(dataset)["label"], info.classes, info.task)
    return {label: int(counted[label]) for label in info.classes}


def away(dataset: Dataset) -> dict[str, int]:
    """The number of pictures that are excluded and that are deleted."""
    counted = all_items(dataset)["state"].value_counts()
    return {state: int(counted.get(state, 0)) for state in STATES}


# cache_resource, not cache_data: a table of 20,000 pictures is read, not copied, for every session.
@st.cache_resource(max_entries=16, show_spinner=False)
def _items(path: str, stamp: tuple[int, ...]) -> pd.DataFrame:
    return _in_use(path, stamp).drop(columns="state")


@st.cache_resource(max_entries=4, show_spinner=False)
def _all_items(path: str, stamp: tuple[int, ...]) -> pd.DataFrame:
    return Dataset(Path(path)).all_items()


@st.cache_resource(max_entries=4, show_spinner=False)
def _in_use(path: str, stamp: tuple[int, ...]) -> pd.DataFrame:
    table = _all_items(path, stamp)
    return table[table["state"] == ""]


@st.cache_resource(max_entries=4, show_spinner=False)
def _triage(path: str, stamp: tuple[int, ...]) -> pd.DataFrame:
    return Dataset(Path(path)).triage()


@st.cache_resource(max_entries=4, show_spinner=False)
def _past(path: str, stamp: tuple[int, ...]) -> Past:
    dataset = Dataset(Path(path))
    return Past(operations.history(dataset), operations.next_undo(dataset), operations.next_redo(dataset))


@st.cache_resource(max_entries=4, show_spinner=False)
def _compared(path: str, stamp: tuple[int, ...], first: int, second: int) -> pd.DataFrame:
    return operations.compare(Dataset(Path(path)), first, second)


def stamp(dataset: Dataset, *names: str) -> tuple[int, ...]:
    """When the files were written and how long they are: another stamp is another version."""
    found = []
    for name in names:
        try:
            status = (dataset.path / name).stat()
            found += [status.st_mtime_ns, status.st_size]
        except OSError:
            found += [0, 0]
    return tuple(found)
