"""Reads a subset of the rows of a memory-mapped array, in any order.

It knows arrays that are mapped into memory. It does not know what is in them.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.items import Arrays, count

# Pages of a file that have been looked at count as memory of the process until it gives them back.
BYTES_BETWEEN_RELEASES = 256 * 10**6


class MappedRows:
    """Rows of a mapped array; nothing is read before it is asked for, and what is read is a copy.

    Args:
        array: `(n, …)`, best a memory map.
        rows: Which of them, in which order; all where none are named.
    """

    def __init__(self, array: npt.NDArray[Any], rows: npt.NDArray[np.int64] | None = None) -> None:
        self.array = array
        self.rows = np.arange(len(array)) if rows is None else rows
        self._row_bytes = array[:1].nbytes
        self._touched = 0

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.rows), *self.array.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array.dtype

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> npt.NDArray[Any]:
        """A copy of one row (for a number) or of several (for a slice or an array)."""
        rows = self.rows[index]
        found = np.array(self.array[rows])
        self._touched += self._row_bytes * max(1, np.size(rows))
        if self._touched >= BYTES_BETWEEN_RELEASES:
            self._touched = 0
            give_back(self.array)
        return found

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        return (self[place] for place in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Read all rows into memory; meant for few rows."""
        if copy is False:
            raise ValueError("Rows on the disk become an array by a copy. Received copy=False.")
        found = self[:]
        return found if dtype is None else found.astype(dtype)


class MappedArrays:
    """The same rows of several mapped arrays.

    Args:
        arrays: `(n, …)` each, by name, best memory maps.
        rows: Which of them, in which order; all where none are named.
    """

    def __init__(self, arrays: Arrays, rows: npt.NDArray[np.int64] | None = None) -> None:
        self.arrays = arrays
        self.rows = np.arange(count(arrays)) if rows is None else rows
        self.each = {name: MappedRows(array, self.rows) for name, array in arrays.items()}

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of the rows of each array, `(n, …)`."""
        return {name: each.shape for name, each in self.each.items()}

    @property
    def first(self) -> MappedRows:
        """The first of the arrays."""
        return next(iter(self.each.values()))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> dict[str, npt.NDArray[Any]]:
        """Copy some rows (for a slice or an array)."""
        return {name: each[index] for name, each in self.each.items()}

    def only(self, index: Any) -> MappedArrays:
        """Choose some of the rows, without reading them."""
        return MappedArrays(self.arrays, self.rows[index])


def give_back(array: npt.NDArray[Any]) -> None:
    """Let go of the pages of a mapped array that have been looked at; they stay in the system's cache, unchanged."""
    below: Any = array
    while isinstance(below, np.ndarray):
        below = below.base
    if isinstance(below, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        below.madvise(mmap.MADV_DONTNEED)
