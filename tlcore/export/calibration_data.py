"""Items to calibrate and to choose by when a model is brought to 8 bits: never test items.

It knows the split and how an item becomes pixels. It does not know models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.contract import read_contract
from tlcore.data.dataset import open_dataset
from tlcore.errors import ExportError
from tlcore.modalities.image.pixels import read_pixels
from tlcore.runs.run import Run
from tlcore.tasks import Task
from tlcore.threads import map_bounded
from tlcore.workspace import Workspace


@dataclass(frozen=True)
class Sample:
    """Items `(n, size, size, 3)`, uint8, and what is right for each, as their task has it."""

    pixels: npt.NDArray[np.uint8]
    targets: npt.NDArray[Any]
    task: Task


def sample(run: Run, part: str, most: int) -> Sample:
    """At most so many items of a part of the split, spread evenly over it, by class; the same ones every time.

    Raises:
        ExportError: There are none, or one cannot be read any more.
        DataError: The dataset is gone.
    """
    contract = read_contract(run.path)
    settings = contract.input
    dataset = open_dataset(Workspace(run.path.parent.parent), run.dataset.id)
    split = run.split()
    rows = split[split["split"] == part].sort_values("label", kind="stable")
    if rows.empty:
        raise ExportError(f"A model is brought to 8 bits by looking at pictures. The run has no '{part}' pictures.")
    rows = rows.iloc[np.unique(np.linspace(0, len(rows) - 1, most).astype(int))]

    def read(file: str) -> npt.NDArray[Any]:
        return read_pixels(dataset.image_path(file), settings.size, settings.resize, settings.value_range)

    try:
        pixels = np.stack(list(map_bounded(read, rows["file"])))
    except (OSError, ValueError) as error:
        raise ExportError(f"A picture of the run cannot be read any more: {error}") from error
    return Sample(pixels, contract.kind.targets(list(rows["label"]), contract.classes), contract.kind)
