"""Small changes that leave a picture's class alone, the same in training and in the preview.

It knows pixels and chance. It does not know models or labels.

    flip_left_right, flip_up_down   mirrored, every second time
    rotate       by up to 15 degrees to either side
    zoom         by a factor of 0.85 to 1.18
    shift        by up to a tenth of the side, in both directions
    brightness   times 0.8 to 1.2
    contrast     times 0.8 to 1.2, about the picture's mean
    erase        a rectangle of 2 to 20 % of the area, of any grey, every second time (Zhong et al., 2020,
                 "Random Erasing Data Augmentation")

Rotation, zoom and shift are one transformation, so that the picture is resampled once; what it uncovers is filled with
the picture's mirror image.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tlcore.threads import map_bounded

NAMES = ("flip_left_right", "flip_up_down", "rotate", "zoom", "shift", "brightness", "contrast", "erase")
MOST_DEGREES = 15.0
MOST_ZOOM = 1 / 0.85
MOST_SHIFT = 0.1
MOST_LIGHT = 0.2
ERASED_AREA = (0.02, 0.2)
ERASED_ASPECT = 1 / 0.3  # the longer side over the shorter, at most


def augment(pixels: NDArray[np.uint8], names: Collection[str], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Change one picture, `(size, size, 3)`, by the changes that are named.

    Each picture takes as many random numbers whatever is named, so that switching one change on leaves the others.
    """
    unknown = set(names) - set(NAMES)
    if unknown:
        raise ValueError(f"The changes must be of {', '.join(NAMES)}. Received: {', '.join(sorted(unknown))}.")
    chance = rng.random(9)
    turn, scale, right, down, light, contrast = 2 * chance[2:8] - 1
    if {"rotate", "zoom", "shift"} & set(names):
        pixels = _move(
            pixels,
            radians=math.radians(MOST_DEGREES) * turn if "rotate" in names else 0.0,
            zoom=MOST_ZOOM**scale if "zoom" in names else 1.0,
            shift=(MOST_SHIFT * right, MOST_SHIFT * down) if "shift" in names else (0.0, 0.0),
        )
    if "flip_left_right" in names and chance[0] < 0.5:
        pixels = pixels[:, ::-1]
    if "flip_up_down" in names and chance[1] < 0.5:
        pixels = pixels[::-1]
    if {"brightness", "contrast"} & set(names):
        pixels = _lighten(
            pixels,
            brightness=1 + MOST_LIGHT * light if "brightness" in names else 1.0,
            contrast=1 + MOST_LIGHT * contrast if "contrast" in names else 1.0,
        )
    pixels = np.ascontiguousarray(pixels)
    # After the others, with numbers of its own: those of the others stay what they were without it.
    return _erase(pixels, rng.random(6)) if "erase" in names else pixels


def augment_batch(
    pixels: NDArray[np.uint8], names: Collection[str], seed: int, indices: Sequence[int], epoch: int
) -> NDArray[np.uint8]:
    """Change a batch of pictures; each result depends on the seed, the epoch and the picture's own index alone."""
    if not names:
        return np.asarray(pixels)
    result = np.empty(pixels.shape, np.uint8)

    def change(place: int) -> None:
        rng = np.random.default_rng((seed, epoch, int(indices[place])))
        result[place] = augment(pixels[place], names, rng)

    for _ in map_bounded(change, range(len(pixels))):
        pass
    return result


def _move(pixels: NDArray[np.uint8], *, radians: float, zoom: float, shift: tuple[float, float]) -> NDArray[np.uint8]:
    size = pixels.shape[0]
    # Enough for the corner of a picture that is turned, shrunk and shifted as far as it goes.
    margin = size // 2 if size > 2 else 0
    padded = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), mode="reflect" if margin else "edge")
    cosine, sine = math.cos(radians) / zoom, math.sin(radians) / zoom
    centre = (size - 1) / 2
    # From where in the old picture each new pixel comes, Pillow's way round; half a pixel is the pixel's middle.
    left = centre - shift[0] * size
    top = centre - shift[1] * size
    middle = centre + 0.5
    coefficients = (
        cosine,
        sine,
        left + 0.5 + margin - cosine * middle - sine * middle,
        -sine,
        cosine,
        top + 0.5 + margin + sine * middle - cosine * middle,
    )
    moved = Image.fromarray(padded).transform(
        (size, size), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    return np.asarray(moved)


def _lighten(pixels: NDArray[np.uint8], *, brightness: float, contrast: float) -> NDArray[np.uint8]:
    # Both are lines through the 256 values: one table does for the whole picture.
    mean = float(pixels.mean()) * brightness
    values = (np.arange(256) * brightness - mean) * contrast + mean
    table: NDArray[Any] = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    changed: NDArray[np.uint8] = table[pixels]
    return changed


def _erase(pixels: NDArray[np.uint8], chance: NDArray[np.float64]) -> NDArray[np.uint8]:
    if chance[0] < 0.5:
        return pixels
    size = pixels.shape[0]
    low, high = ERASED_AREA
    area = (low + (high - low) * chance[1]) * size * size
    aspect = ERASED_ASPECT ** (2 * chance[2] - 1)
    height, width = (int(min(size, max(1, round(math.sqrt(area * ratio))))) for ratio in (aspect, 1 / aspect))
    top, left = round(chance[3] * (size - height)), round(chance[4] * (size - width))
    erased = pixels.copy()
    erased[top : top + height, left : left + width] = round(255 * chance[5])
    return erased
