"""Pictures to calibrate and to choose by when a model is brought to 8 bits: never test pictures.

It knows the split and how a picture becomes pixels. It does not know models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.data.dataset import open_dataset
from tlcore.errors import ExportError
from tlcore.inference.contract import read_labels
from tlcore.modalities.image.pixels import read_pixels
from tlcore.runs.run import Run
from tlcore.tasks.classification.class_codes import class_codes
from tlcore.threads import map_bounded
from tlcore.workspace import Workspace


@dataclass(frozen=True)
class Sample:
    """Pictures `(n, size, size, 3)`, uint8, and their labels `(n,)`, positions in the classes."""

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]


def sample(run: Run, part: str, most: int) -> Sample:
    """At most so many pictures of a part of the split, spread evenly over it, by class; the same ones every time.

    Raises:
        ExportError: There are none, or one cannot be read any more.
        DataError: The dataset is gone.
    """
    labels = read_labels(run.path)
    dataset = open_dataset(Workspace(run.path.parent.parent), run.dataset.id)
    split = run.split()
    rows = split[split["split"] == part].sort_values("label", kind="stable")
    if rows.empty:
        raise ExportError(f"A model is brought to 8 bits by looking at pictures. The run has no '{part}' pictures.")
    rows = rows.iloc[np.unique(np.linspace(0, len(rows) - 1, most).astype(int))]

    def read(file: str) -> npt.NDArray[Any]:
        return read_pixels(dataset.image_path(file), labels.image_size, labels.resize, labels.value_range)

    try:
        pixels = np.stack(list(map_bounded(read, rows["file"])))
    except (OSError, ValueError) as error:
        raise ExportError(f"A picture of the run cannot be read any more: {error}") from error
    return Sample(pixels, class_codes(rows["label"], labels.labels))
