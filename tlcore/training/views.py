"""Provides the batches: from cached views of every item, or from the items.

Both give the same thing for the same seed, epoch and rows. It knows items as arrays; it does not know labels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tlcore.items import Arrays
from tlcore.memmap import MappedArrays
from tlcore.modalities import Modality

Rows = npt.NDArray[np.int64]
# Views of one item when there are endlessly many of them.
MANY_VIEWS = 4


class Source(Protocol):
    """Gives the inputs of a batch."""

    def __call__(self, rows: Rows, epoch: int) -> Arrays: ...


class CachedViews:
    """Features of a part's items, computed once; each epoch draws one view of each item.

    Args:
        views: `(n, …)` each; the first is of the plain items.
    """

    def __init__(self, views: Sequence[MappedArrays], *, seed: int) -> None:
        self.views = views
        self.seed = seed
        self._drawn: tuple[int, Rows] = (-1, np.empty(0, np.int64))

    def __call__(self, rows: Rows, epoch: int) -> Arrays:
        number, drawn = self._drawn
        if number != epoch:  # once an epoch, not for every batch: there may be very many items
            drawn = np.random.default_rng((self.seed, epoch)).integers(len(self.views), size=len(self.views[0]))
            self._drawn = epoch, drawn
        found = {
            name: np.empty((len(rows), *shape[1:]), _used_as(self.views[0].arrays[name].dtype))
            for name, shape in self.views[0].shapes.items()
        }
        for number, view in enumerate(self.views):
            places = np.flatnonzero(drawn[rows] == number)
            if len(places):
                for name, array in view[rows[places]].items():
                    found[name][places] = array
        return found


class ItemViews:
    """The inputs themselves, augmented anew in every epoch."""

    def __init__(self, inputs: MappedArrays, names: Sequence[str], *, seed: int, modality: Modality) -> None:
        self.inputs = inputs
        self.names = tuple(names)
        self.seed = seed
        self.modality = modality

    def __call__(self, rows: Rows, epoch: int) -> Arrays:
        batch = self.modality.augmented(self.inputs[rows], self.names, seed=self.seed, keys=rows.tolist(), epoch=epoch)
        return {name: array.astype(_used_as(array.dtype), copy=False) for name, array in batch.items()}


class ThroughTrunk:
    """Features computed anew for every batch, where a cache of them would not fit on the disk."""

    def __init__(self, inputs: Source, answer: Callable[[Arrays], Arrays]) -> None:
        self.inputs = inputs
        self.answer = answer

    def __call__(self, rows: Rows, epoch: int) -> Arrays:
        return self.answer(self.inputs(rows, epoch))


def asked_views(different: int | None, asked: int | None, *, epochs: int, head_alone: bool = False) -> tuple[int, str]:
    """Return the number of views of an item that are worth a trunk pass, and the reason.

    Args:
        different: How many there are, as `Modality.different_views` says.
        asked: How many somebody wants; None lets this function choose.
        epochs: Of the phase; no more views can be seen.
        head_alone: Whether the phase trains nothing but the head.
    """
    if head_alone and asked is None:
        return 1, "above a frozen backbone more seldom help"
    if asked is not None and asked <= (different or asked):
        return asked, "as asked for"
    if different is not None and different <= max(1, epochs):
        return different, "there are no more different ones"
    many = min(different or MANY_VIEWS, max(1, epochs)) if asked is None else asked
    return many, "more are seldom worth their time" if many == MANY_VIEWS else "one for each epoch"


def item_keys(shas: Sequence[str]) -> npt.NDArray[np.int64]:
    """A number for each item that depends on its bytes alone."""
    return np.array([int(sha[:15], 16) for sha in shas], np.int64)


def _used_as(dtype: npt.DTypeLike) -> npt.DTypeLike:
    """Bytes and half precision are computed with in single precision; ids and masks stay what they are."""
    return np.float32 if dtype in (np.uint8, np.float16) else dtype
