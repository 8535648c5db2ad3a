"""Small copies of many pictures side by side in one, for a map that shows them beside the pointer."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

TILE = 48  # pixels


def blank_atlas(count: int) -> Image.Image:
    """Make an empty picture for so many small copies, about as many in a row as there are rows."""
    across = atlas_across(count)
    return Image.new("RGB", (across * TILE, max(1, -(-count // across)) * TILE))


def put_tile(atlas: Image.Image, place: int, pixels: npt.NDArray[np.uint8]) -> None:
    """Put a small copy of a picture `(size, size, 3)` into its place: places run along the rows, from the top left."""
    small = Image.fromarray(pixels).resize((TILE, TILE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    down, along = divmod(place, atlas.width // TILE)
    atlas.paste(small, (along * TILE, down * TILE))


def atlas_across(count: int) -> int:
    """Count the tiles that stand side by side."""
    return max(1, math.ceil(math.sqrt(count)))
