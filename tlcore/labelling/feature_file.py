"""Rows of numbers kept on the disk by item: features, or what a model says, computed once.

It knows two files that are only appended to. It does not know what the numbers mean.

    <name>.f16   rows of `width` half-precision numbers
    <name>.txt   the SHA-256 of each row's item, one on a line, written after its row
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from filelock import FileLock

Rows = npt.NDArray[np.float16]
_LINE = 65  # a SHA-256 in hexadecimal, and the end of the line


@dataclass(frozen=True)
class KeptRows:
    """Rows of one width; `path` is without a suffix. A row that a crash cut short is as if it were not there."""

    path: Path
    width: int

    def shas(self) -> list[str]:
        """Whose rows are there, in their order."""
        try:
            text = self._names.read_text()
        except FileNotFoundError:
            return []
        return [line for line in text.split("\n") if len(line) == _LINE - 1]

    def read(self, shas: Sequence[str]) -> Rows:
        """The rows of items, `(n, width)`, in the order of `shas`; all of them must be there."""
        place = {sha: row for row, sha in enumerate(self.shas())}
        if not shas:
            return np.empty((0, self.width), np.float16)
        rows = np.memmap(self._values, np.float16, mode="r")
        whole = rows[: len(rows) // self.width * self.width].reshape(-1, self.width)
        return np.array(whole[[place[sha] for sha in shas]])

    def add(self, shas: Sequence[str], rows: Rows) -> None:
        """Keep rows; those that are there already stay as they are."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_suffix(".lock")):
            there = self.shas()
            known, new = set(there), {}
            for place, sha in enumerate(shas):
                if sha not in known:
                    new[sha] = place
            # Whatever lies behind the last whole row was being written when a process ended.
            with self._values.open("ab") as values, self._names.open("ab") as names:
                values.truncate(len(there) * self.width * 2)
                names.truncate(len(there) * _LINE)
                values.write(rows[list(new.values())].astype(np.float16).tobytes())
                values.flush()
                names.write("".join(f"{sha}\n" for sha in new).encode())

    @property
    def _values(self) -> Path:
        return self.path.with_suffix(".f16")

    @property
    def _names(self) -> Path:
        return self.path.with_suffix(".txt")
