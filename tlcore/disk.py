"""Describes the disk: sizes in words, the space that is needed, and system errors as sentences.

It knows `OSError`, bytes and free room. It does not know what is written, nor for what.
"""

from __future__ import annotations

import errno
import math
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from tlcore.errors import GraftError, WorkspaceError

# Kept free beside what is written: logs, tables, and what other programs write meanwhile.
RESERVE_BYTES = 200 * 10**6
# So little that a worker may not even be able to say what it lacked.
FULL_BYTES = 10**6
UNITS = ("bytes", "kB", "MB", "GB", "TB")
LONGEST_SHOWN = 200
# Faults that another place, another name, more rights or more room mend. All others are bugs.
FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM)
IN_THE_WAY = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY)
TOO_MANY = (errno.EMFILE, errno.ENFILE)
OTHERS = (errno.EROFS, errno.ENAMETOOLONG, errno.ENOENT, errno.EFBIG, errno.ELOOP, errno.EBUSY)
DAMAGED = (errno.EIO, errno.ESTALE, errno.ENXIO, errno.ENODEV)
OF_PLACES = frozenset((*FULL, *FORBIDDEN, *IN_THE_WAY, *TOO_MANY, *OTHERS, *DAMAGED))
NOT_WRITABLE = frozenset((*FULL, *FORBIDDEN, errno.EROFS))
OF_WRITING = frozenset((*FULL, *FORBIDDEN, errno.EROFS, errno.EFBIG))
MOST_CAUSES = 10


# === Sizes ===


def size(count: float) -> str:
    """A number of bytes in words: `40 bytes`, `812 kB`, `8.4 MB`, `20 GB`."""
    power = _power(count)
    if not power:
        return f"{count:.0f} byte" + ("" if round(count) == 1 else "s")
    value = count / 1000**power
    if round(value) >= 1000 and power + 1 < len(UNITS):
        power, value = power + 1, value / 1000
    return f"{value:.0f} {UNITS[power]}" if power == 1 or value >= 99.5 else f"{value:.2g} {UNITS[power]}"


def lack(who: str, parts: Mapping[str, int], *, place: Path, free: int, reserve: int | None = None) -> str:
    """Say how much space is needed at a place, for what, and how much is free; empty if there is enough.

    All figures have one unit. Those that are added up are rounded up and the free room is rounded down, so that a
    person who adds them comes to the same.

    Args:
        who: Begins the sentence: `The run needs`.
        parts: What will be written, `for decoded items` and such, in bytes.
        place: A folder on the disk.
        free: Bytes that are free there.
        reserve: Bytes that stay free beside; `RESERVE_BYTES` where not given.
    """
    spare = RESERVE_BYTES if reserve is None else reserve
    needed = sum(parts.values()) + spare
    if free >= needed:
        return ""
    wanted = {name: count for name, count in {**parts, "that stay free": spare}.items() if count > 0}
    power = _power(needed)
    one = 1000**power
    step = 10 ** max(0, 2 - int(math.log10(max(needed / one, 1))))  # three digits
    ceiled = {name: math.ceil(count * step / one) for name, count in wanted.items()}

    def said(steps: int) -> str:
        whole, rest = divmod(steps, step)
        decimal = f"{rest / step:.{len(str(step)) - 1}f}"[1:].rstrip("0").rstrip(".") if rest else ""
        return f"{whole}{decimal} {UNITS[power]}"

    each = ", ".join(f"{said(count)} {name}" for name, count in ceiled.items())
    has = said(max(0, math.floor(free * step / one)))
    return f"{who} {said(sum(ceiled.values()))} on the disk of {place} ({each}). {has} are free."


def free_bytes(place: Path) -> int:
    """Return the free bytes on the disk of a folder that exists or will be made."""
    here = place
    while here != here.parent:
        try:
            return shutil.disk_usage(here).free
        except OSError:  # not there, or a name that is too long to be looked at
            here = here.parent
    return shutil.disk_usage(here).free


def fullness(place: Path) -> str:
    """Say that the disk of a folder is full; empty where it is not."""
    free = free_bytes(place)
    if free >= FULL_BYTES:
        return ""
    return (
        f"The disk of {shortened(place)} is full: {size(free)} are free. Make room there, or set GRAFT_HOME to a "
        "folder on another disk."
    )


def _power(count: float) -> int:
    return min(len(UNITS) - 1, int(math.log10(count) / 3)) if count >= 1000 else 0


# === Faults ===


