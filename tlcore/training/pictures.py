"""The pictures of a run as arrays: pixels and answers of the training and the validation part.

It knows the split and the pixel store. It never opens a test picture, and it needs no backend.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.data.dataset import open_dataset
from tlcore.data.progress import Progress
from tlcore.data.store import PixelStore
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

PARTS = ("train", "val")


@dataclass(frozen=True)
class Pictures:
    """The pictures of one part.

    Attributes:
        pixels: `(n, size, size, 3)`, uint8, on disk.
        labels: Positions in the dataset's classes.
        shas: What the pixels were made from, in the same order.
    """

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    shas: tuple[str, ...]


def read_pictures(run: Run, workspace: Workspace) -> Generator[Progress, None, dict[str, Pictures]]:
    """Decode the training and validation pictures, or find them decoded.

    Raises:
        DataError: The dataset is gone, or a picture has been damaged since it was taken in.
    """
    config, about = run.config, run.dataset
    dataset = open_dataset(workspace, about.id)
    table = run.split()
    table = pd.concat([table[table["split"] == part] for part in PARTS])
    store = yield from PixelStore.open_or_build(
        [dataset.image_path(file) for file in table["file"]],
        list(table["sha256"]),
        size=config.image_size,
        policy=config.resize,
        cache=workspace.cache,
    )
    number = {name: index for index, name in enumerate(about.classes)}
    labels = np.array([number[label] for label in table["label"]], np.int64)
    shas, where = np.array(table["sha256"]), np.array(table["split"])
    # The parts lie one after the other, so each is a slice of the memory map, not a copy.
    starts = {part: int(np.argmax(where == part)) for part in PARTS}
    counts = {part: int(np.count_nonzero(where == part)) for part in PARTS}
    return {
        part: Pictures(store.pixels[rows], labels[rows], tuple(shas[rows]))
        for part, rows in ((part, slice(starts[part], starts[part] + counts[part])) for part in PARTS)
    }
