"""Decodes all items of a run into one store on the disk, so that another split can use the same store.

It knows the split's table and the pixel store. It does not know which part is for what: `items` and
`training.items` each take their own rows.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tlcore.data.dataset import open_dataset
from tlcore.data.store import PixelStore
from tlcore.memmap import MappedArrays, MappedRows
from tlcore.modalities import MODALITIES, Modality
from tlcore.progress import Progress
from tlcore.runs.run import Run
from tlcore.workspace import Workspace


@dataclass(frozen=True)
class Decoded:
    """All items of a run.

    Attributes:
        shas: Of the items, sorted; their places are the rows of the store.
    """

    store: PixelStore
    shas: tuple[str, ...]
    modality: Modality = MODALITIES["image"]

    @property
    def inputs(self) -> MappedArrays:
        """The arrays of every item, as the model's graph takes them in."""
        return MappedArrays({"pixels": self.store.pixels})

    def places(self, shas: Sequence[str]) -> npt.NDArray[np.int64]:
        """Find the rows of some of the items."""
        return np.searchsorted(np.array(self.shas), np.array(shas, dtype=str))

    def rows(self, shas: Sequence[str]) -> MappedRows:
        """The pixels of some of the items, `(n, size, size, 3)`, uint8."""
        return MappedRows(self.store.pixels, self.places(shas))


def decode(run: Run, workspace: Workspace) -> Generator[Progress, None, Decoded]:
    """Decode every item of a run, or find them decoded.

    Raises:
        DataError: The dataset is gone, or an item has been damaged since it was taken in.
    """
    dataset = open_dataset(workspace, run.dataset.id)
    table = run.split().drop_duplicates("sha256").sort_values("sha256")
    shas = tuple(table["sha256"])
    store = yield from PixelStore.open_or_build(
        [dataset.image_path(file) for file in table["file"]],
        shas,
        size=run.config.input.size,
        policy=run.config.input.resize,
        cache=workspace.cache,
        value_range=run.dataset.value_range,
    )
    return Decoded(store, shas)


def find_decoded(run: Run, workspace: Workspace) -> Decoded | None:
    """The store of every item where it is there already."""
    shas = tuple(sorted(set(run.split()["sha256"])))
    store = PixelStore.find(
        shas,
        size=run.config.input.size,
        policy=run.config.input.resize,
        cache=workspace.cache,
        value_range=run.dataset.value_range,
    )
    return None if store is None else Decoded(store, shas)