def fault_of(error: BaseException, *, place: Path | None = None) -> WorkspaceError | None:
    """Turn a fault of the system about a file or a folder into a sentence; None for every other fault.

    Libraries wrap faults of writing in their own errors, which are looked through for them.

    Args:
        error: What was raised.
        place: The folder that was worked in, for faults that do not name a file, such as a write to a full disk.
    """
    seen: BaseException | None = error
    for _ in range(MOST_CAUSES):
        if seen is None or isinstance(seen, GraftError):
            return None
        number = _number(seen) if isinstance(seen, OSError) else 0
        # Further down only what is surely about writing: a missing file may be what another fault was met with.
        if isinstance(seen, OSError) and number in (OF_PLACES if seen is error else OF_WRITING):
            return WorkspaceError(_sentence(seen, number, place))
        seen = seen.__cause__ or seen.__context__
    return None


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Raise the faults of the disk that the block meets as sentences.

    Raises:
        WorkspaceError: The place cannot be written.
    """
    try:
        yield
    except OSError as error:
        fault = fault_of(error, place=place)
        if fault is None:
            raise
        raise fault from error


@contextmanager
def reading(guard: AbstractContextManager[object]) -> Iterator[None]:
    """Enter a lock for a reader, who does without it where nothing can be written: there nobody changes anything."""
    with ExitStack() as stack:
        try:
            stack.enter_context(guard)
        except OSError as error:
            if not closed(error):
                raise
        yield


@contextmanager
def keeping() -> Iterator[None]:
    """Do without what is only kept to be quicker another time, where nothing can be written."""
    try:
        yield
    except OSError as error:
        if not closed(error):
            raise


def closed(error: OSError) -> bool:
    """Tell whether an error means that a place cannot be written."""
    return _number(error) in NOT_WRITABLE


def _number(error: OSError) -> int:
    """The number of a fault; some libraries only write it into the text."""
    if error.errno:
        return error.errno
    found = re.search(r"errno\s*=?\s*(\d+)", str(error), re.IGNORECASE)
    return int(found.group(1)) if found else 0


def _sentence(error: OSError, number: int, place: Path | None) -> str:
    file = _file(error)
    where = file or (place and _visible(place))
    shown = "a file" if where is None else shortened(where)
    elsewhere = "set GRAFT_HOME to another folder"
    if number in FULL:
        full = "the quota is used up" if number == errno.EDQUOT else "the disk is full"
        left = "" if where is None else f" ({size(free_bytes(where))} are free)"
        return (
            f"Room on the disk is needed to write {shown}, and {full}{left}. Make room there (`cache clear` and the "
            "Storage page delete caches), or set GRAFT_HOME to a folder on another disk."
        )
    if number == errno.EROFS:
        return (
            f"A folder that can be written is needed. {shown} is on a disk that is mounted read-only. Mount it for "
            f"writing, or {elsewhere}."
        )
    if number in FORBIDDEN:
        return (
            f"The right to use {shown} is needed. The system refuses it: {_reason(number)}. Change the rights or the "
            f"owner of the folder, or {elsewhere}."
        )
    if number == errno.ENAMETOOLONG:
        return f"A shorter path is needed. {shown} is longer than the disk allows. Use a shorter name, or {elsewhere}."
    if number in IN_THE_WAY:
        return (
            f"A place for a file or a folder is needed. Something of another kind is in the way at {shown}: "
            f"{_reason(number)}. Move it away, or {elsewhere}."
        )
    if number == errno.ENOENT:
        return f"{shown} is needed, but it is not there: it may have been moved or deleted meanwhile. Look at the path."
    if number in TOO_MANY:
        return (
            f"One more file has to be opened ({shown}), but the system allows no more. End other programs, or raise "
            "the limit (`ulimit -n`)."
        )
    return f"{shown} has to be read or written. The system cannot: {_reason(number)}. Look at the disk, or {elsewhere}."


def _file(error: OSError) -> Path | None:
    """Return the file that an error names; of two names, the one that was to be written."""
    name = error.filename2 or error.filename
    if not isinstance(name, str | bytes | os.PathLike):
        return None
    return _visible(Path(os.fsdecode(name)))


def _visible(path: Path) -> Path:
    """A file or folder that a person can find: hidden ones of ours have a name for a moment only."""
    while path.name.startswith("."):
        path = path.parent
    return path


def shortened(place: str | Path) -> str:
    path = str(place)
    return path if len(path) <= LONGEST_SHOWN else f"{path[: LONGEST_SHOWN // 2]}…{path[-LONGEST_SHOWN // 2 :]}"


def expanded(path: Path) -> Path:
    """A path whose leading `~` is the home of a person; as it is where nobody is called so, or where it is there."""
    try:
        return path if path.exists() else path.expanduser()
    except (RuntimeError, OSError):
        return path


def _reason(number: int) -> str:
    return os.strerror(number).lower()
