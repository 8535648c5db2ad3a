"""The trunk cache: stores what lies below the cut, computed once for each view of each item.

A folder for each trunk and set of items; in it a file of rows for each view, in half precision. A view that was begun
is gone on with after a stop, a crash or a `kill -9`. It knows arrays and a folder. It does not know trunks, labels or
the split.

    view-<name>.npy            whole: `(n, …)`, float16; where several tensors cross the cut `view-<name>-<tensor>.npy`
    .making-view-<name>.npy    begun, and beside it
    .making-view-<name>.json   how many of its rows are there
    lock                       held while a process computes
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock
from pydantic import BaseModel, ConfigDict

from tlcore.data.caches import hold, using
from tlcore.disk import keeping, size
from tlcore.errors import WorkspaceError
from tlcore.files import read_json, write_json
from tlcore.inference.trunk import features_folder
from tlcore.items import Arrays, Field, Spec, count
from tlcore.memmap import BYTES_BETWEEN_RELEASES, give_back
from tlcore.progress import Progress
from tlcore.threads import map_bounded

HALF_MAX = 65504.0  # what half precision can hold: nothing may become infinite
SECONDS_BETWEEN_NOTES = 2.0

Features = dict[str, npt.NDArray[Any]]
Compute = Callable[[npt.NDArray[np.int64]], Arrays]


class Begun(BaseModel):
    """The progress of a view; its rows are on the disk before this says so."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    done: int


@dataclass(frozen=True)
class TrunkCache:
    """The place of the features, and what they depend on.

    Args:
        folder: Of every cache; safe to delete.
        identity: Everything that the features depend on: items, trunk, weights. Not the views: each has its name.
        count: Of items.
        boundary: What crosses the cut; numbers are kept in half precision, all else as it is.
    """

    folder: Path
    identity: dict[str, Any]
    count: int
    boundary: Spec

    @property
    def path(self) -> Path:
        shapes = {field.name: (self.count, *field.shape) for field in self.boundary}
        return features_folder(self.identity, shapes if len(shapes) > 1 else next(iter(shapes.values())), self.folder)

    @property
    def view_bytes(self) -> int:
        return self.count * sum(_kept_as(field).itemsize * math.prod(field.shape) for field in self.boundary)

    def bytes(self) -> int:
        """Return the bytes of the complete views."""
        return sum(path.stat().st_size for path in self.path.glob("view-*.npy"))

    def read(self, view: str) -> Features | None:
        """Read what crosses the cut in one view, `(n, …)` each, on disk; None where it has not been computed."""
        found: Features = {}
        for field in self.boundary:
            try:
                kept = np.load(self._file(view, field), mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError):
                return None
            if kept.shape != (self.count, *field.shape):
                return None
            if isinstance(kept, np.memmap):
                hold(self.path, kept)  # what is looked at is not thrown away
            found[field.name] = kept
        with keeping():
            self.path.touch()  # the least recently used is the first to be thrown away
        return found

    def build(
        self,
        view: str,
        answer: Compute,
        *,
        at_once: int,
        threads: int,
    ) -> Generator[Progress, None, None]:
        """Compute one view of every item, from where an earlier attempt ended.

        `answer` gives the features of rows; it is called on `threads` threads, each time for `at_once` of them.

        Raises:
            WorkspaceError: There is no room on the disk.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with using(self.path), FileLock(self.path / "lock"):
            if self.read(view) is not None:  # another process was quicker
                return
            kept, first = self._take_up(view)
            done, began = first, time.monotonic()
            noted = began
            try:
                for count in _fill(kept, first, answer, at_once=at_once, threads=threads):
                    done += count
                    now = time.monotonic()
                    if now - noted >= SECONDS_BETWEEN_NOTES:
                        noted = now
                        self._note(view, kept, done)
                    rate = (done - first) / max(now - began, 1e-6)
                    yield Progress(done, self.count, rate, (self.count - done) / rate)
            finally:
                self._note(view, kept, done)
            for field in self.boundary:
                self._making(view, field).replace(self._file(view, field))
            self._begun(view).unlink()

    def _take_up(self, view: str) -> tuple[Features, int]:
        """Open the arrays of a view, and say how many of their rows are there."""
        begun = self._begun(view)
        try:
            done = read_json(begun, Begun).done
            kept: Features = {
                field.name: np.lib.format.open_memmap(self._making(view, field), mode="r+") for field in self.boundary
            }
            if all(kept[field.name].shape == (self.count, *field.shape) for field in self.boundary):
                return kept, min(done, self.count)
        except (WorkspaceError, OSError, ValueError):
            pass
        begun.unlink(missing_ok=True)
        try:
            return {field.name: self._made(self._making(view, field), field) for field in self.boundary}, 0
        except OSError as error:
            for field in self.boundary:
                self._making(view, field).unlink(missing_ok=True)
            raise WorkspaceError(
                f"Features below the cut need {size(self.view_bytes)} in {self.folder}. They cannot be "
                f"written: {error.strerror}. Make room there, or set GRAFT_HOME to another folder."
            ) from error

    def _made(self, making: Path, field: Field) -> npt.NDArray[Any]:
        shape = (self.count, *field.shape)
        kept: npt.NDArray[Any] = np.lib.format.open_memmap(making, mode="w+", dtype=_kept_as(field), shape=shape)
        _claim(making)
        return kept

    def _note(self, view: str, kept: Features, done: int) -> None:
        for each in kept.values():
            if isinstance(each, np.memmap):
                each.flush()
            give_back(each)
        write_json(self._begun(view), Begun(done=done))

    def _file(self, view: str, field: Field) -> Path:
        return self.path / f"view-{view}{self._ending(field)}.npy"

    def _making(self, view: str, field: Field) -> Path:
        return self.path / f".making-view-{view}{self._ending(field)}.npy"

    def _ending(self, field: Field) -> str:
        return f"-{field.name}" if len(self.boundary) > 1 else ""

    def _begun(self, view: str) -> Path:
        return self.path / f".making-view-{view}.json"


def _claim(path: Path) -> None:
    """Reserve the space of a sparse file: otherwise a full disk would end the process in the middle of a row."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)


def _fill(
    kept: Features,
    first: int,
    answer: Compute,
    *,
    at_once: int,
    threads: int,
) -> Iterator[int]:
    total = count(kept)

    def compute(start: int) -> int:
        rows = np.arange(start, min(start + at_once, total))
        for name, found in answer(rows).items():
            half = kept[name].dtype == np.float16
            kept[name][rows] = np.clip(found, -HALF_MAX, HALF_MAX) if half else found
        return len(rows)

    touched, row_bytes = 0, sum(each[:1].nbytes for each in kept.values())
    for number in map_bounded(compute, range(first, total, at_once), threads=threads):
        touched += number * row_bytes
        if touched > BYTES_BETWEEN_RELEASES:
            touched = 0
            for each in kept.values():
                give_back(each)
        yield number


def _kept_as(field: Field) -> np.dtype[Any]:
    return np.dtype(np.float16 if field.dtype == "float32" else field.dtype)
