"""Near-duplicates: which pictures are copies of one another, resized, recompressed, cropped a little or flipped.

Two nets catch what may be a copy: the perceptual hash of every picture against that of every window of every other, and
the nearest by the backbone's features. What is caught is laid over each other and counts only where details agree. It
knows arrays, and nothing of 100,000 pictures that is larger than some hundred megabytes. It does not know labels.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from tlcore.modalities.checks import Pairs
from tlcore.modalities.image.checks.perceptual_hash import (
    COARSE,
    FINE,
    FLIPS,
    WINDOWS,
    Floats,
    Integers,
    Scale,
    mirrored,
    signatures,
)
from tlcore.modalities.image.checks.registration import agreement, other_tint
from tlcore.progress import Progress, map_blocks

FLAT = 3.0  # grey levels of deviation: what has less shows nothing to compare
BLOCK = 1 << 22  # numbers in one product
# For each picture, window and flip, on average; and in all, for the memory that it takes.
MOST_CAUGHT, MOST_IN_ALL = 4.0, 6_000_000
PAIRS_AT_ONCE = 256
OTHER_TINT = 10.0  # grey levels on average: what is as far from each other in colour is no copy


@dataclass(frozen=True)
class Net:
    """How wide to look; the numbers were found on planted copies, which benchmarks/health.py plants anew.

    Attributes:
        coarse, fine: Likeness of hashes, 0 to 1, of what is looked at more closely.
        near: The same for fine hashes of pictures that are among the `nearest` by their features.
        farthest: A window may end up from where the hash has seen it, in units of the side.
        picture, details: Agreement, 0 to 1, of what counts.
    """

    coarse: float
    fine: float
    near: float
    nearest: int
    farthest: float
    picture: float
    details: float


COPIES = Net(coarse=0.84, fine=0.75, near=0.6, nearest=3, farthest=0.075, picture=0.8, details=0.87)
# The same thing a moment later.
MOMENTS = Net(coarse=0.84, fine=0.7, near=0.5, nearest=6, farthest=0.15, picture=0.5, details=0.7)


@dataclass(frozen=True)
class _Caught:
    """What may be a copy: `part` may be cut out of `whole`, at a window, flipped; `least` is asked of its fine hash."""

    part: Integers
    whole: Integers
    window: Integers
    flip: Integers
    least: npt.NDArray[np.float16]

    @classmethod
    def of(cls, part: Integers, whole: Integers, window: Any, flip: Any, least: float) -> _Caught:
        """In few bytes: there may be millions."""
        many = len(part)
        window, flip = (np.broadcast_to(each, many).astype(np.int8) for each in (window, flip))
        return cls(part.astype(np.int32), whole.astype(np.int32), window, flip, np.full(many, least, np.float16))

    def __getitem__(self, rows: Any) -> _Caught:
        return _Caught(self.part[rows], self.whole[rows], self.window[rows], self.flip[rows], self.least[rows])

    def __len__(self) -> int:
        return len(self.part)


def near_pairs(
    thumbnails: npt.NDArray[np.uint8],
    compact: Floats | None = None,
    net: Net = COPIES,
    *,
    tints: npt.NDArray[np.int16] | None = None,
) -> Generator[Progress, None, Pairs]:
    """Find the pairs of copies, or with a wider net, of pictures of one moment.

    Args:
        thumbnails: `(n, SIDE, SIDE)`, grey; may be mapped.
        compact: `(n, c)`, features of length 1; None looks at hashes alone.
        net: How wide to look.
        tints: `(n, side, side, 2)`, small: how much more red, and blue, than green; None leaves colours out.
    """
    rows = np.flatnonzero(_deviations(thumbnails) > FLAT)
    if len(rows) < 2:
        return Pairs.none()
    with threadpool_limits(1, user_api="blas"):  # a thread for each core is ours already
        shown = thumbnails if len(rows) == len(thumbnails) else thumbnails[rows]
        coarse, fine = (Scale.of(shown, frequencies) for frequencies in (COARSE, FINE))
        windows = np.stack([_hashes(shown, window, coarse) for window in range(len(WINDOWS))])
        caught = [(yield from _caught_by_hash(windows, net))]
        if compact is not None:
            caught.append((yield from _caught_by_features(windows, np.ascontiguousarray(compact[rows]), net)))
        likely = yield from _likely(shown, _joined(caught), fine)
        own_tints = None if tints is None else tints[rows]
        if own_tints is not None:  # before anything is laid over each other, which takes a hundred times as long
            likely = likely[np.flatnonzero(_tint_apart(own_tints, likely) <= 2 * OTHER_TINT)]
        pairs = yield from _verified(shown, own_tints, likely, net)
        return Pairs(rows[pairs.first], rows[pairs.second], pairs.likeness)


def _deviations(thumbnails: npt.NDArray[np.uint8]) -> Floats:
    parts = (thumbnails[first : first + 4096].std(axis=(1, 2)) for first in range(0, len(thumbnails), 4096))
    return np.concatenate([np.empty(0, np.float32), *parts]).astype(np.float32)


def _caught_by_hash(windows: Floats, net: Net) -> Generator[Progress, None, _Caught]:
    """Compare the hash of every picture, flipped in every way, with that of every window of every other.

    `windows` is `(windows, n, h)`; the first window is the whole picture.
    """
    signs = [mirrored(flip, COARSE) for flip in range(len(FLIPS))]
    count = windows.shape[1]
    size = max(1, BLOCK // count)
    most = min(MOST_CAUGHT, MOST_IN_ALL / (count * len(WINDOWS) * len(FLIPS)))

    def look(first: int) -> list[_Caught]:
        own, found = windows[0, first : first + size], []
        for flip, sign in enumerate(signs):
            for window, hashes in enumerate(windows):
                part, whole = _above(own * sign @ hashes.T, net.coarse, max(8, int(most * len(own))))
                other = part + first != whole
                found.append(_Caught.of(part[other] + first, whole[other], window, flip, net.fine))
        return found

    found = yield from map_blocks(look, count, size, "Comparing the pictures")
    return _joined(each for part in found for each in part)


def _hashes(thumbnails: npt.NDArray[np.uint8], window: int, scale: Scale) -> Floats:
    parts = (thumbnails[first : first + 4096] for first in range(0, len(thumbnails), 4096))
    return np.concatenate([signatures(part, np.full(len(part), window), scale) for part in parts])


def _above(likeness: Floats, least: float, most: int) -> tuple[Integers, Integers]:
    """Where likeness is at least so high; the highest of them, where all pictures are alike."""
    places = np.flatnonzero(likeness.ravel() >= least)
    if len(places) > most:
        places = places[np.argpartition(-likeness.ravel()[places], most)[:most]]
    part, whole = np.divmod(places, likeness.shape[1])
    return part, whole


def _caught_by_features(windows: Floats, compact: Floats, net: Net) -> Generator[Progress, None, _Caught]:
    """The nearest few of each picture by its features, each in the window and the flip that its hash likes best."""
    most = min(net.nearest, len(compact) - 1)
    signs = np.stack([mirrored(flip, COARSE) for flip in range(len(FLIPS))])
    size = max(1, BLOCK // len(compact))

    def look(first: int) -> _Caught:
        likeness = compact[first : first + size] @ compact.T
        own = np.arange(len(likeness))
        likeness[own, own + first] = -np.inf
        nearest = np.argpartition(-likeness, most - 1, axis=1)[:, :most]
        part, whole = np.repeat(own + first, most), nearest.ravel()
        flipped = windows[0, part][:, None, :] * signs
        alike = np.einsum("pfh,wph->pfw", flipped, windows[:, whole]).reshape(len(part), -1)
        flip, window = np.divmod(alike.argmax(axis=1), len(WINDOWS))
        return _Caught.of(part, whole, window, flip, net.near)

    return _joined((yield from map_blocks(look, len(compact), size, "Comparing the features")))


def _likely(thumbnails: npt.NDArray[np.uint8], caught: _Caught, scale: Scale) -> Generator[Progress, None, _Caught]:
    """Of each pair the window and the flip whose fine hashes are most alike, where they are alike enough."""
    signs = np.stack([mirrored(flip, FINE) for flip in range(len(FLIPS))])

    def score(first: int) -> Floats:
        some = caught[first : first + 2048]
        part = signatures(thumbnails[some.part], np.zeros(len(some), np.int64), scale) * signs[some.flip]
        likeness: Floats = (part * signatures(thumbnails[some.whole], some.window, scale)).sum(axis=1)
        return likeness

    scores = yield from map_blocks(score, len(caught), 2048, "Looking closer")
    likeness = np.concatenate([np.empty(0, np.float32), *scores])
    low, high = np.minimum(caught.part, caught.whole), np.maximum(caught.part, caught.whole)
    order = np.lexsort((-likeness, high, low))
    order = order[likeness[order] >= caught.least[order]]
    best = np.ones(len(order), bool)
    best[1:] = (low[order][1:] != low[order][:-1]) | (high[order][1:] != high[order][:-1])
    return caught[order[best]]


def _verified(
    thumbnails: npt.NDArray[np.uint8], tints: npt.NDArray[np.int16] | None, caught: _Caught, net: Net
) -> Generator[Progress, None, Pairs]:
    def verify(first: int) -> tuple[Floats, Floats]:
        some = caught[first : first + PAIRS_AT_ONCE]
        part = _flipped(thumbnails[some.part], some.flip)
        *agrees, window = agreement(
            thumbnails[some.whole], part, some.window, farthest=net.farthest, least=0.8 * net.details
        )
        if tints is not None:
            other = other_tint(tints[some.whole], _flipped(tints[some.part], some.flip), window) > OTHER_TINT
            agrees[0][other] = 0
        return agrees[0], agrees[1]

    found = yield from map_blocks(verify, len(caught), PAIRS_AT_ONCE, "Laying copies over each other")
    if not found:
        return Pairs.none()
    picture, details = (np.concatenate(side) for side in zip(*found, strict=True))
    same = np.flatnonzero((picture >= net.picture) & (details >= net.details))
    here = caught[same]
    return Pairs(np.minimum(here.part, here.whole), np.maximum(here.part, here.whole), details[same])


def _tint_apart(tints: npt.NDArray[np.int16], caught: _Caught) -> Floats:
    """How far the colours of each pair are from each other where the hash has seen one in the other, `(pairs,)`."""
    parts = [np.empty(0, np.float32)]
    for first in range(0, len(caught), 4096):
        some = caught[first : first + 4096]
        asked = WINDOWS[some.window]
        window = np.stack([asked[:, 0]] * 2), np.stack([asked[:, 1], asked[:, 2]])
        parts.append(other_tint(tints[some.whole], _flipped(tints[some.part], some.flip), window))
    return np.concatenate(parts)


def _flipped(pictures: npt.NDArray[Any], flips: Integers) -> npt.NDArray[Any]:
    """Copies of pictures `(n, side, side, …)`, each flipped in its way."""
    turned = pictures.copy()
    for flip, (down, across) in enumerate(FLIPS):
        here = flips == flip
        turned[here] = pictures[here][:, :: -1 if down else 1, :: -1 if across else 1]
    return turned


def _joined(parts: Iterable[_Caught]) -> _Caught:
    empty = np.empty(0, np.int64)
    every = [_Caught.of(empty, empty, 0, 0, 0.0), *parts]
    return _Caught(*(np.concatenate([getattr(each, field.name) for each in every]) for field in fields(_Caught)))
