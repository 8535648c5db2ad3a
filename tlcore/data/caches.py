"""Caches: what was computed once and is kept on the disk, bounded, and never thrown away under somebody who uses it.

A cache is a folder (or a file) in the workspace's cache folder; its own time says when it was last used. Whoever uses
one holds a shared lock on it, which the kernel releases with the process, however that ends. It knows folders, their
sizes and their locks. It does not know how a cache is made; of what it holds it knows enough to tell a person.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
import weakref
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tlcore.errors import WorkspaceError
from tlcore.files import remove_tree, tree_bytes
from tlcore.modalities import NOUN

Kind = Literal["items", "features", "graph", "unfinished", "other"]
DEFAULT_GIGABYTES = 20.0
STORE = "store.json"  # of a store of arrays, whose folder is named after the first of them
# Until its maker has a lock on it, nobody can tell a cache in the making from one whose maker was killed.
SECONDS_TO_LOCK = 60.0
SECONDS_IN_MAKING = 24 * 3600.0
KINDS: tuple[tuple[str, Kind], ...] = (
    (".", "unfinished"),
    ("trunk-", "features"),
    ("graph-", "graph"),
)


@dataclass(frozen=True)
class Cache:
    """One cache.

    Attributes:
        bytes: On the disk.
        in_use: Whether a living process uses it now.
    """

    path: Path
    kind: Kind
    bytes: int
    last_used: datetime
    in_use: bool

    @property
    def name(self) -> str:
        return self.path.name

    def holds(self) -> str:
        """What is in it, for a person to read; empty where it does not say."""
        try:
            if self.kind == "items":
                return str(json.loads((self.path / STORE).read_bytes()).get("holds", ""))
            if self.kind == "features":
                views = sorted(self.path.glob("[!.]*.npy"))
                count, *shape = np.load(views[0], mmap_mode="r", allow_pickle=False).shape
                each = f", {len(views)} views of each" if len(views) > 1 else ""
                return f"{' × '.join(map(str, shape))} features of {count:,} {NOUN.many}{each}"
        except (OSError, ValueError, LookupError, TypeError):
            pass  # damaged, of another version, or gone
        return ""


def limit_bytes() -> int:
    """How large all caches together may become: `$GRAFT_CACHE_GB`, in units of 10^9 bytes.

    Raises:
        WorkspaceError: The variable is no number, or below 0.
    """
    said = os.environ.get("GRAFT_CACHE_GB") or str(DEFAULT_GIGABYTES)
    try:
        gigabytes = float(said)
        if not 0 <= gigabytes < float("inf"):
            raise ValueError
    except ValueError:
        raise WorkspaceError(
            f"GRAFT_CACHE_GB is how many gigabytes the caches may take, such as 20. Received '{said}'. Set a number."
        ) from None
    return int(gigabytes * 1e9)


# === Using a cache ===


def hold(path: Path, mapped: np.memmap[Any, Any]) -> bool:
    """Keep a cache from being thrown away for as long as an array of it is mapped into memory, slices included.

    False where it was thrown away a moment ago: what is mapped stays readable, but others will not find it again.
    """
    descriptor = _lock(path)
    if descriptor is None:
        return False
    weakref.finalize(mapped, os.close, descriptor)  # a slice keeps the array alive that it was cut from
    return True


@contextmanager
def using(path: Path) -> Iterator[bool]:
    """Keep a cache from being thrown away for the length of the block; False where it is not there."""
    descriptor = _lock(path)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _lock(path: Path) -> int | None:
    """Share the lock of a cache; None where there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)  # waits for whoever looks, or deletes
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except OSError:
        pass  # deleted while we waited; or a file system without locks, where what is mapped survives deletion as well
    os.close(descriptor)
    return None


# === Looking at caches, and throwing them away ===


def list_caches(folder: Path) -> list[Cache]:
    """Every cache in the folder, the one used last first."""
    try:
        paths = list(folder.iterdir())
    except OSError:
        return []
    found = []
    for path in paths:
        try:
            used = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            found.append(Cache(path, _kind(path), tree_bytes(path), used, _is_used(path)))
        except FileNotFoundError:
            continue  # finished or deleted while we looked
    return sorted(found, key=lambda cache: cache.last_used, reverse=True)


def evict(folder: Path, limit: int | None = None, keep: Collection[Path] = ()) -> int:
    """Delete what has not been used for longest until the caches take at most `limit` bytes; give the bytes freed.

    What is in use stays. So does what is being made, unless it is a day old: its maker was killed.
    """
    bound = limit_bytes() if limit is None else limit
    caches = list_caches(folder)
    too_much = sum(cache.bytes for cache in caches if _is_settled(cache)) - bound
    return _shrink(caches, too_much, keep)


def make_room(folder: Path, needed: int) -> int:
    """Delete what has not been used for longest until the disk has `needed` bytes to spare; give the bytes freed."""
    return _shrink(list_caches(folder), needed - shutil.disk_usage(folder).free, ())


def spare_bytes(folder: Path) -> int:
    """What is free on the disk of the caches, and what would be if all that nobody uses were thrown away."""
    free = shutil.disk_usage(folder).free
    return free + sum(cache.bytes for cache in list_caches(folder) if _is_settled(cache) and not cache.in_use)


def clear(folder: Path, names: Collection[str] | None = None) -> tuple[list[Cache], list[Cache]]:
    """Delete the caches of these names, or all; give those that are gone, and those that stayed, being in use.

    Raises:
        WorkspaceError: There is no cache of such a name; nothing is deleted.
    """
    caches = {cache.name: cache for cache in list_caches(folder)}
    if unknown := sorted(set(names or ()) - set(caches)):
        raise WorkspaceError(f"The name of a cache is needed. Received '{unknown[0]}'. `cache show` lists them.")
    gone: list[Cache] = []
    kept: list[Cache] = []
    for name in caches if names is None else names:
        (gone if _delete(caches[name], SECONDS_TO_LOCK) else kept).append(caches[name])
    return gone, kept


def _shrink(caches: list[Cache], too_much: int, keep: Collection[Path]) -> int:
    kept = {path.resolve() for path in keep}
    freed = 0
    for cache in reversed(caches):
        if freed >= too_much:
            break
        if cache.path.resolve() not in kept and _delete(cache, SECONDS_IN_MAKING):
            freed += cache.bytes
    return freed


def _delete(cache: Cache, seconds_in_making: float) -> bool:
    """Delete a cache that nobody uses, and say whether it is gone."""
    if cache.kind == "unfinished" and time.time() - cache.last_used.timestamp() < seconds_in_making:
        return False
    try:
        descriptor = os.open(cache.path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        # Kept while it is deleted: whoever opens it now waits, and then finds it gone.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(cache.path)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _remove(path: Path) -> None:
    if path.is_dir():
        remove_tree(path)
    else:
        path.unlink(missing_ok=True)


def _is_used(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # a file system without locks
    finally:
        os.close(descriptor)
    return False


def _is_settled(cache: Cache) -> bool:
    """Whether it counts towards the bound: what is being made does not, until it is a day old."""
    return cache.kind != "unfinished" or time.time() - cache.last_used.timestamp() >= SECONDS_IN_MAKING


def _kind(path: Path) -> Kind:
    found: Kind = next((kind for start, kind in KINDS if path.name.startswith(start)), "other")
    return "items" if found == "other" and (path / STORE).exists() else found
