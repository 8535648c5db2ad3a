"""Small copies of pictures: for a grid on a page, for a report, for another model."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlcore.errors import ItemError
from tlcore.items import Reading
from tlcore.modalities.image.pixels import open_picture
from tlcore.modalities.image.value_range import range_of

SUFFIX = ".jpg"


def preview(path: Path, side: int, reading: Reading) -> bytes:
    """Make a small JPEG of a picture file, its longer side at most `side` pixels.

    Raises:
        ItemError: It can no longer be read.
    """
    try:
        picture = open_picture(path, side=side, value_range=range_of(reading))
    except ValueError as error:
        raise ItemError(f"The picture {path.name} can no longer be read. {error}") from error
    picture.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    stream = BytesIO()
    picture.save(stream, "JPEG", quality=85)
    return stream.getvalue()


def convert(path: Path, to: Path) -> None:
    """Write a picture as the kind of file that the other name says, such as PNG."""
    open_picture(path).save(to)


def resized(pixels: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """Resize pixels `(height, width, 3)` to `(side, side, 3)`."""
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))


def gray_cells(content: bytes, side: int) -> npt.NDArray[np.float32]:
    """Average a JPEG or PNG over `side` by `side` cells: `(side, side)`, 0 to 1, gray.

    Raises:
        ItemError: It is neither.
    """
    try:
        with Image.open(BytesIO(content), formats=("JPEG", "PNG")) as picture:
            picture.draft("L", (4 * side, 4 * side))  # a large JPEG need not be unpacked for a few cells
            small = picture.convert("L").resize((side, side), Image.Resampling.BOX)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise ItemError("A JPEG or PNG is needed. This file is neither.") from error
    return (np.asarray(small, np.float32) / 255.0).astype(np.float32)
