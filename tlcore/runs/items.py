"""Finds the test items of a run: which they are, where their files are, and their pixels.

It knows the split and the pixel store. Training never imports this module: it must not see the test items.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlcore.data.dataset import open_dataset
from tlcore.data.store import PixelStore
from tlcore.memmap import MappedRows
from tlcore.modalities.image.pixels import ValueRange
from tlcore.progress import Progress
from tlcore.runs.decoded import find_decoded
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TestItems:
    """One part of a run, usually the test set, in the order of its `split.parquet`.

    Attributes:
        rows: `sha256, file, label`.
        paths: The originals.
        pixels: `(n, size, size, 3)`, uint8; on the disk.
        value_range: With which grey items of more than 8 bits became pixels.
    """

    __test__ = False  # pytest takes every name that begins so for a test

    rows: pd.DataFrame
    paths: tuple[Path, ...]
    pixels: MappedRows
    value_range: ValueRange | None = None

    @property
    def arrays(self) -> Mapping[str, MappedRows]:
        """What a model sees of them, by name, `(n, …)` each; on the disk."""
        return {"pixels": self.pixels}


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
    config = run.config
    split = run.split()
    rows = split.loc[split["split"] == part, ["sha256", "file", "label"]].reset_index(drop=True)
    dataset = open_dataset(workspace, run.dataset.id)
    paths = tuple(dataset.image_path(file) for file in rows["file"])
    if not paths:
        return TestItems(rows, (), MappedRows(np.empty((0, config.input.size, config.input.size, 3), np.uint8)))
    if (decoded := find_decoded(run, workspace)) is not None:
        return TestItems(rows, paths, decoded.rows(tuple(rows["sha256"])), run.dataset.value_range)
    # A run of long ago, judged again: the other items are of no use.
    store = yield from PixelStore.open_or_build(
        list(paths),
        list(rows["sha256"]),
        size=config.input.size,
        policy=config.input.resize,
        cache=workspace.cache,
        value_range=run.dataset.value_range,
    )
    return TestItems(rows, paths, MappedRows(store.pixels), run.dataset.value_range)
