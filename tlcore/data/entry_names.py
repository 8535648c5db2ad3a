"""The names of files in a zip or a folder, as text: decoded, checked and spelt in one way.

It knows how zips and disks keep names. It does not read files.

A name in a zip is certain where the zip marks it as UTF-8, where an Info-ZIP Unicode Path field has it, and where it is
ASCII. All others are decoded together. They are decoded before they are cut at slashes: the second byte of some
characters in Shift-JIS, GBK and Big5 is a backslash.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath
from unicodedata import normalize

from tlcore.data.encodings import Decoded, decode_names
from tlcore.errors import ArchiveError
from tlcore.modalities import NOUN

_UTF8_FLAG, _ENCRYPTED_FLAG = 0x800, 0x1
_UNICODE_PATH = 0x7075
_READABLE_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
Parts = tuple[str, ...]


def zip_paths(
    name: str, infos: Sequence[zipfile.ZipInfo], encoding: str | None = None
) -> tuple[list[PurePosixPath | None], Decoded | None]:
    """The path of every file in a zip, nothing for a folder, and how names were decoded that were not certain.

    Raises:
        ArchiveError: The zip is encrypted, packed in an unknown way, or a name in it is hostile.
        DataError: The encoding that was chosen does not fit.
    """
    texts, decoded = _texts(infos, encoding)
    # A backslash is a separator of some Windows programs; where names are decoded wrongly it may be half of a letter.
    literal = decoded is not None and any("/" in text for text in texts)
    parts = [_checked(name, info, text, literal=literal) for info, text in zip(infos, texts, strict=True)]
    ends = "/" if literal else ("/", "\\")
    paths = (PurePosixPath(*each) if each else PurePosixPath("unnamed") for each in spelt(parts))
    return [None if text.endswith(ends) else path for path, text in zip(paths, texts, strict=True)], decoded


def disk_parts(parts: Sequence[Parts], encoding: str | None = None) -> tuple[list[Parts], Decoded | None]:
    """The names on a disk; those that are not UTF-8, which Python keeps as lone surrogates, are decoded together.

    Raises:
        DataError: The encoding that was chosen does not fit.
    """
    unknown = list(dict.fromkeys(part for path in parts for part in path if not _is_text(part)))
    if not unknown:
        return spelt(parts), None
    texts, decoded = decode_names([_disk_bytes(part) for part in unknown], encoding)
    text_of = dict(zip(unknown, (text.replace("/", "_") for text in texts), strict=True))
    return spelt([tuple(text_of.get(part, part) for part in path) for path in parts]), decoded


def spelt(paths: Sequence[Parts]) -> list[Parts]:
    """One spelling for a name in any script: macOS takes letters and their accents apart.

    Two names side by side that differ in nothing else stay two: one of them keeps its own spelling.
    """
    taken: dict[tuple[Parts, str], set[str]] = defaultdict(set)
    odd = [path for path in paths if not all(part.isascii() for part in path)]
    for path in odd:
        for depth, part in enumerate(path):
            if not part.isascii():
                taken[path[:depth], normalize("NFC", part)].add(part)

    def one(path: Parts, depth: int) -> str:
        part = path[depth]
        composed = normalize("NFC", part)
        rivals = taken.get((path[:depth], composed), ())
        return (
            composed if len(rivals) < 2 or part == min(rivals, key=lambda rival: (rival != composed, rival)) else part
        )

    return [
        path if all(part.isascii() for part in path) else tuple(one(path, depth) for depth in range(len(path)))
        for path in paths
    ]


def _texts(infos: Sequence[zipfile.ZipInfo], encoding: str | None) -> tuple[list[str], Decoded | None]:
    certain = [_certain(info) for info in infos]
    unknown = [_raw(info) for info, text in zip(infos, certain, strict=True) if text is None]
    if not unknown:
        return [text or "" for text in certain], None
    texts, decoded = decode_names(unknown, encoding)
    guesses = iter(texts)
    both = [text if text is not None else next(guesses) for text in certain]
    return both, decoded if decoded.guessed or encoding else None


def _certain(info: zipfile.ZipInfo) -> str | None:
    if info.flag_bits & _UTF8_FLAG:
        return info.orig_filename.split("\0", 1)[0]
    raw = _raw(info)
    if (text := _unicode_path(info.extra, info.orig_filename.encode("cp437"))) is not None:
        return text.split("\0", 1)[0]
    return raw.decode() if raw.isascii() else None


def _raw(info: zipfile.ZipInfo) -> bytes:
    # `zipfile` reads a name that is not marked as cp437, which has a character for every byte.
    return info.orig_filename.encode("cp437").split(b"\0", 1)[0]


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The name in UTF-8 that Info-ZIP writes beside the other; it counts only for the name that it was made for."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + length]
        if kind == _UNICODE_PATH and length > 5 and field[0] == 1:
            if struct.unpack_from("<I", field, 1)[0] != zlib.crc32(raw):
                return None
            try:
                return field[5:].decode()
            except UnicodeDecodeError:
                return None
        at += 4 + length
    return None


def _checked(name: str, info: zipfile.ZipInfo, text: str, *, literal: bool) -> Parts:
    if info.header_offset < 0:
        raise ArchiveError(f"The zip {name} is damaged: its beginning is missing. Copy it or download it again.")
    if info.flag_bits & _ENCRYPTED_FLAG:
        raise ArchiveError(f"The zip {name} is protected by a password. Pack it again without one.")
    if info.compress_type not in _READABLE_METHODS:
        raise ArchiveError(f"The zip {name} is packed in a way that is not known here. Pack it again as a plain zip.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ArchiveError(
            f"The zip {name} has a symbolic link in it ('{text}'), which could lead out of it. It is refused. "
            "Pack the files themselves."
        )
    # Checked with both separators, whatever the name is cut at.
    every = [part for part in text.replace("\\", "/").split("/") if part not in {"", "."}]
    drive = bool(every) and len(every[0]) == 2 and every[0][1] == ":"
    if text.startswith(("/", "\\")) or ".." in every or drive:
        raise ArchiveError(
            f"The zip {name} would write outside its folder ('{text}'). It is refused. "
            f"Pack the {NOUN.many} again from the folder that they are in."
        )
    if not literal:
        return tuple(map(_printable, every))
    return tuple(_printable(part) for part in text.split("/") if part not in {"", "."})


def _printable(part: str) -> str:
    return part.encode(errors="replace").decode()


def _is_text(part: str) -> bool:
    try:
        part.encode()
    except UnicodeEncodeError:
        return False
    return True


def _disk_bytes(part: str) -> bytes:
    try:
        return part.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return part.encode(errors="backslashreplace")  # half of a character, as Windows can keep it
