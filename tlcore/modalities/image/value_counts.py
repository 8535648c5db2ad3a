"""The values of grey pictures of more than 8 bits, counted, and the range that leaves out the rare ones at both ends.

It knows pictures and numbers. It does not know datasets, nor what is said about a range (`value_range`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlcore.errors import DataError
from tlcore.modalities.image.pixels import ValueRange, is_deep, load_picture, open_header
from tlcore.progress import Pace, Progress
from tlcore.threads import map_bounded

LOW_SHARE, HIGH_SHARE = 0.001, 0.999
PLAIN = 0.02  # of the range: a picture whose values span less than that shows next to nothing
VALUES_PER_PICTURE = 1 << 16
CONTAINERS = frozenset({".png", ".tif"})  # of the formats that are kept, those that can have more than 8 bits
_LARGEST = 1 << 16  # whole numbers below this are counted one by one
_FLOAT_BITS = 22  # of other numbers; neighbours differ by an eight-thousandth


@dataclass(frozen=True)
class ValueSample:
    """Values of one picture, ascending and finite, and how often each counts; all pictures count about the same."""

    values: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]

    @property
    def span(self) -> ValueRange:
        """From where to where its values go, but for one in a thousand at either end."""
        reached = np.cumsum(self.counts)
        ends = np.searchsorted(reached, np.array([LOW_SHARE, HIGH_SHARE]) * reached[-1])
        return float(self.values[ends[0]]), float(self.values[ends[1]])


def sample_values(image: Image.Image) -> ValueSample:
    """Take the values of a decoded deep picture: all of them, or of a large one some that are spread over it."""
    whole = np.asarray(image).ravel()
    weight = max(1, VALUES_PER_PICTURE // max(1, whole.size))
    if whole.size > VALUES_PER_PICTURE:
        # Steps of the golden section agree with no pattern of rows or columns, and give equal files equal values.
        step = int(whole.size * 0.6180339887)
        while gcd(step, whole.size) != 1:
            step += 1
        whole = whole[np.arange(VALUES_PER_PICTURE, dtype=np.int64) * step % whole.size]
    values, counts = np.unique(whole[np.isfinite(whole)], return_counts=True)
    return ValueSample(values.astype(np.float64), counts.astype(np.int64) * weight)


class ValueCounts:
    """How often each value occurs in many pictures.

    Only whole numbers are added up, so that neither the order of the pictures nor the number of threads matters. The
    memory that it takes hardly grows with the pictures.
    """

    def __init__(self, samples: Iterable[ValueSample] = ()) -> None:
        self._whole = np.zeros(2 * _LARGEST, np.int64)
        self._floats: npt.NDArray[np.int64] | None = None
        self._least, self._most = np.inf, -np.inf
        self._spans: list[ValueRange] = []
        for sample in samples:
            self.add(sample)

    def add(self, sample: ValueSample) -> None:
        """Add the values of a picture."""
        values, counts = sample.values, sample.counts
        if not len(values):
            return
        self._spans.append(sample.span)
        self._least, self._most = min(self._least, float(values[0])), max(self._most, float(values[-1]))
        whole = (np.abs(values) < _LARGEST) & (values == np.rint(values))
        self._whole[values[whole].astype(np.int64) + _LARGEST] += counts[whole]
        if not whole.all():
            if self._floats is None:
                self._floats = np.zeros(1 << _FLOAT_BITS, np.int64)
            np.add.at(self._floats, _bins(values[~whole]), counts[~whole])

    def range(self) -> ValueRange | None:
        """The range that leaves out one value in a thousand at either end; None where nothing was added.

        Where that is a single value, as in pictures that are nearly all ground, fewer are left out.
        """
        if self._least > self._most:
            return None
        lower, upper, counts = self._table()
        reached = np.cumsum(counts)
        for left_out in (LOW_SHARE, LOW_SHARE / 10, LOW_SHARE / 100, 0.0):
            first = int(np.searchsorted(reached, left_out * reached[-1], side="right"))
            last = int(np.searchsorted(reached, (1 - left_out) * reached[-1], side="left"))
            low, high = max(float(lower[first]), self._least), min(float(upper[last]), self._most)
            if low < high:
                return low, high
        only = self._least
        return (min(only, 0.0), max(only, 0.0)) if only else (0.0, 1.0)

    def share_outside(self, value_range: ValueRange) -> float:
        """The share of the values that are below or above a range."""
        if self._least > self._most:
            return 0.0
        lower, upper, counts = self._table()
        outside = (upper < value_range[0]) | (lower > value_range[1])
        return float(counts[outside].sum() / counts.sum())

    def nearly_plain(self, value_range: ValueRange) -> int:
        """How many pictures that are not plain have next to nothing left of their values in a range."""
        low, high = value_range
        clipped = [(start, end, min(max(start, low), high), min(max(end, low), high)) for start, end in self._spans]
        return sum(end > start and last - first < PLAIN * (high - low) for start, end, first, last in clipped)

    def _table(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """The least and the greatest value of each bin in which there is something, and its count, ascending."""
        bins = np.flatnonzero(self._whole)
        lower = upper = (bins - _LARGEST).astype(np.float64)
        counts = self._whole[bins]
        if self._floats is not None:
            more = np.flatnonzero(self._floats)
            lower, upper = np.r_[lower, _edges(more, 0)], np.r_[upper, _edges(more, 1)]
            counts = np.r_[counts, self._floats[more]]
            order = np.argsort(upper, kind="stable")
            lower, upper, counts = lower[order], upper[order], counts[order]
        return lower, upper, counts


def _bins(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The bin of each number: the upper bits of its single precision, in the order of the numbers."""
    bits = values.astype(np.float32).view(np.uint32)
    ordered = np.where(bits >> 31 == 1, ~bits, bits | np.uint32(1 << 31))
    return (ordered >> np.uint32(32 - _FLOAT_BITS)).astype(np.int64)


def _edges(bins: npt.NDArray[np.int64], upper: int) -> npt.NDArray[np.float64]:
    """The least number of each bin, or the greatest."""
    rest = 32 - _FLOAT_BITS
    ordered = ((bins << rest) | (((1 << rest) - 1) * upper)).astype(np.uint32)
    bits = np.where(ordered >> 31 == 1, ordered & np.uint32((1 << 31) - 1), ~ordered).astype(np.uint32)
    return bits.view(np.float32).astype(np.float64)


# === Of files ===


def sample_file(path: Path) -> ValueSample | None:
    """The values of a picture file; None where it has no more than 8 bits.

    Raises:
        DataError: The file can no longer be read.
    """
    if path.suffix not in CONTAINERS:
        return None
    try:
        with open_header(path) as header:
            if not is_deep(header):
                return None
        return sample_values(load_picture(path))
    except ValueError as error:
        raise DataError(f"The picture {path} can no longer be read. {error} Take the pictures in again.") from error


def measure_range(paths: Iterable[Path]) -> Generator[Progress, None, ValueRange | None]:
    """Find the range of picture files from their values, several at a time; None where none has more than 8 bits.

    Raises:
        DataError: A picture can no longer be read.
    """
    listed, counts = list(paths), ValueCounts()
    pace = Pace(len(listed), "Looking at the values")
    yield pace.at(0)
    for done, sample in enumerate(map_bounded(sample_file, listed), start=1):
        if sample is not None:
            counts.add(sample)
        if pace.due():
            yield pace.at(done)
    yield pace.at(len(listed))
    return counts.range()
