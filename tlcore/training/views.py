"""Provides the batches: from cached views of every picture, or from the pixels.

Both give the same thing for the same seed, epoch and rows. It knows pictures as arrays; it does not know labels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tlcore.memmap import MappedRows
from tlcore.modalities.image.augment import augment_batch

Rows = npt.NDArray[np.int64]
FLIPS = ("flip_left_right", "flip_up_down")
# Views of one picture when there are endlessly many of them.
MANY_VIEWS = 4


class Source(Protocol):
    """Gives the inputs of a batch."""

    def __call__(self, rows: Rows, epoch: int) -> npt.NDArray[Any]: ...


class CachedViews:
    """Features of a part's pictures, computed once; each epoch draws one view of each picture.

    Args:
        views: `(n, …)` each; the first is of the plain pictures.
    """

    def __init__(self, views: Sequence[MappedRows], *, seed: int) -> None:
        self.views = views
        self.seed = seed
        self._drawn: tuple[int, Rows] = (-1, np.empty(0, np.int64))

    def __call__(self, rows: Rows, epoch: int) -> npt.NDArray[Any]:
        number, drawn = self._drawn
        if number != epoch:  # once an epoch, not for every batch: there may be very many pictures
            drawn = np.random.default_rng((self.seed, epoch)).integers(len(self.views), size=len(self.views[0]))
            self._drawn = epoch, drawn
        features = np.empty((len(rows), *self.views[0].shape[1:]), np.float32)
        for number, view in enumerate(self.views):
            places = np.flatnonzero(drawn[rows] == number)
            if len(places):
                features[places] = view[rows[places]]
        return features


class PixelViews:
    """Pixels, augmented anew in every epoch."""

    def __init__(self, pixels: MappedRows | npt.NDArray[np.uint8], names: Sequence[str], *, seed: int) -> None:
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


def asked_views(names: Sequence[str], asked: int | None, *, epochs: int) -> tuple[int, str]:
    """Return the number of views of a picture that are worth a trunk pass, and the reason.

    Flips give two or four different ones, the rest endlessly many; no more can be seen than there are epochs.
    """
    different = 2 ** len(names) if set(names) <= set(FLIPS) else None
    if asked is not None and asked <= (different or asked):
        return asked, "as asked for"
    if different is not None and different <= max(1, epochs):
        return different, "there are no more different ones"
    many = min(different or MANY_VIEWS, max(1, epochs)) if asked is None else asked
    return many, "more are seldom worth their time" if many == MANY_VIEWS else "one for each epoch"


def view_name(names: Sequence[str], number: int) -> str:
    """Name a view for the trunk cache; equal names mean equal views of equal pictures."""
    if number == 0:
        return "plain"
    if flips := _flips(names, number):
        return "-".join(flips)
    text = " ".join(sorted(names))
    return f"{hashlib.sha256(text.encode()).hexdigest()[:12]}-{number}"


def view(
    pixels: npt.NDArray[np.uint8], names: Sequence[str], *, number: int, keys: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint8]:
    """Make one view of each picture; number 0 is the plain picture.

    Flips are enumerated rather than drawn, so that the cached views are all the different ones there are. Chance
    depends on the pictures' `keys` and the number alone: another run finds the same views.
    """
    if number == 0:
        return pixels
    if not set(names) <= set(FLIPS):
        return augment_batch(pixels, names, 0, keys.tolist(), number)
    for name in _flips(names, number):
        pixels = pixels[:, :, ::-1] if name == "flip_left_right" else pixels[:, ::-1]
    return pixels


def picture_keys(shas: Sequence[str]) -> npt.NDArray[np.int64]:
    """A number for each picture that depends on its bytes alone."""
    return np.array([int(sha[:15], 16) for sha in shas], np.int64)


def _flips(names: Sequence[str], number: int) -> tuple[str, ...]:
    """Return the flips that a view combines; empty if there are other augmentations."""
    if not set(names) <= set(FLIPS):
        return ()
    return tuple(name for bit, name in enumerate(name for name in FLIPS if name in names) if number >> bit & 1)
