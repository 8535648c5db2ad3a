"""Small copies of many pictures side by side in one, for a map that shows them beside the pointer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlcore.modalities.analysis import mosaic_across

TILE = 48  # pixels


def write_mosaic(path: Path, count: int, pictures: Iterable[npt.NDArray[np.uint8]]) -> Iterator[int]:
    """Write a JPEG with a small copy of each picture `(size, size, 3)`, row by row from the top left."""
    across = mosaic_across(count)
    mosaic = Image.new("RGB", (across * TILE, max(1, -(-count // across)) * TILE))
    for place, pixels in enumerate(pictures):
        small = Image.fromarray(pixels).resize((TILE, TILE), Image.Resampling.BICUBIC, reducing_gap=2.0)
        down, along = divmod(place, across)
        mosaic.paste(small, (along * TILE, down * TILE))
        yield place
    mosaic.save(path, "JPEG", quality=80)
