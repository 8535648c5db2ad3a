"""Where batches come from: cached views of every picture, or the pixels themselves.

Both give the same thing for the same seed, epoch and rows. It knows pictures as arrays; it does not know labels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tlcore.data.augment import augment_batch

Rows = npt.NDArray[np.int64]
FLIPS = ("flip_left_right", "flip_up_down")
# Views of one picture when there are endlessly many of them; more cost trunk passes and gain little.
MANY_VIEWS = 4


class Source(Protocol):
    """Gives the inputs of a batch."""

    def __call__(self, rows: Rows, epoch: int) -> npt.NDArray[Any]: ...


class CachedViews:
    """Features of a part's pictures, computed once; each epoch draws one view of each picture.

    Args:
        features: `(n, views, …)`; view 0 is the plain picture.
    """

    def __init__(self, features: npt.NDArray[np.float16], *, seed: int) -> None:
        self.features = features
        self.seed = seed

    def __call__(self, rows: Rows, epoch: int) -> npt.NDArray[Any]:
        n, views = self.features.shape[:2]
        drawn: Rows = np.random.default_rng((self.seed, epoch)).integers(views, size=(n,))
        return self.features[rows, drawn[rows]].astype(np.float32)


class PixelViews:
    """Pixels, augmented anew in every epoch."""

    def __init__(self, pixels: npt.NDArray[np.uint8], names: Sequence[str], *, seed: int) -> None:
        self.pixels = pixels
        self.names = tuple(names)
        self.seed = seed

    def __call__(self, rows: Rows, epoch: int) -> npt.NDArray[Any]:
        batch = self.pixels[rows]
        if self.names:
            batch = augment_batch(batch, self.names, self.seed, rows.tolist(), epoch)
        return batch.astype(np.float32)


class ThroughTrunk:
    """Features computed anew for every batch, where a cache of them would not fit on the disk."""

    def __init__(self, pixels: Source, answer: Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]) -> None:
        self.pixels = pixels
        self.answer = answer

    def __call__(self, rows: Rows, epoch: int) -> npt.NDArray[Any]:
        return self.answer(self.pixels(rows, epoch))


def count_views(names: Sequence[str], *, epochs: int) -> int:
    """How many views of a picture are worth a trunk pass: flips give two or four, the rest endlessly many."""
    if not names:
        return 1
    different = 2 ** len(names) if set(names) <= set(FLIPS) else MANY_VIEWS
    return min(different, MANY_VIEWS, max(1, epochs))


def view(
    pixels: npt.NDArray[np.uint8], names: Sequence[str], *, number: int, rows: Rows, seed: int
) -> npt.NDArray[np.uint8]:
    """One view of each picture; number 0 is the plain picture.

    Flips are enumerated rather than drawn, so that the cached views are all the different ones there are.
    """
    if number == 0:
        return pixels
    if not set(names) <= set(FLIPS):
        return augment_batch(pixels, names, seed, rows.tolist(), number)
    flips = [name for name in FLIPS if name in names]
    for bit, name in enumerate(flips):
        if number >> bit & 1:
            pixels = pixels[:, :, ::-1] if name == "flip_left_right" else pixels[:, ::-1]
    return pixels
