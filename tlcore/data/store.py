"""Items of one size as one array on disk, decoded once and mapped into memory.

It knows pixels and the cache folder. It does not know labels or models. A store is found again by what is in it: the
items in their order, the size, the policy, the range of values and the version of the way from file to pixels.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from tlcore import disk
from tlcore.data.caches import evict, hold, using
from tlcore.errors import DataError, WorkspaceError
from tlcore.files import read_json, remove_tree, write_json
from tlcore.memmap import BYTES_BETWEEN_RELEASES, give_back
from tlcore.modalities.image import pixels
from tlcore.modalities.image.pixels import ValueRange
from tlcore.progress import Progress, map_blocks

_PER_TASK = 8


class StoreInfo(BaseModel):
    """`store.json`: written last, so that a folder without it is not a store."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    count: int
    size: int
    policy: str


@dataclass(frozen=True)
class PixelStore:
    """An open store: `pixels` is `(n, size, size, 3)`, uint8, read-only, in the order asked for."""

    path: Path
    key: str
    pixels: np.memmap[Any, np.dtype[np.uint8]]

    @classmethod
    def open_or_build(
        cls,
        paths: Sequence[Path],
        shas: Sequence[str],
        *,
        size: int,
        policy: str,
        cache: Path,
        value_range: ValueRange | None = None,
    ) -> Generator[Progress, None, PixelStore]:
        """Open the store of these items; decode them first where there is none yet.

        Raises:
            DataError: An item cannot be read any more.
            WorkspaceError: The cache cannot be written.
        """
        if len(paths) != len(shas):
            raise ValueError(f"as many paths as hashes are needed; received {len(paths)} and {len(shas)}")
        if (found := cls.find(shas, size=size, policy=policy, cache=cache, value_range=value_range)) is not None:
            yield Progress(len(paths), len(paths), note="The pictures are prepared already")
            return found
        key = store_key(shas, size=size, policy=policy, value_range=value_range)
        folder = _folder(cache, key)
        beside = cache / f".making-pixels-{token_hex(6)}"
        try:
            beside.mkdir(parents=True)
            with using(beside):  # and, once it is renamed, under its new name
                yield from _fill(beside / "pixels.bin", paths, size, policy, value_range)
                write_json(beside / "store.json", StoreInfo(count=len(paths), size=size, policy=policy))
                remove_tree(folder)
                beside.replace(folder)
                evict(cache)
        except OSError as error:
            if not _is_whole(folder, len(paths), size):  # else another process was quicker
                raise WorkspaceError(
                    f"The prepared pictures are kept in {cache}, which cannot be written: {error.strerror}. "
                    "Make room there, or set GRAFT_HOME to another folder."
                ) from error
        finally:
            remove_tree(beside)
        return cls._open(folder, key, len(paths), size)

    @classmethod
    def find(
        cls, shas: Sequence[str], *, size: int, policy: str, cache: Path, value_range: ValueRange | None = None
    ) -> PixelStore | None:
        """Open the store of these items where there is one."""
        key = store_key(shas, size=size, policy=policy, value_range=value_range)
        folder = _folder(cache, key)
        with using(folder):
            if not _is_whole(folder, len(shas), size):
                return None
            with disk.keeping():
                os.utime(folder)  # `evict` goes by when a folder was last used
            return cls._open(folder, key, len(shas), size)

    @classmethod
    def _open(cls, folder: Path, key: str, count: int, size: int) -> PixelStore:
        mapped = _map(folder / "pixels.bin", count, size, "r")
        hold(folder, mapped)  # for as long as somebody looks at the pixels
        return cls(folder, key, mapped)


def _folder(cache: Path, key: str) -> Path:
    return cache / f"pixels-{key[:20]}"


def store_key(shas: Sequence[str], *, size: int, policy: str, value_range: ValueRange | None = None) -> str:
    """Name what a store holds; caches of what is computed from it take this into their own key."""
    values = "" if value_range is None else f" {float(value_range[0])!r} {float(value_range[1])!r}"
    digest = hashlib.sha256(f"pixels {pixels.VERSION} {size} {policy}{values}\n".encode())
    for sha in shas:
        digest.update(sha.encode() + b"\n")
    return digest.hexdigest()


def _is_whole(folder: Path, count: int, size: int) -> bool:
    try:
        info = read_json(folder / "store.json", StoreInfo)
        right = (folder / "pixels.bin").stat().st_size == max(count * size * size * 3, 1)
    except (WorkspaceError, OSError):
        return False
    return right and info.count == count


def _map(path: Path, count: int, size: int, mode: Literal["r", "r+"]) -> np.memmap[Any, np.dtype[np.uint8]]:
    return np.memmap(path, dtype=np.uint8, mode=mode, shape=(count, size, size, 3))


def _fill(
    file: Path, paths: Sequence[Path], size: int, policy: str, value_range: ValueRange | None
) -> Generator[Progress, None, None]:
    with file.open("wb") as stream:
        stream.truncate(max(len(paths) * size * size * 3, 1))
    if not paths:
        return
    target = _map(file, len(paths), size, "r+")
    per_release = max(_PER_TASK, BYTES_BETWEEN_RELEASES // target[0].nbytes)

    def fill(first: int) -> None:
        for row in range(first, min(first + _PER_TASK, len(paths))):
            try:
                target[row] = pixels.read_pixels(paths[row], size, policy, value_range)  # type: ignore[arg-type]
            except ValueError as error:
                raise DataError(
                    f"The picture {paths[row]} can no longer be read. {error} Take the pictures in again."
                ) from error
        if first // per_release != (first + _PER_TASK) // per_release:
            give_back(target)

    yield from map_blocks(fill, len(paths), _PER_TASK, "Preparing the pictures")
    target.flush()
