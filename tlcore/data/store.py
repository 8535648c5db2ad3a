"""The arrays of items, each array in one file on disk, made once and mapped into memory.

It knows the cache folder and what arrays look like. It does not know labels, models, nor how a file becomes arrays; the
modality does. A store is found again by what is in it: the items in their order, and the identity that the modality
gives the settings of the input.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from tlcore import disk
from tlcore.data.caches import STORE, evict, hold, using
from tlcore.errors import DataError, WorkspaceError
from tlcore.files import read_json, remove_tree, write_json
from tlcore.items import Spec, bytes_of
from tlcore.memmap import BYTES_BETWEEN_RELEASES, MappedArrays, give_back
from tlcore.modalities import InputSettings, find_modality
from tlcore.progress import Progress, map_blocks

_PER_TASK = 8
Mapped = np.memmap[Any, np.dtype[Any]]


class StoreInfo(BaseModel):
    """`store.json`: written last, so that a folder without it is not a store.

    Attributes:
        holds: What is in it, for a person to read; empty in stores of before.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    count: int
    holds: str = ""


@dataclass(frozen=True)
class ArrayStore:
    """An open store: `arrays` has `(n, …)` by name, read-only, in the order asked for."""

    path: Path
    key: str
    arrays: Mapping[str, Mapped]

    @property
    def inputs(self) -> MappedArrays:
        """The arrays, to be read a few rows at a time."""
        return MappedArrays(self.arrays)

    @classmethod
    def open_or_build(
        cls, paths: Sequence[Path], shas: Sequence[str], settings: InputSettings, cache: Path
    ) -> Generator[Progress, None, ArrayStore]:
        """Open the store of these items; decode them first where there is none yet.

        Raises:
            DataError: An item cannot be read any more.
            WorkspaceError: The cache cannot be written.
        """
        if len(paths) != len(shas):
            raise ValueError(f"as many paths as hashes are needed; received {len(paths)} and {len(shas)}")
        modality = find_modality(settings.modality)
        items, spec = modality.noun.many, modality.spec(settings)
        if (found := cls.find(shas, settings, cache)) is not None:
            yield Progress(len(paths), len(paths), note=f"The {items} are prepared already")
            return found
        key = store_key(shas, settings)
        folder = _folder(cache, spec, key)
        beside = cache / f".making-{spec[0].name}-{token_hex(6)}"
        try:
            beside.mkdir(parents=True)
            with using(beside):  # and, once it is renamed, under its new name
                yield from _fill(beside, paths, settings)
                holds = f"{modality.noun.counted(len(paths))} {modality.described(settings)}"
                write_json(beside / STORE, StoreInfo(count=len(paths), holds=holds))
                remove_tree(folder)
                beside.replace(folder)
                evict(cache)
        except OSError as error:
            if not _is_whole(folder, len(paths), spec):  # else another process was quicker
                raise WorkspaceError(
                    f"The prepared {items} are kept in {cache}, which cannot be written: {error.strerror}. "
                    "Make room there, or set GRAFT_HOME to another folder."
                ) from error
        finally:
            remove_tree(beside)
        return cls._open(folder, key, len(paths), spec)

    @classmethod
    def find(cls, shas: Sequence[str], settings: InputSettings, cache: Path) -> ArrayStore | None:
        """Open the store of these items where there is one."""
        key, spec = store_key(shas, settings), find_modality(settings.modality).spec(settings)
        folder = _folder(cache, spec, key)
        with using(folder):
            if not _is_whole(folder, len(shas), spec):
                return None
            with disk.keeping():
                os.utime(folder)  # `evict` goes by when a folder was last used
            return cls._open(folder, key, len(shas), spec)

    @classmethod
    def _open(cls, folder: Path, key: str, count: int, spec: Spec) -> ArrayStore:
        arrays = _map(folder, count, spec, "r")
        for mapped in arrays.values():
            hold(folder, mapped)  # for as long as somebody looks at it
        return cls(folder, key, arrays)


def _folder(cache: Path, spec: Spec, key: str) -> Path:
    return cache / f"{spec[0].name}-{key[:20]}"


def store_key(shas: Sequence[str], settings: InputSettings) -> str:
    """Name what a store holds; caches of what is computed from it take this into their own key."""
    digest = hashlib.sha256(f"{find_modality(settings.modality).identity(settings)}\n".encode())
    for sha in shas:
        digest.update(sha.encode() + b"\n")
    return digest.hexdigest()


def _is_whole(folder: Path, count: int, spec: Spec) -> bool:
    try:
        info = read_json(folder / STORE, StoreInfo)
        sizes = [(folder / f"{field.name}.bin").stat().st_size for field in spec]
    except (WorkspaceError, OSError):
        return False
    return info.count == count and sizes == [max(count * bytes_of((field,)), 1) for field in spec]


def _map(folder: Path, count: int, spec: Spec, mode: Literal["r", "r+"]) -> dict[str, Mapped]:
    return {
        field.name: np.memmap(folder / f"{field.name}.bin", field.dtype, mode, shape=(count, *field.shape))
        for field in spec
    }


def _fill(folder: Path, paths: Sequence[Path], settings: InputSettings) -> Generator[Progress, None, None]:
    modality = find_modality(settings.modality)
    spec = modality.spec(settings)
    for field in spec:
        with (folder / f"{field.name}.bin").open("wb") as stream:
            stream.truncate(max(len(paths) * bytes_of((field,)), 1))
    if not paths:
        return
    targets = _map(folder, len(paths), spec, "r+")
    per_release = max(_PER_TASK, BYTES_BETWEEN_RELEASES // max(1, bytes_of(spec)))

    def fill(first: int) -> None:
        for row in range(first, min(first + _PER_TASK, len(paths))):
            try:
                arrays = modality.decode(paths[row], settings)
            except ValueError as error:
                noun = modality.noun
                raise DataError(
                    f"The {noun.one} {paths[row]} can no longer be read. {error} Take the {noun.many} in again."
                ) from error
            for name, target in targets.items():
                target[row] = arrays[name]
        if first // per_release != (first + _PER_TASK) // per_release:
            for target in targets.values():
                give_back(target)

    yield from map_blocks(fill, len(paths), _PER_TASK, f"Preparing the {modality.noun.many}")
    for target in targets.values():
        target.flush()
