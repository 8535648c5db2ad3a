"""The trunk cache: stores the features below the cut, computed once for each view of each picture.

A folder for each trunk and set of pictures; in it a file of rows for each view, in half precision. A view that was
begun is gone on with after a stop, a crash or a `kill -9`. It knows arrays and a folder. It does not know trunks,
labels or the split.

    view-<name>.npy            whole: `(n, …)`, float16
    .making-view-<name>.npy    begun, and beside it
    .making-view-<name>.json   how many of its rows are there
    lock                       held while a process computes
"""

from __future__ import annotations

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
from tlcore.memmap import BYTES_BETWEEN_RELEASES, give_back
from tlcore.progress import Progress
from tlcore.threads import map_bounded

HALF_MAX = 65504.0  # what half precision can hold: nothing may become infinite
SECONDS_BETWEEN_NOTES = 2.0

Features = npt.NDArray[np.float16]


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
        identity: Everything that the features depend on: pictures, trunk, weights. Not the views: each has its name.
        shape: Of all rows of one view, `(n, …)`.
    """

    folder: Path
    identity: dict[str, Any]
    shape: tuple[int, ...]

    @property
    def path(self) -> Path:
        return features_folder(self.identity, self.shape, self.folder)

    @property
    def view_bytes(self) -> int:
        return 2 * int(np.prod(self.shape))

    def bytes(self) -> int:
        """Return the bytes of the complete views."""
        return sum(path.stat().st_size for path in self.path.glob("view-*.npy"))

    def read(self, view: str) -> Features | None:
        """The features of one view, `(n, …)`, on disk; None where they have not been computed."""
        try:
            features: Features = np.load(self._file(view), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):
            return None
        with keeping():
            self.path.touch()  # the least recently used is the first to be thrown away
        if isinstance(features, np.memmap):
            hold(self.path, features)  # and what is looked at is not thrown away at all
        return features if features.shape == self.shape else None

    def build(
        self,
        view: str,
        answer: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]],
        *,
        at_once: int,
        threads: int,
    ) -> Generator[Progress, None, None]:
        """Compute one view of every picture, from where an earlier attempt ended.

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
                    yield Progress(done, self.shape[0], rate, (self.shape[0] - done) / rate)
            finally:
                self._note(view, kept, done)
            self._making(view).replace(self._file(view))
            self._begun(view).unlink()

    def _take_up(self, view: str) -> tuple[Features, int]:
        """The array of a view with the number of its rows that are there."""
        making, begun = self._making(view), self._begun(view)
        try:
            done = read_json(begun, Begun).done
            kept: Features = np.lib.format.open_memmap(making, mode="r+")
            if kept.shape == self.shape:
                return kept, min(done, len(kept))
        except (WorkspaceError, OSError, ValueError):
            pass
        begun.unlink(missing_ok=True)
        try:
            kept = np.lib.format.open_memmap(making, mode="w+", dtype=np.float16, shape=self.shape)
            _claim(making)
        except OSError as error:
            making.unlink(missing_ok=True)
            raise WorkspaceError(
                f"Features below the cut need {size(self.view_bytes)} in {self.folder}. They cannot be "
                f"written: {error.strerror}. Make room there, or set GRAFT_HOME to another folder."
            ) from error
        return kept, 0

    def _note(self, view: str, kept: Features, done: int) -> None:
        if isinstance(kept, np.memmap):
            kept.flush()
        give_back(kept)
        write_json(self._begun(view), Begun(done=done))

    def _file(self, view: str) -> Path:
        return self.path / f"view-{view}.npy"

    def _making(self, view: str) -> Path:
        return self.path / f".making-view-{view}.npy"

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
    answer: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]],
    *,
    at_once: int,
    threads: int,
) -> Iterator[int]:
    def compute(start: int) -> int:
        rows = np.arange(start, min(start + at_once, len(kept)))
        kept[rows] = np.clip(answer(rows), -HALF_MAX, HALF_MAX)
        return len(rows)

    touched = 0
    for count in map_bounded(compute, range(first, len(kept), at_once), threads=threads):
        touched += count * kept[:1].nbytes
        if touched > BYTES_BETWEEN_RELEASES:
            touched = 0
            give_back(kept)
        yield count
