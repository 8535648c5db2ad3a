"""What a person gives, a zip or a folder, as a list of files that can be read one by one.

It knows zips, folders and their traps. It does not know pictures or labels.

A zip is never unpacked: its files are read into memory one at a time, so nothing that stands in it can name a place on
the disk. Its list is still checked before anything is read, and a hostile one is refused whole.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import BinaryIO, Protocol, cast
from unicodedata import normalize

from tlcore.errors import ArchiveError, DataError, PictureError

HEAD_BYTES = 64
PARQUET_MAGIC = b"PAR1"
_END_BYTES = 66_000  # the last record and the longest comment, and Zip64's
_MOST_BYTES_PER_NAME = 1000
_UTF8_FLAG, _ENCRYPTED_FLAG = 0x800, 0x1
_READABLE_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}


@dataclass(frozen=True)
class Limits:
    """What is too much.

    Attributes:
        files: In one archive or folder.
        bytes: Of all files together, unpacked.
        file_bytes: Of one picture; a larger file is left out, not the whole archive.
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
    """A list of files, and a way to read one of them; safe to use from several threads."""

    entries: tuple[Entry, ...]
    left_out: tuple[tuple[str, str], ...]

    def open(self, entry: Entry) -> AbstractContextManager[BinaryIO]:
        """Open a file for reading, until the block ends."""
        ...


@contextmanager
def opening(source: Path, limits: Limits | None = None) -> Iterator[Opened]:
    """Open a zip or a folder, or a lone Parquet file; its content says which it is.

    Raises:
        ArchiveError: The archive is damaged, too large or hostile; or there are too many files.
        DataError: It is neither a zip nor a folder.
    """
    limits = limits or Limits()
    if _is_folder(source):
        yield _Folder(source, limits)
    elif not source.exists():
        raise DataError(f"A zip or a folder with pictures is needed. {source} is not there. Check the path.")
    elif _head(source) == PARQUET_MAGIC:
        yield _File(source)
    elif not zipfile.is_zipfile(source):
        raise DataError(
            f"A zip or a folder with pictures is needed. {source.name} is neither, or it is damaged. "
            "Pack the pictures into a zip, one folder for each class."
        )
    else:
        try:
            _check_directory(source, limits)
            archive = zipfile.ZipFile(source)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise ArchiveError(
                f"The zip {source.name} is damaged: {error}. Make it again, or copy it again."
            ) from error
        with archive:
            yield _Zip(source.name, archive, limits)


def _head(source: Path) -> bytes:
    try:
        with source.open("rb") as stream:
            return stream.read(len(PARQUET_MAGIC))
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}. Check who may read it.") from error


def _is_folder(source: Path) -> bool:
    try:
        return source.is_dir()
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}. Check who may read it.") from error


