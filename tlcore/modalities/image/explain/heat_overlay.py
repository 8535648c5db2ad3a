"""A map of numbers laid over a picture as color."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[Any]
WARM = (230, 85, 13)  # a hue that stays apart from most pictures and for colour-blind eyes
OPAQUE = 0.75


def stretched(heat: Floats, side: int) -> Floats:
    """A map at another size, `(side, side)`, linear in between."""
    picture = Image.fromarray(np.ascontiguousarray(heat, np.float32))
    grown: Floats = np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR), np.float32)
    return grown


def over(pixels: npt.NDArray[np.uint8], heat: Floats) -> npt.NDArray[np.uint8]:
    """The picture with the map laid over it: the warmest place of the map is the fullest in colour.

    What speaks against the class is left as it is. The picture is shown in grey, so that all colour is the map's.
    """
    warm = np.maximum(stretched(heat, pixels.shape[0]), 0)
    top = float(warm.max())
    alpha = (OPAQUE * warm / top if top > 0 else warm)[..., None]
    grey = np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"), np.float32)
    mixed = grey * (1 - alpha) + np.array(WARM, np.float32) * alpha
    return mixed.round().astype(np.uint8)


def write_overlay(path: Path, pixels: npt.NDArray[np.uint8], heat: Floats, side: int) -> None:
    """Write a picture with a map laid over it as PNG, at least `side` pixels on each side."""
    side = max(side, pixels.shape[0])
    large = np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))
    Image.fromarray(over(large, heat)).save(path, "PNG")
