"""Views of pictures: augmented copies that are told apart by a number, and equal in every run.

It knows pixels and augmentations. It does not know what is computed of a view, nor where it is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tlcore.items import Arrays
from tlcore.modalities.image.augment import augment_batch

PIXELS = "pixels"
FLIPS = ("flip_left_right", "flip_up_down")


def different_views(names: Sequence[str]) -> int | None:
    """Count the views that differ: flips give two or four; None where there are endlessly many."""
    return 2 ** len(names) if set(names) <= set(FLIPS) else None


def view_name(names: Sequence[str], number: int) -> str:
    """Name a view in the trunk cache; equal names mean equal views of equal pictures."""
    if number == 0:
        return "plain"
    if flips := _flips(names, number):
        return "-".join(flips)
    text = " ".join(sorted(names))
    return f"{hashlib.sha256(text.encode()).hexdigest()[:12]}-{number}"


def view(arrays: Arrays, names: Sequence[str], *, number: int, keys: npt.NDArray[np.int64]) -> Arrays:
    """Make one view of each picture; number 0 is the plain picture.

    Flips are enumerated rather than drawn, so that the cached views are all the different ones there are. Chance
    depends on the pictures' `keys` and the number alone: another run finds the same views. `arrays` has `pixels`,
    `(n, size, size, 3)`, uint8.
    """
    if number == 0:
        return arrays
    pixels = arrays[PIXELS]
    if not set(names) <= set(FLIPS):
        return {PIXELS: augment_batch(pixels, names, 0, keys.tolist(), number)}
    for name in _flips(names, number):
        pixels = pixels[:, :, ::-1] if name == "flip_left_right" else pixels[:, ::-1]
    return {PIXELS: pixels}


def augmented(arrays: Arrays, names: Sequence[str], *, seed: int, keys: Sequence[int], epoch: int) -> Arrays:
    """Augment a batch for one epoch; chance depends on the seed, the keys and the epoch alone."""
    return {PIXELS: augment_batch(arrays[PIXELS], names, seed, keys, epoch)} if names else arrays


def _flips(names: Sequence[str], number: int) -> tuple[str, ...]:
    """Say which flips a view of flips is made of; empty where others than flips are named."""
    if not set(names) <= set(FLIPS):
        return ()
    return tuple(name for bit, name in enumerate(name for name in FLIPS if name in names) if number >> bit & 1)