def _check_directory(source: Path, limits: Limits) -> None:
    """Refuse an archive whose list alone would fill the memory, by what its last record says of the list's length."""
    with source.open("rb") as stream:
        stream.seek(max(0, source.stat().st_size - _END_BYTES))
        end = stream.read()
    at = end.rfind(b"PK\x05\x06")
    count, length = struct.unpack_from("<HI", end, at + 10) if 0 <= at <= len(end) - 22 else (0, 0)
    large = end.rfind(b"PK\x06\x06", 0, max(at, 0))  # Zip64, where two or four bytes are too few
    if 0 <= large <= len(end) - 56 and (count == 0xFFFF or length == 0xFFFFFFFF):
        count, length = struct.unpack_from("<QQ", end, large + 32)
    check_amount(source.name, max(count, length // _MOST_BYTES_PER_NAME), 0, limits)


def read(opened: Opened, entry: Entry, *, most: int) -> bytes:
    """Read one file, never more than `most` bytes of it.

    Raises:
        PictureError: It cannot be read, or is larger.
    """
    with reading(opened, entry) as stream:
        content = stream.read(min(most, entry.size) + 1)
    if len(content) > most:
        raise PictureError(f"The file is larger than {most // 10**6:,} MB. Make it smaller.")
    return content


@contextmanager
def reading(opened: Opened, entry: Entry) -> Iterator[BinaryIO]:
    """Open one file; a fault of the disk, or of the archive at that place, becomes the reason for leaving it out."""
    try:
        with opened.open(entry) as stream:
            yield stream
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise PictureError(f"The file cannot be unpacked: {error}.") from error
    except OSError as error:
        raise PictureError(f"The file cannot be read: {error.strerror or error}.") from error


class _Folder:
    """The files below a folder. Links are left out: they could lead anywhere, in circles too."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._left_out: list[tuple[str, str]] = []
        self._limits = limits
        self.entries = tuple(sorted(self._walk(folder), key=lambda entry: entry.path.parts))
        self.left_out = tuple(self._left_out)

    def open(self, entry: Entry) -> BinaryIO:
        return Path(str(entry.key)).open("rb")

    def _walk(self, folder: Path) -> Iterator[Entry]:
        count = total = 0
        waiting = [(folder, PurePosixPath())]
        while waiting:
            here, below = waiting.pop()
            try:
                found = list(os.scandir(here))
            except OSError as error:
                if here == folder:
                    raise DataError(f"The folder {folder} cannot be read: {error.strerror}.") from error
                self._left_out.append((str(below), f"The folder cannot be read: {error.strerror}."))
                continue
            for item in found:
                path = below / _plain(item.name)
                if item.is_symlink():
                    self._left_out.append((str(path), "This is a link. Links are not followed; put the file itself."))
                elif item.is_dir(follow_symlinks=False):
                    waiting.append((Path(item.path), path))
                elif item.is_file(follow_symlinks=False):
                    size = item.stat(follow_symlinks=False).st_size
                    count, total = count + 1, total + size
                    check_amount(str(folder), count, total, self._limits)
                    yield Entry(path, size, Path(item.path))
                else:
                    self._left_out.append((str(path), "This is not a file but a device or a pipe."))


class _File:
    """One file, alone; whoever knows its kind finds the pictures in it."""

    left_out: tuple[tuple[str, str], ...] = ()

    def __init__(self, path: Path) -> None:
        self.entries: tuple[Entry, ...] = (Entry(PurePosixPath(_plain(path.name)), path.stat().st_size, path),)

    def open(self, entry: Entry) -> BinaryIO:
        return Path(str(entry.key)).open("rb")


class _Zip:
    """The files in a zip, once their list has been found harmless."""

    def __init__(self, name: str, archive: zipfile.ZipFile, limits: Limits) -> None:
        self._archive = archive
        self._lock = Lock()
        self.left_out: tuple[tuple[str, str], ...] = ()
        entries = []
        count = total = packed = 0
        for info in archive.infolist():
            path = _checked_path(name, info)
            if info.filename.endswith(("/", "\\")):
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


def _checked_path(name: str, info: zipfile.ZipInfo) -> PurePosixPath:
    if info.flag_bits & _ENCRYPTED_FLAG:
        raise ArchiveError(f"The zip {name} is protected by a password. Pack it again without one.")
    if info.compress_type not in _READABLE_METHODS:
        raise ArchiveError(f"The zip {name} is packed in a way that is not known here. Pack it again as a plain zip.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ArchiveError(
            f"The zip {name} has a symbolic link in it ('{info.filename}'), which could lead out of it. It is refused. "
            "Pack the files themselves."
        )
    # Some Windows programs write backslashes; some others write UTF-8 and do not say so.
    text = _unicode_name(info).replace("\\", "/")
    parts = [part for part in text.split("/") if part not in {"", "."}]
    if text.startswith("/") or ".." in parts or (parts and len(parts[0]) == 2 and parts[0][1] == ":"):
        raise ArchiveError(
            f"The zip {name} would write outside its folder ('{info.filename}'). It is refused. "
            "Pack the pictures again from the folder that they are in."
        )
    return PurePosixPath(*(_plain(part) for part in parts)) if parts else PurePosixPath("unnamed")


def _unicode_name(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & _UTF8_FLAG:
        return info.filename
    try:
        return info.filename.encode("cp437").decode()
    except UnicodeError:
        return info.filename


def _plain(name: str) -> str:
    """One spelling for a name in any script: macOS takes letters and their accents apart."""
    return normalize("NFC", name.encode(errors="replace").decode())


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
            "as only a zip bomb does. It is refused. Pack the pictures again."
        )
