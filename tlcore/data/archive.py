"""What a person gives, a zip or a folder, as a list of files that can be read one by one.

It knows zips, folders and their traps. It does not know items or labels.

A zip is never unpacked: its files are read into memory one at a time, so nothing that stands in it can name a place on
the disk. Its list is still checked before anything is read, and a hostile one is refused whole.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import BinaryIO, Protocol, cast

from tlcore.data.encodings import Decoded
from tlcore.data.entry_names import Parts, disk_parts, spelt, zip_paths
from tlcore.data.file_kinds import HEAD_BYTES, kind_of_archive, only_archives, size_of_list, what_came, what_holds
from tlcore.data.system_files import made_by_system
from tlcore.errors import ArchiveError, DataError, ItemError
from tlcore.modalities import NOUN

PARQUET_MAGIC = b"PAR1"
_MOST_BYTES_PER_NAME = 1000
_NEEDED = f"A zip or a folder with {NOUN.many} is needed."


@dataclass(frozen=True)
class Limits:
    """What is too much.

    Attributes:
        files: In one archive or folder.
        bytes: Of all files together, unpacked.
        file_bytes: Of one item; a larger file is left out, not the whole archive.
        ratio: Unpacked to packed; held against the archive and each file in it, from `ratio_from_bytes` on, because
            small files of one colour pack well.
    """

    files: int = 200_000
    bytes: int = 200 * 10**9
    file_bytes: int = 256 * 10**6
    ratio: float = 100.0
    ratio_from_bytes: int = 50 * 10**6


@dataclass(frozen=True)
class Entry:
    """One file; `path` is below the archive or folder and made of plain names, `key` is the opener's own."""

    path: PurePosixPath
    size: int
    key: object

    @property
    def name(self) -> str:
        return str(self.path)


class Opened(Protocol):
    """A list of files, and a way to read one of them; safe to use from several threads.

    Attributes:
        encoding: How names were decoded of which nothing says the encoding, with a sample; None where all were certain.
    """

    entries: tuple[Entry, ...]
    left_out: tuple[tuple[str, str], ...]
    encoding: Decoded | None

    def open(self, entry: Entry) -> AbstractContextManager[BinaryIO]:
        """Open a file for reading, until the block ends."""
        ...


@contextmanager
def opening(source: Path, limits: Limits | None = None, encoding: str | None = None) -> Iterator[Opened]:
    """Open a zip or a folder, or a lone Parquet file; its content says which it is.

    Args:
        source: Where it is.
        limits: What is too much.
        encoding: Of names of which nothing says it, as a person chose it; else it is guessed.

    Raises:
        ArchiveError: The archive is damaged, too large or hostile; or there are too many files.
        DataError: It is neither a zip nor a folder, or holds nothing but another archive, or the encoding does not fit.
    """
    limits = limits or Limits()
    if _is_folder(source):
        yield _not_only_archives(_Folder(source, limits, encoding), source)
        return
    if not source.exists():
        raise DataError(f"{_NEEDED} {source} is not there. Check the path.")
    head = _head(source)
    if head.startswith(PARQUET_MAGIC):
        yield _File(source)
        return
    is_zip = zipfile.is_zipfile(source)
    if came := what_came(source, head, is_zip=is_zip):
        raise DataError(f"{_NEEDED} {came}")
    if not is_zip:
        raise DataError(
            f"{_NEEDED} {source.name} is neither, or it is damaged. Pack the {NOUN.many} into a zip, one folder for "
            "each class."
        )
    try:
        _check_directory(source, limits)
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ArchiveError(f"The zip {source.name} is damaged: {error}. Make it again, or copy it again.") from error
    with archive:
        if held := what_holds(source.name, archive.namelist()):
            raise DataError(f"{_NEEDED} {held}")
        yield _not_only_archives(_Zip(source.name, archive, limits, encoding), source)


def _not_only_archives(opened: Opened, source: Path) -> Opened:
    """Refuse what holds nothing but other archives: the items in these cannot be read."""
    paths = [entry.path for entry in opened.entries]
    inner = only_archives([path for path in paths if not made_by_system(path)])
    if not inner:
        return opened
    entry = next(entry for entry in opened.entries if entry.path == inner[0])
    with reading(opened, entry) as stream:
        if not kind_of_archive(stream.read(HEAD_BYTES)):
            return opened
    if len(inner) > 1:
        names = ", ".join(path.name for path in inner[:3]) + (" and more" if len(inner) > 3 else "")
        raise DataError(f"{_NEEDED} {source.name} holds only archives: {names}. Unpack these, and give the folder.")
    raise DataError(
        f"{_NEEDED} {source.name} holds only another archive, {inner[0].name}. Pack the {NOUN.many} once: give that "
        "one, or unpack it and give the folder."
    )


def _head(source: Path) -> bytes:
    try:
        with source.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}. Check who may read it.") from error


def _is_folder(source: Path) -> bool:
    try:
        return source.is_dir()
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}. Check who may read it.") from error


