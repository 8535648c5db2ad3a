"""The parts of a dataset's items as they are kept: `parts.parquet`, and what can be read from it.

It knows the part of every item that ever had one, and how the parts were drawn. It does not know how that is done,
which is `locked`'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow.parquet as pq
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field

from tlcore import disk
from tlcore.data.dataset import Dataset
from tlcore.data.label_counts import count_labels
from tlcore.data.split.grouping import NEAR_DUPLICATES, asks_for_check, parse
from tlcore.data.split.stratify import PARTS
from tlcore.errors import WorkspaceError
from tlcore.files import read_parquet, replacing
from tlcore.modalities import Modality

GROUPING = (NEAR_DUPLICATES,)
SHARES = {"train": 0.70, "val": 0.15, "test": 0.15}


class Draw(BaseModel):
    """How the parts of a dataset were drawn.

    Attributes:
        draw: 1 for the first, one more each time that they were drawn anew.
        seed, train, val, test: What they were drawn with; the shares add up to 1.
        grouping: What makes items belong together, as `grouping.parse` reads it.
        given: The parts that the items came with; they are never drawn.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    draw: int = 1
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    seed: int = 0
    train: float = SHARES["train"]
    val: float = SHARES["val"]
    test: float = SHARES["test"]
    grouping: tuple[str, ...] = GROUPING
    given: tuple[str, ...] = ()

    @property
    def shares(self) -> dict[str, float]:
        return {"train": self.train, "val": self.val, "test": self.test}


@dataclass(frozen=True)
class Parts:
    """The parts of the items in use.

    Attributes:
        draw: How they were drawn.
        table: `sha256`, `file`, `label`, `split` (empty for an item that is left out) and `group` (equal for
            items that stay together, empty for one that stands alone); one row for each of the items, in their
            order.
        notes: What a person should know, in sentences.
        gave_up: Where groups kept a class from having its share, in sentences.
        task, modality: Those of the dataset.
    """

    draw: Draw
    table: pd.DataFrame
    notes: tuple[str, ...]
    gave_up: tuple[str, ...]
    modality: Modality
    task: str

    @property
    def looked_for_copies(self) -> bool:
        """Whether the check has looked for near-copies in every item."""
        return not any(asks_for_check(note) for note in self.notes)

    @property
    def groups(self) -> int:
        """How many groups of two items or more there are."""
        return int(self.table["group"].nunique()) - int((self.table["group"] == "").any())

    @property
    def left_out(self) -> int:
        return int((self.table["split"] == "").sum())

    @property
    def grouped(self) -> str:
        """What stays together, in a sentence."""
        rules = [parse(rule).says(self.modality) for rule in self.draw.grouping]
        together = int((self.table["group"] != "").sum())
        if not together:
            return f"{_capital(' and '.join(rules))} stay together; none are known here." if rules else ""
        items = self.modality.noun.counted(together)
        rules = rules or [f"{self.modality.noun.many} of one group"]
        return f"{_capital(', '.join(rules))} stay together: {items} in {self.groups:,} groups."

    def counts(self, classes: Sequence[str]) -> dict[str, dict[str, int]]:
        """Count the items in each part, for each class; with several labels one counts for each."""
        found = {part: self.table.loc[self.table["split"] == part, "label"] for part in PARTS}
        counted = {part: count_labels(labels, classes, self.task) for part, labels in found.items()}
        return {label: {part: counted[part][label] for part in PARTS} for label in classes}

    def sizes(self) -> dict[str, int]:
        """Count the items in each part."""
        return {part: int((self.table["split"] == part).sum()) for part in PARTS}


@dataclass(frozen=True)
class Stored:
    """What the file has: how the parts were drawn, and the part of each item by its hash."""

    draw: Draw
    parts: dict[str, str]


def read_draw(dataset: Dataset) -> Draw | None:
    """How the parts were drawn; None where nothing was drawn yet. The parts themselves are not read.

    Raises:
        WorkspaceError: The file is damaged.
    """
    path = stored_in(dataset)
    if not path.exists():
        return None
    try:
        attributes = json.loads(pq.read_schema(path).metadata[b"PANDAS_ATTRS"])
        return Draw.model_validate(attributes["draw"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, error) from error


@contextmanager
def locking(dataset: Dataset) -> Iterator[None]:
    """Let nobody else draw or add while the block lasts."""
    with disk.writing(dataset.path), _lock(dataset):
        yield


def reading(dataset: Dataset) -> AbstractContextManager[None]:
    """Let nobody draw or add while the block lasts, where anything can be written at all."""
    return disk.reading(_lock(dataset))


def _lock(dataset: Dataset) -> FileLock:
    return FileLock(dataset.path / ".parts.lock")


def stored_in(dataset: Dataset) -> Path:
    return dataset.path / "parts.parquet"


def read_stored(dataset: Dataset) -> Stored | None:
    """What the file has; None where nothing was drawn yet.

    Raises:
        WorkspaceError: The file is damaged.
    """
    path = stored_in(dataset)
    if not path.exists():
        return None
    try:
        table = read_parquet(path)
        draw = Draw.model_validate(table.attrs["draw"])
        return Stored(draw, dict(zip(table["sha256"].tolist(), table["part"].tolist(), strict=True)))
    except (OSError, ValueError, KeyError) as error:  # a schema that does not fit is a ValueError, too
        raise _damaged(path, error) from error


def write_stored(dataset: Dataset, stored: Stored) -> None:
    """The parts and how they were drawn, in one file, so that neither is ever without the other."""
    table = pd.DataFrame({"sha256": list(stored.parts), "part": list(stored.parts.values())}, dtype="str")
    table.attrs = {"draw": stored.draw.model_dump(mode="json")}
    with replacing(stored_in(dataset)) as beside_it:
        table.to_parquet(beside_it, index=False)


def _damaged(path: Path, error: Exception) -> WorkspaceError:
    return WorkspaceError(
        f"The split of the dataset is needed in {path}. It could not be read: {error}. Restore it from a copy, or "
        "delete it: then the next run draws a new one."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
