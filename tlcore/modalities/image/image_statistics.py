"""What is measured of every picture in one pass: a small grey copy, how sharp, how bright, how much there is to see.

The measures are cleanvision's own, on pictures as small as it makes them. It knows pixels and files' headers. It does
not know what is too much or too little; that is `faults`'s.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from tlcore.memmap import MappedRows
from tlcore.modalities.image.checks.perceptual_hash import SIDE
from tlcore.modalities.image.pixels import open_header
from tlcore.progress import Progress, map_blocks
from tlcore.threads import map_bounded

MEASURES = (
    "brightness_perc_99",
    "brightness_perc_5",
    "entropy",
    "blurriness",
    "blurriness_grayscale_std",
    "colour",
    "sharpness",
)
CAMERA_TAGS = (0x010F, 0x0110)  # maker and model
AT_ONCE = 32
TINT_SIDE = 14


def measure(
    pixels: MappedRows, thumbnails: npt.NDArray[np.uint8], tints: npt.NDArray[np.int16]
) -> Generator[Progress, None, pd.DataFrame]:
    """Measure pictures `(n, size, size, 3)` and fill in what is small of them.

    That is `thumbnails` `(n, SIDE, SIDE)`, grey, and `tints` `(n, TINT_SIDE, TINT_SIDE, 2)`: how much more red, and
    blue, than green, in grey levels.

    The table has the columns `MEASURES`; `colour` is the mean distance of the channels from each other, grey
    levels; `sharpness` that of the function.
    """
    from cleanvision.issue_managers.image_property import BlurrinessProperty, BrightnessProperty, EntropyProperty

    blur, brightness, entropy = BlurrinessProperty(), BrightnessProperty("dark"), EntropyProperty()

    def look(first: int) -> list[tuple[float, ...]]:
        rows = []
        for place, picture in enumerate(pixels[first : first + AT_ONCE], start=first):
            whole = Image.fromarray(picture)
            small = whole.reduce(max(1, picture.shape[0] // SIDE))
            small = small if small.size == (SIDE, SIDE) else small.resize((SIDE, SIDE))
            thumbnails[place] = np.asarray(small.convert("L"))
            found = brightness.calculate(small) | entropy.calculate(small) | blur.calculate(small)
            colours = np.asarray(small, np.int16)
            tiny = np.asarray(small.reduce(SIDE // TINT_SIDE), np.int16)
            tints[place] = tiny[..., [0, 2]] - tiny[..., [1]]
            found["colour"] = np.abs(np.diff(colours, axis=2)).mean()
            found["sharpness"] = sharpness(whole)
            rows.append(tuple(float(found[name]) for name in MEASURES))
        return rows

    found = yield from map_blocks(look, len(pixels), AT_ONCE, "Measuring the pictures")
    return pd.DataFrame(chain.from_iterable(found), columns=list(MEASURES), dtype=float)


def cameras(paths: Sequence[Path]) -> list[str]:
    """The maker and model that each file names in its EXIF data; empty where it names none."""
    return list(map_bounded(_camera, paths))


def border(picture: Image.Image) -> str:
    """Which sides of a small picture are bars of one colour; empty where none are."""
    pixels = np.asarray(picture, np.float32)
    sides = {"top": pixels[:2], "bottom": pixels[-2:], "left": pixels[:, :2], "right": pixels[:, -2:]}
    if pixels.std(axis=(0, 1)).max() < 8:
        return ""  # all of it is of one colour
    flat = {name: _grey(side) for name, side in sides.items() if side.std(axis=(0, 1)).max() < 2}
    pairs = [(one, other) for one, other in (("top", "bottom"), ("left", "right")) if {one, other} <= flat.keys()]
    bars = [f"{one} and {other}" for one, other in pairs if flat[one] == flat[other]]
    return ", ".join(bars)


def brightness(picture: Image.Image) -> float:
    """Mean luma (ITU-R BT.601), 0 to 1."""
    return float(np.asarray(picture.convert("L"), np.float32).mean()) / 255


def sharpness(picture: Image.Image) -> float:
    """Deviation of the Laplacian over the deviation of the picture, both of its luma, from 0; little means blurred.

    The variance of the Laplacian is the usual measure of focus (J. L. Pech-Pacheco and others, ICPR 2000). Over the
    contrast it does not take a dim picture for a blurred one.
    """
    grey = np.asarray(picture.convert("L"), np.int16)
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    contrast = float(grey.std())
    return float((4 * grey[1:-1, 1:-1] - around).std()) / contrast if contrast > 0 else 0.0


def _grey(side: npt.NDArray[Any]) -> int:
    return round(float(side.mean()) / 16)


def _camera(path: Path) -> str:
    try:
        with open_header(path) as image:
            exif = image.getexif()
            named = (str(exif.get(tag, "")).strip("\x00 ") for tag in CAMERA_TAGS)
            return " ".join(dict.fromkeys(filter(None, named)))[:80]
    except Exception:  # damaged EXIF is no fault of the picture's
        return ""


def appearance(pixels: npt.NDArray[np.uint8]) -> tuple[float, float]:
    """Measure brightness and sharpness of pixels `(height, width, 3)`."""
    picture = Image.fromarray(pixels)
    return brightness(picture), sharpness(picture)
