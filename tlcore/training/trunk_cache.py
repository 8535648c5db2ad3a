"""The trunk cache: what lies below the cut, computed once for each view of each picture and kept on disk.

Half precision, in one file of rows. It knows trunks, arrays and a folder. It does not know labels or training.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.data.progress import Progress
from tlcore.files import remove_tree
from tlcore.training.views import view

HALF_MAX = 65504.0  # what half precision can hold: nothing may become infinite
VERSION = 1


@dataclass(frozen=True)
class Part:
    """The pictures of one part of the split and the augmentations of which they get views."""

    pixels: npt.NDArray[np.uint8]
    names: tuple[str, ...]
    views: int


@dataclass(frozen=True)
class TrunkCache:
    """Where features are kept, and what they depend on.

    Args:
        folder: Of every cache; safe to delete.
        identity: Everything that the features depend on: pictures, trunk, weights, augmentation.
    """

    folder: Path
    identity: dict[str, Any]

    @property
    def path(self) -> Path:
        text = json.dumps({"version": VERSION, **self.identity}, sort_keys=True)
        return self.folder / f"trunk-{hashlib.sha256(text.encode()).hexdigest()[:24]}"

    def read(self, part: str) -> npt.NDArray[np.float16] | None:
        """The features of a part, `(n, views, …)`, on disk; None where they have not been computed."""
        try:
            features: npt.NDArray[np.float16] = np.load(self.path / f"{part}.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):
            return None
        self.path.touch()  # the least recently used is the first to be thrown away
        return features

    def build(
        self,
        parts: dict[str, Part],
        answer: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]],
        shape: tuple[int, ...],
        *,
        seed: int,
        at_once: int,
        threads: int,
    ) -> Generator[Progress, None, dict[str, npt.NDArray[np.float16]]]:
        """Compute every view of every picture, beside; the cache takes its name when all are there.

        `answer` is the trunk, called on `threads` threads with few pictures `at_once`; it gives features of `shape`.
        """
        beside = self.path.with_name(f".making-{self.path.name}")
        remove_tree(beside)
        beside.mkdir(parents=True)
        total, done, began = sum(len(part.pixels) * part.views for part in parts.values()), 0, time.monotonic()
        try:
            for name, part in parts.items():
                kept = np.lib.format.open_memmap(
                    beside / f"{name}.npy", mode="w+", dtype=np.float16, shape=(len(part.pixels), part.views, *shape)
                )
                for count in _fill(kept, part, answer, seed=seed, at_once=at_once, threads=threads):
                    done += count
                    rate = done / max(time.monotonic() - began, 1e-6)
                    yield Progress(done, total, rate, (total - done) / rate)
                kept.flush()
                del kept
            remove_tree(self.path)
            beside.replace(self.path)
        finally:
            remove_tree(beside)
        found = {name: self.read(name) for name in parts}
        return {name: features for name, features in found.items() if features is not None}


def _fill(
    kept: npt.NDArray[np.float16],
    part: Part,
    answer: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]],
    *,
    seed: int,
    at_once: int,
    threads: int,
) -> Iterator[int]:
    def compute(start: int, number: int) -> int:
        rows = np.arange(start, min(start + at_once, len(part.pixels)))
        pixels = view(np.asarray(part.pixels[rows]), part.names, number=number, rows=rows, seed=seed)
        kept[rows, number] = np.clip(answer(pixels), -HALF_MAX, HALF_MAX)
        return len(rows)

    jobs = ((start, number) for start in range(0, len(part.pixels), at_once) for number in range(part.views))
    with ThreadPoolExecutor(threads) as pool:
        # A few jobs at a time: a stop need not wait for thousands of them.
        while batch := list(islice(jobs, 4 * threads)):
            yield sum(pool.map(lambda job: compute(*job), batch))
