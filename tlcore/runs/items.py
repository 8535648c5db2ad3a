"""Reads the items of a run as arrays: all of them in one store, those that training sees, and those of any one part.

It knows the split of a run and the store of arrays. It does not know what an item is, nor backends. Training takes
`read_items` alone, which has no test item in it; a test holds that.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tlcore.data.dataset import open_dataset
from tlcore.data.split.stratify import together
from tlcore.data.store import ArrayStore
from tlcore.memmap import MappedArrays, MappedRows
from tlcore.modalities import BEFORE, MODALITIES, Modality, find_modality
from tlcore.progress import Progress
from tlcore.runs.run import Run
from tlcore.tasks import find_task
from tlcore.tasks.task import Targets
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("train", "val")


# === All items ===


@dataclass(frozen=True)
class Decoded:
    """All items of a run in one store, so that a run with another split can use the same.

    Attributes:
        shas: Of the items, sorted; their places are the rows of the store.
    """

    store: ArrayStore
    shas: tuple[str, ...]
    modality: Modality = MODALITIES[BEFORE]

    @property
    def inputs(self) -> MappedArrays:
        """The arrays of every item, as the model's graph takes them in."""
        return self.store.inputs

    def places(self, shas: Sequence[str]) -> npt.NDArray[np.int64]:
        """Find the rows of some of the items."""
        return np.searchsorted(np.array(self.shas), np.array(shas, dtype=str))

    def only(self, shas: Sequence[str]) -> MappedArrays:
        """Choose some of the items, without reading them."""
        return self.inputs.only(self.places(shas))

    def rows(self, shas: Sequence[str]) -> MappedRows:
        """Choose some of the items; of each its first array, `(n, …)`, which is all that most models take in."""
        return self.only(shas).first


def decode(run: Run, workspace: Workspace) -> Generator[Progress, None, Decoded]:
    """Decode every item of a run, or find them decoded.

    Raises:
        DataError: The dataset is gone, or an item has been damaged since it was taken in.
    """
    dataset = open_dataset(workspace, run.dataset.id)
    table = run.split().drop_duplicates("sha256").sort_values("sha256")
    paths, shas = [dataset.image_path(file) for file in table["file"]], tuple(table["sha256"])
    store = yield from ArrayStore.open_or_build(paths, shas, run.input, workspace.cache)
    return Decoded(store, shas, find_modality(run.input.modality))


def find_decoded(run: Run, workspace: Workspace) -> Decoded | None:
    """Find the store of every item where it is there already."""
    shas = tuple(sorted(set(run.split()["sha256"])))
    store = ArrayStore.find(shas, run.input, workspace.cache)
    return None if store is None else Decoded(store, shas, find_modality(run.input.modality))


# === Of training and validation ===


@dataclass(frozen=True)
class Items:
    """The items of the training or the validation set.

    Attributes:
        inputs: The arrays that the model takes in, by name, `(n, …)` each, on disk.
        targets: One row for each item, as the run's task has them.
        shas: What the arrays were made from, in the same order.
        decoded: Where the arrays lie, beside those of the other parts.
        groups: A text for each item, equal for items that must never be on two sides; empty for one alone.
    """

    inputs: MappedArrays
    targets: Targets
    shas: tuple[str, ...]
    decoded: Decoded
    groups: tuple[str, ...] = ()


def read_items(run: Run, workspace: Workspace) -> Generator[Progress, None, dict[str, Items]]:
    """Decode the items, or find them decoded, and give those of training and validation.

    The test items are decoded along: with another seed they are for training, and nothing has to be done again.

    Raises:
        DataError: The dataset is gone, or an item has been damaged since it was taken in.
    """
    decoded = yield from decode(run, workspace)
    table = run.split()
    task = find_task(run.dataset.task)
    found = {}
    for part in PARTS:
        rows = table[table["split"] == part]
        targets = task.targets(list(rows["label"]), run.dataset.classes)
        shas = tuple(rows["sha256"])
        groups = tuple(rows["group"]) if "group" in rows else ("",) * len(rows)  # runs of long ago have none
        found[part] = Items(decoded.only(shas), targets, shas, decoded, groups)
    return found


def units(*parts: Items) -> npt.NDArray[np.int64] | None:
    """Number the groups of the items of these parts, in turn; None if there are no groups."""
    shas = [sha for part in parts for sha in part.shas]
    groups = [group for part in parts for group in part.groups or ("",) * len(part.shas)]
    numbers = together(shas, groups)
    return numbers if len(np.unique(numbers)) < len(numbers) else None


# === Of a part that judges ===


@dataclass(frozen=True)
class TestItems:
    """The items of one part of a run, usually the test set, in the order of its `split.parquet`.

    Attributes:
        rows: `sha256, file, label`.
        paths: The originals.
        inputs: The arrays that the model takes in, by name, `(n, …)` each, on disk.
        settings: With which the files became these arrays.
    """

    __test__ = False  # pytest takes every name that begins so for a test

    rows: pd.DataFrame
    paths: tuple[Path, ...]
    inputs: MappedArrays
    settings: Any

    def only(self, places: npt.NDArray[np.int64]) -> TestItems:
        """Choose some of them, without reading them."""
        paths = tuple(self.paths[place] for place in places)
        return TestItems(self.rows.iloc[places].reset_index(drop=True), paths, self.inputs.only(places), self.settings)

    @property
    def arrays(self) -> Mapping[str, MappedRows]:
        """Each array by itself."""
        return self.inputs.each

    @property
    def pixels(self) -> MappedRows:
        """The first array, which is all that most models take in."""
        return self.inputs.first


def read_test_items(run: Run, workspace: Workspace) -> Generator[Progress, None, TestItems]:
    """Decode the test items, or find them decoded.

    Raises:
        DataError: The dataset is gone, or an item has been damaged since it was taken in.
    """
    return (yield from read_part(run, workspace, "test"))


def read_part(run: Run, workspace: Workspace, part: str) -> Generator[Progress, None, TestItems]:
    """Decode the items of a part (`train`, `val`, `test`), or find them decoded.

    Raises:
        DataError: The dataset is gone, or an item has been damaged since it was taken in.
    """
    split = run.split()
    rows = split.loc[split["split"] == part, ["sha256", "file", "label"]].reset_index(drop=True)
    dataset = open_dataset(workspace, run.dataset.id)
    paths, shas = tuple(dataset.image_path(file) for file in rows["file"]), tuple(rows["sha256"])
    if not paths:
        spec = find_modality(run.input.modality).spec(run.input)
        arrays = {each.name: np.empty((0, *each.shape), each.dtype) for each in spec}
        return TestItems(rows, (), MappedArrays(arrays), run.input)
    if (decoded := find_decoded(run, workspace)) is not None:
        return TestItems(rows, paths, decoded.only(shas), run.input)
    # A run of long ago, judged again: the other items are of no use.
    store = yield from ArrayStore.open_or_build(paths, shas, run.input, workspace.cache)
    return TestItems(rows, paths, store.inputs, run.input)
