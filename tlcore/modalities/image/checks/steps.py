"""The steps of a check that are about pictures: measures, traits of files, copies, frames of a video."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.errors import ItemError
from tlcore.modalities.checks import Finding, ItemTable, Pairs, Trait
from tlcore.modalities.image.checks.frames import group_findings
from tlcore.modalities.image.checks.near_duplicates import near_pairs
from tlcore.modalities.image.checks.perceptual_hash import SIDE
from tlcore.modalities.image.checks.quality import fault_findings
from tlcore.modalities.image.image_statistics import TINT_SIDE, border, cameras, measure
from tlcore.modalities.image.pixels import open_picture
from tlcore.progress import Pace, Progress


class PictureChecks:
    """Looks for what is wrong with pictures; `measure` comes first, since copies are told by what it keeps."""

    def __init__(self, items: ItemTable) -> None:
        self._items = items
        number = len(items.table)
        self._thumbnails = np.empty((number, SIDE, SIDE), np.uint8)
        self._tints = np.empty((number, TINT_SIDE, TINT_SIDE, 2), np.int16)

    def measure(self) -> Generator[Progress, None, tuple[pd.DataFrame, list[Finding]]]:
        """Measure light, sharpness and size of every picture."""
        measures = yield from measure(self._items.arrays["pixels"], self._thumbnails, self._tints)
        return measures, fault_findings(self._items.table, measures)

    def traits(self, some: Sequence[int]) -> Generator[Progress, None, Mapping[str, Trait]]:
        """Read size, format and camera of every picture, and the border of some."""
        table = self._items.table
        formats = table["file"].str.rsplit(".", n=1).str[-1].str.upper()
        sizes = table["width"].astype(str) + " × " + table["height"].astype(str)
        taken = pd.Series(cameras(self._items.paths), index=table.index, dtype=str)
        return {
            "size": Trait(sizes, "are {value} pixels in size"),
            "format": Trait(formats, "are {value} files"),
            "camera": Trait(taken, "were taken with {value}", "name no camera"),
            "border": Trait((yield from self._borders(some)), "have a border ({value})", "have no border"),
        }

    def copies(self, compact: npt.NDArray[np.float32]) -> Generator[Progress, None, Pairs]:
        """Find pictures that are copies of one another."""
        return (yield from near_pairs(self._thumbnails, compact, tints=self._tints))

    def groups(self, compact: npt.NDArray[np.float32]) -> Generator[Progress, None, list[Finding]]:
        """Find frames of one video."""
        return (yield from group_findings(self._items.table, self._thumbnails, compact))

    def _borders(self, some: Sequence[int]) -> Generator[Progress, None, pd.Series[str]]:
        """Find bars around pictures: in the whole files, as their decoded pixels may have been cropped."""
        pace, found = Pace(len(some), "Looking for borders"), []
        value_range = self._items.reading.get("value_range")
        for row in some:
            try:
                small = open_picture(self._items.paths[row], side=64, value_range=value_range)
            except (ItemError, ValueError):
                found.append("")
                continue
            small.thumbnail((96, 96))
            found.append(border(small))
            if pace.due():
                yield pace.at(len(found))
        return pd.Series(found, index=self._items.table.index[list(some)], dtype=str)
