"""A dataset on disk: a folder with the items as given, one table of items, and what is known about them.

It knows how a dataset is read, renamed and deleted. It does not know where items come from, which is `intake`'s, nor
how they are edited, which is `edits`'.

    dataset.json      name, classes, version, fingerprint, notes
    items.parquet     one row for each item
    triage.parquet    what became of each file that was given at first
    edits.jsonl       what was changed after the dataset was made; `edit_log` says what lies beside it
    images/           the items, named by their SHA-256
    thumbnails/       made when they are asked for; safe to delete
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tlcore import disk
from tlcore.data.edits.log import editing, settle, triage
from tlcore.data.info import FILES, PREVIEWS, TRIAGE_COLUMNS, DatasetInfo, fingerprint, read_table
from tlcore.data.label_counts import count_labels
from tlcore.errors import DataError, WorkspaceError
from tlcore.files import remove_tree, write_bytes, write_json
from tlcore.items import Reading
from tlcore.modalities import Modality
from tlcore.workspace import Workspace

__all__ = [
    "TRIAGE_COLUMNS",
    "Dataset",
    "DatasetInfo",
    "broken_datasets",
    "fingerprint",
    "list_datasets",
    "open_dataset",
]


@dataclass(frozen=True)
class Dataset:
    """A handle: a path and verbs. Nothing is kept in memory."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def info(self) -> DatasetInfo:
        return settle(self.path)

    @property
    def modality(self) -> Modality:
        """What the items are."""
        return self.info.kind

    def items(self) -> pd.DataFrame:
        """The table of items in use, one row for each; those that were excluded or deleted are not among them.

        Its columns: `sha256`, `file` (below `images/`), `label`, `split` (`train`, `val`, `test`, or empty where none
        was given), `group` (items that must stay on one side of a split; mostly empty), the facts of the modality,
        `source` (where it came from) and `flags` (what is unusual about it, comma-separated).
        """
        table, columns = self._table()
        in_use = table[table["state"] == ""].reset_index(drop=True) if "state" in table else table
        return in_use[columns]

    def all_items(self) -> pd.DataFrame:
        """Every item: the columns of `items`, and `state` (empty for those in use, `excluded` or `deleted`)."""
        table, columns = self._table()
        return table[[*columns, "state"]] if "state" in table else table[columns].assign(state="")

    def _table(self) -> tuple[pd.DataFrame, list[str]]:
        """The table as it is, and the columns that every dataset of this modality has."""
        columns = self.info.columns
        return read_table(self.path / "items.parquet", columns), list(columns)

    def triage(self) -> pd.DataFrame:
        """What became of every file that was given: `source`, `outcome` (kept, fixed, left out) and `reason`."""
        return triage(self.path, self.info)

    def counts(self) -> dict[str, int]:
        """Count the items of each class, in the order of the classes; with several labels one counts for each."""
        info = self.info
        return count_labels(self.items()["label"], info.classes, info.task)

    def size(self) -> int:
        """Count the items in use."""
        return len(self.items())

    def image_path(self, file: str) -> Path:
        return self.path / FILES / file

    def settling_paths(self) -> list[Path]:
        """The items in use that decide together how they are read."""
        items, settling = self.items(), self.modality.settling
        return [self.image_path(file) for file in items.loc[settling.concerns(items), "file"]] if settling else []

    def thumbnail(self, file: str, side: int = 160, *, reading: Reading | None = None) -> bytes:
        """A small file that shows an item, `side` large, as its modality does; made once, then kept.

        A `reading` is a run's; without one it is the dataset's own.

        Raises:
            ItemError: The item is not there, or has been damaged since it was taken in.
        """
        info = self.info
        return kept_preview(self.path, file, side, info.kind, info.reading if reading is None else reading)

    def rename(self, name: str) -> None:
        """Give the dataset another name; its id and so its place stay.

        Raises:
            DataError: The name is empty.
        """
        if not name.strip():
            raise DataError("A dataset needs a name. Received an empty one. Write at least one letter.")
        with editing(self.path):
            write_json(self.path / "dataset.json", self.info.model_copy(update={"name": name.strip()}))

    def delete(self) -> None:
        """Delete the dataset with its items. Runs made from it keep their results."""
        remove_tree(self.path)


def kept_preview(folder: Path, file: str, side: int, modality: Modality, reading: Reading) -> bytes:
    """Show an item of a dataset or an inbox small, from what is kept beside it or else anew.

    Raises:
        ItemError: It can no longer be read.
    """
    read = "".join(f"-{value!r}" for values in reading.values() for value in np.atleast_1d(values).tolist())
    path = folder / PREVIEWS / f"{Path(file).stem}-{side}{read}{modality.preview_suffix}"
    try:
        return path.read_bytes()
    except OSError:
        content = modality.preview(folder / FILES / file, side, reading)
        with disk.keeping():
            write_bytes(path, content)
        return content


def list_datasets(workspace: Workspace) -> list[Dataset]:
    """Every dataset that can be read, newest first."""
    return [dataset for dataset in _folders(workspace) if not _fault(dataset)]


def broken_datasets(workspace: Workspace) -> list[tuple[str, str]]:
    """The id of every dataset that cannot be read, and why."""
    return [(dataset.id, fault) for dataset in _folders(workspace) if (fault := _fault(dataset))]


def open_dataset(workspace: Workspace, id_or_name: str) -> Dataset:
    """Find a dataset by its id, or else by its name; of equal names the newest.

    Raises:
        DataError: There is none.
    """
    datasets = list_datasets(workspace)
    for dataset in datasets:
        if dataset.id == id_or_name:
            return dataset
    for dataset in datasets:
        if dataset.info.name == id_or_name:
            return dataset
    for id_, fault in broken_datasets(workspace):
        if id_ == id_or_name:
            raise DataError(fault)
    known = ", ".join(f"'{dataset.info.name}'" for dataset in datasets[:10]) or "none yet"
    raise DataError(f"A dataset's id or name is needed. '{id_or_name}' is not one. There is: {known}.")


def _folders(workspace: Workspace) -> Iterable[Dataset]:
    try:
        found = [path for path in workspace.datasets.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError:
        return []
    return [Dataset(path) for path in sorted(found, reverse=True)]


def _fault(dataset: Dataset) -> str:
    """Say why a dataset cannot be read; empty where it can. The tables are only looked for: lists must stay quick."""
    try:
        _ = dataset.info
    except WorkspaceError as error:
        return str(error)
    missing = [name for name in ("items.parquet", FILES) if not (dataset.path / name).exists()]
    if missing:
        return f"The dataset in {dataset.path} needs {' and '.join(missing)}, but lacks it. Delete it, or restore it."
    return ""
