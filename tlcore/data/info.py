"""What is known about a dataset beside its items, and how its tables lie on the disk.

It knows `dataset.json`, the columns of the tables and what makes two datasets equal. It does not know edits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

from tlcore.errors import WorkspaceError
from tlcore.files import read_parquet, replacing
from tlcore.items import Reading
from tlcore.modalities import Modality, find_modality

FILES, PREVIEWS = "images", "thumbnails"  # folders of a dataset; they are called so whatever its items are
TRIAGE_COLUMNS = ("source", "outcome", "reason")
# Words that come again and again; to look for repetitions among hashes only takes time.
_REPEATING = ("label", "split", "group", "flags", "state", "outcome", "reason")


class DatasetInfo(BaseModel):
    """`dataset.json`.

    Attributes:
        classes: In the order of the model's outputs: sorted at first; those that an edit brings come last.
        colours: `#rrggbb` of each class that was given one.
        modality: What an item is: a key of `modalities.MODALITIES`.
        task: What an answer is: a key of `tasks.TASKS`.
        value_name, unit: Of the number that each item has, for people; empty for other tasks.
        version: 1 when it is made, one more with every edit, undo and redo.
        fingerprint: Of which bytes have which label; equal fingerprints mean equal items in use and equal labels.
        notes: Sentences to show with the dataset, such as which columns of a CSV were taken.
        additions: The versions in which items were added that are part of it now.
        reading: How each item is read, as far as all of them decide it; `value_range` in datasets of before.
        edits_bytes: How much of `edits.jsonl` the tables hold; None in datasets of a Graft that did not keep it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    id: str
    name: str
    classes: tuple[str, ...]
    colours: dict[str, str] = Field(default_factory=dict)
    modality: str = "image"
    task: str = "classification"
    value_name: str = ""
    unit: str = ""
    version: int = 1
    fingerprint: str
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))
    notes: tuple[str, ...] = ()
    additions: tuple[int, ...] = ()
    reading: Reading = Field(default_factory=dict, validation_alias=AliasChoices("reading", "value_range"))
    edits_bytes: int | None = None

    @field_validator("modality")
    @classmethod
    def _is_known(cls, key: str) -> str:
        return find_modality(key).key

    @property
    def kind(self) -> Modality:
        """The modality itself."""
        return find_modality(self.modality)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of `items.parquet`, among them the facts of the modality."""
        return item_columns(self.kind)


def item_columns(modality: Modality) -> tuple[str, ...]:
    """Name the columns of `items.parquet` of a dataset."""
    return ("sha256", "file", "label", "split", "group", *modality.facts, "source", "flags")


def fingerprint(items: pd.DataFrame) -> str:
    """Hash which bytes have which label; order, names and splits do not matter."""
    # A line for each item, in order. Arrow joins and sorts 100,000 of them in a tenth of the time that lists take.
    shas, labels = _text(items["sha256"]), _text(items["label"])
    pairs = pc.binary_join_element_wise(shas, labels, _word("\0"))
    in_order = pc.binary_join_element_wise(pairs.take(pc.sort_indices(pairs)), _word(""), _word("\n"))
    whole = pc.binary_join(pa.ListArray.from_arrays([0, len(in_order)], in_order), _word(""))[0]
    return hashlib.sha256(whole.as_buffer()).hexdigest()


def places(shas: Collection[str] | pd.Series[str], among: pd.Series[str]) -> npt.NDArray[np.int64]:
    """The row of each item among others, -1 where it is not one of them."""
    wanted = _text(shas if isinstance(shas, pd.Series) else list(shas))
    found = pc.fill_null(pc.index_in(wanted, value_set=_text(among)), -1)
    return np.asarray(found, dtype=np.int64)


def _text(column: pd.Series[Any] | list[str]) -> Any:
    array = pa.array(column, pa.large_string())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _word(word: str) -> Any:
    return pa.scalar(word, pa.large_string())


def read_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a table, columns that are not asked for after the others.

    Raises:
        WorkspaceError: The table is missing or damaged, or lacks a column.
    """
    try:
        table = read_parquet(path)
        return table[[*columns, *(name for name in table.columns if name not in columns)]]
    except (OSError, ValueError, KeyError) as error:
        raise WorkspaceError(
            f"The table {path.name} is needed in {path.parent}. It could not be read: {error}. "
            "Restore it from a copy, or delete the dataset."
        ) from error


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table in one step; equal tables give equal bytes."""
    repeating = [name for name in _REPEATING if name in table.columns]
    with replacing(path) as beside:
        # Hashes hardly get smaller, and all else is little: written and read as it is, it takes half the time.
        table.to_parquet(beside, index=False, use_dictionary=repeating, compression=None)
