"""A perceptual hash that survives a crop: the lowest frequencies of small grey pictures, as numbers and not as bits.

pHash keeps the signs of the lowest coefficients of the discrete cosine transform (Zauner, Implementation and
Benchmarking of Perceptual Image Hash Functions, 2010; `imagehash.phash`). Signs do not survive a crop of a tenth, so
here the numbers are kept, each divided by its deviation over all pictures, and a picture has one hash for each of a few
windows that somebody may have cut out of it. Mirrored pictures need none of their own: a mirror changes signs only.

It knows arrays. It does not know files or labels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.integer[Any]]
SIDE = 56
# (scale, top, left) in units of the side: the whole, and crops that are at most a fortieth away from any up to a tenth.
WINDOWS = np.array(
    [(1.0, 0.0, 0.0)]
    + [(0.95, top, left) for top in (0.0, 0.05) for left in (0.0, 0.05)]
    + [(0.9, top, left) for top in (0.0, 0.05, 0.1) for left in (0.0, 0.05, 0.1)]
    + [(0.8, 0.1, 0.1)]
)
# (upside down, mirrored)
FLIPS = ((False, False), (False, True), (True, False), (True, True))
# Frequencies along each side: few to search all pictures with, more to look at what was found.
COARSE, FINE = 6, 10
ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class Scale:
    """What coefficients are divided by, `(frequencies² - 1,)`; of the dataset, so that common structure counts less."""

    deviations: Floats

    @classmethod
    def of(cls, thumbnails: npt.NDArray[np.uint8], frequencies: int) -> Scale:
        """Measure it on thumbnails `(n, SIDE, SIDE)`, at most some thousands of them."""
        some = np.random.default_rng(0).permutation(len(thumbnails))[:4096]
        found = _coefficients(thumbnails[np.sort(some)], np.zeros(len(some), np.int64), frequencies)
        deviations = found.std(axis=0)
        return cls((deviations + 0.02 * deviations.max() + 1e-6).astype(np.float32))

    @property
    def frequencies(self) -> int:
        return math.isqrt(len(self.deviations) + 1)


def signatures(thumbnails: npt.NDArray[np.uint8], windows: Integers, scale: Scale) -> Floats:
    """Hashes of length 1 of thumbnails `(n, SIDE, SIDE)`, each of its window `(n,)`, positions in `WINDOWS`."""
    found = np.empty((len(thumbnails), len(scale.deviations)), np.float32)
    for first in range(0, len(thumbnails), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        part = _coefficients(thumbnails[rows], windows[rows], scale.frequencies) / scale.deviations
        found[rows] = part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-6)
    return found


def mirrored(flip: int, frequencies: int) -> Floats:
    """What the hash of a picture is multiplied by to be that of the picture flipped, `(frequencies² - 1,)`."""
    alternating = np.where(np.arange(frequencies) % 2, -1.0, 1.0)
    down, across = (alternating if turned else np.ones(frequencies) for turned in FLIPS[flip])
    signs: Floats = np.outer(down, across).ravel()[1:].astype(np.float32)
    return signs


def sampling(scale: npt.NDArray[Any], start: npt.NDArray[Any], side: int = SIDE) -> Floats:
    """Matrices `(n, side, side)` that stretch the part from `start`, `scale` long, over the whole side, linearly."""
    centres = (np.arange(side) + 0.5) / side
    places = np.clip((start[:, None] + scale[:, None] * centres) * side - 0.5, 0, side - 1)
    below = np.minimum(places.astype(np.int64), side - 2)
    share = (places - below).astype(np.float32)
    matrices = np.zeros((len(scale), side, side), np.float32)
    which, rows = np.arange(len(scale))[:, None], np.arange(side)
    matrices[which, rows, below] = 1 - share
    matrices[which, rows, below + 1] = share
    return matrices


def _coefficients(thumbnails: npt.NDArray[np.uint8], windows: Integers, frequencies: int) -> Floats:
    """The lowest coefficients but the mean, `(n, frequencies² - 1)`."""
    centres = (np.arange(SIDE) + 0.5) / SIDE
    waves = np.cos(np.pi * np.arange(frequencies)[:, None] * centres).astype(np.float32)
    down = waves @ sampling(WINDOWS[:, 0], WINDOWS[:, 1])
    across = waves @ sampling(WINDOWS[:, 0], WINDOWS[:, 2])
    grey = thumbnails.astype(np.float32)
    if len(windows) and (windows == windows[0]).all():
        found = down[windows[0]] @ grey @ across[windows[0]].T
    else:
        found = down[windows] @ grey @ across[windows].transpose(0, 2, 1)
    coefficients: Floats = found.reshape(len(grey), -1)[:, 1:]
    return coefficients