def _check_directory(source: Path, limits: Limits) -> None:
    """Refuse an archive whose list alone would fill the memory, by what its last record says of the list's length."""
    count, length = size_of_list(source)
    check_amount(source.name, max(count, length // _MOST_BYTES_PER_NAME), 0, limits)


def read(opened: Opened, entry: Entry, *, most: int) -> bytes:
    """Read one file, never more than `most` bytes of it.

    Raises:
        ItemError: It cannot be read, or is larger.
    """
    with reading(opened, entry) as stream:
        content = stream.read(min(most, entry.size) + 1)
    if len(content) > most:
        raise ItemError(f"The file is larger than {most // 10**6:,} MB. Make it smaller.")
    return content


@contextmanager
def reading(opened: Opened, entry: Entry) -> Iterator[BinaryIO]:
    """Open one file; a fault of the disk, or of the archive at that place, becomes the reason for leaving it out."""
    try:
        with opened.open(entry) as stream:
            yield stream
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ItemError(f"The file cannot be unpacked: {error}.") from error
    except OSError as error:
        raise ItemError(f"The file cannot be read: {error.strerror or error}.") from error


class _Folder:
    """The files below a folder. Links are left out: they could lead anywhere, in circles too."""

    def __init__(self, folder: Path, limits: Limits, encoding: str | None) -> None:
        self._left_out: list[tuple[Parts, str]] = []
        self._limits = limits
        files = list(self._walk(folder))
        parts, self.encoding = disk_parts(
            [*(parts for parts, _, _ in files), *(p for p, _ in self._left_out)], encoding
        )
        entries = [Entry(PurePosixPath(*each), size, file) for each, (_, size, file) in zip(parts, files, strict=False)]
        self.entries = tuple(sorted(entries, key=lambda entry: entry.path.parts))
        left_out = zip(parts[len(files) :], self._left_out, strict=True)
        self.left_out = tuple(("/".join(each), reason) for each, (_, reason) in left_out)

    def open(self, entry: Entry) -> BinaryIO:
        return Path(str(entry.key)).open("rb")

    def _walk(self, folder: Path) -> Iterator[tuple[Parts, int, Path]]:
        count = total = 0
        waiting: list[tuple[Path, Parts]] = [(folder, ())]
        while waiting:
            here, below = waiting.pop()
            try:
                found = list(os.scandir(here))
            except OSError as error:
                if here == folder:
                    raise DataError(f"The folder {folder} cannot be read: {error.strerror}.") from error
                self._left_out.append((below, f"The folder cannot be read: {error.strerror}."))
                continue
            for item in found:
                parts = (*below, item.name)
                if item.is_symlink():
                    self._left_out.append((parts, "This is a link. Links are not followed; put the file itself."))
                elif item.is_dir(follow_symlinks=False):
                    waiting.append((Path(item.path), parts))
                elif item.is_file(follow_symlinks=False):
                    size = item.stat(follow_symlinks=False).st_size
                    count, total = count + 1, total + size
                    check_amount(str(folder), count, total, self._limits)
                    yield parts, size, Path(item.path)
                else:
                    self._left_out.append((parts, "This is not a file but a device or a pipe."))


class _File:
    """One file, alone; whoever knows its kind finds the items in it."""

    left_out: tuple[tuple[str, str], ...] = ()
    encoding: Decoded | None = None

    def __init__(self, path: Path) -> None:
        (name,) = spelt([(path.name.encode(errors="replace").decode(),)])[0]
        self.entries: tuple[Entry, ...] = (Entry(PurePosixPath(name), path.stat().st_size, path),)

    def open(self, entry: Entry) -> BinaryIO:
        return Path(str(entry.key)).open("rb")


class _Zip:
    """The files in a zip, once their list has been found harmless."""

    def __init__(self, name: str, archive: zipfile.ZipFile, limits: Limits, encoding: str | None) -> None:
        self._archive = archive
        self._lock = Lock()
        self.left_out: tuple[tuple[str, str], ...] = ()
        entries = []
        count = total = packed = 0
        infos = archive.infolist()
        paths, self.encoding = zip_paths(name, infos, encoding)
        for info, path in zip(infos, paths, strict=True):
            if path is None:
                continue
            count, total, packed = count + 1, total + info.file_size, packed + info.compress_size
            check_amount(name, count, total, limits)
            check_ratio(name, info.file_size, info.compress_size, limits)
            entries.append(Entry(path, info.file_size, info))
        check_ratio(name, total, packed, limits)
        self.entries = tuple(sorted(entries, key=lambda entry: entry.path.parts))

    @contextmanager
    def open(self, entry: Entry) -> Iterator[BinaryIO]:
        if not isinstance(entry.key, zipfile.ZipInfo):
            raise TypeError("an entry of a folder was given to a zip")
        # Reading from several threads is safe, but a ZipFile counts its open files without a lock.
        with self._lock:
            stream = cast("BinaryIO", self._archive.open(entry.key))
        try:
            yield stream
        finally:
            with self._lock:
                stream.close()


def check_amount(name: str, count: int, total: int, limits: Limits) -> None:
    if count > limits.files:
        raise ArchiveError(f"{name} has more than {limits.files:,} files in it. It is refused. Give it in parts.")
    if total > limits.bytes:
        raise ArchiveError(
            f"{name} has more than {limits.bytes / 10**9:,.3g} GB in it, unpacked. It is refused. Give it in parts."
        )


def check_ratio(name: str, unpacked: int, packed: int, limits: Limits) -> None:
    if unpacked >= limits.ratio_from_bytes and unpacked > limits.ratio * max(packed, 1):
        raise ArchiveError(
            f"{name} would grow to more than {limits.ratio:g} times its size ({unpacked / 10**6:,.0f} MB), "
            f"as only a zip bomb does. It is refused. Pack the {NOUN.many} again."
        )
