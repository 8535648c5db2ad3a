"""What a file is by its content, where it is not the zip, folder or item that is needed, and what to do about it.

It knows the first bytes of formats. It does not unpack anything; of a packed file it looks at the first block only.
"""

from __future__ import annotations

import bz2
import lzma
import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from tlcore.modalities import NOUN

HEAD_BYTES = 512  # a tar says what it is behind its first 256
_FIRST_BLOCK_BYTES = 1 << 20  # the largest block of bzip2
_END_BYTES = 66_000  # the last record and the longest comment, and Zip64's
_MEMORY_BYTES = 64 * 10**6
_UNPACK = "Unpack it, and give the folder, or pack the folder as a zip."
# The first bytes, what they are, and what to do.
_ARCHIVES = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07\x01\x00", "a RAR archive (version 5)"),
    (b"Rar!\x1a\x07\x00", "a RAR archive (version 4)"),
    (b"MSCF", "a Windows cabinet archive"),
    (b"StuffIt", "a StuffIt archive"),
    (b"SIT!", "a StuffIt archive"),
    (b"!<arch>", "a package of a Linux system"),
    (b"\x28\xb5\x2f\xfd", "a file packed by Zstandard"),
    (b"\x1f\x8b", "a file packed by gzip"),
    (b"BZh", "a file packed by bzip2"),
    (b"\xfd7zXZ\x00", "a file packed by xz"),
    (b"\x04\x22\x4d\x18", "a file packed by LZ4"),
    (b"PK\x07\x08", "one part of a split zip"),
    (b"PK\x03\x04", "a zip"),
)
_SAVE_EACH = f"Save its {NOUN.many} as files, in one folder for each class."
_UNSAFE = f"It is not opened, since it could run programs. Save its {NOUN.many} as files."
_PACK = f"Put the {NOUN.many} into one folder for each class, and pack these as a zip."
_OTHERS = (
    (b"MZ", "a Windows program, perhaps an archive that unpacks itself", f"Programs are not started here. {_UNPACK}"),
    (b"\x7fELF", "a Linux program", f"Give the {NOUN.many} themselves."),
    (b"%PDF", "a PDF", f"Save its pages as {NOUN.many}."),
    (b"8BPS", "a Photoshop file", "Save it as PNG or JPEG."),
    (b"<svg", "a vector drawing", "Save it as PNG."),
    (b"\x89HDF", "an HDF5 file", _SAVE_EACH),
    (b"\x93NUMPY", "a NumPy array", _SAVE_EACH),
    (b"SQLite format 3", "a database", _SAVE_EACH),
    (
        b"\xd0\xcf\x11\xe0",
        "an Office file of the old kind",
        f"Save its table as CSV, and put it beside its {NOUN.many}.",
    ),
    (b"\x80\x02", "a Python pickle", _UNSAFE),
    (b"\x80\x03", "a Python pickle", _UNSAFE),
    (b"\x80\x04", "a Python pickle", _UNSAFE),
    (b"\x80\x05", "a Python pickle", _UNSAFE),
)
_ITEMS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
ARCHIVE_SUFFIXES = frozenset(
    {
        ".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".tbz", ".tbz2", ".xz", ".txz", ".zst", ".tzst", ".lz4",
        ".cab", ".sit", ".z01", ".001",
    }
)  # fmt: skip
_PART = re.compile(r"\.(?:z\d\d|r\d\d|\d{3}|part\d+\.rar)$", re.IGNORECASE)
_BESIDE = frozenset({"", ".txt", ".md", ".pdf", ".html", ".url", ".csv", ".tsv"})
_ALONE = f"A table alone has no {NOUN.many}: put it beside them, and pack all as a zip."
_SAVE = f"Save the {NOUN.many} in it as files, and pack these as a zip."
# Files that are zips inside: what they must hold, what they are, and what to do.
_CONTAINERS = (
    (
        "xl/workbook.xml",
        "an Excel workbook",
        _ALONE,
    ),
    (
        "xl/workbook.bin",
        "an Excel workbook",
        _ALONE,
    ),
    ("word/document.xml", "a Word document", _SAVE),
    ("ppt/presentation.xml", "a PowerPoint presentation", _SAVE),
    ("content.xml", "an OpenDocument file", _SAVE),
    ("AndroidManifest.xml", "an Android app", f"Give a zip with {NOUN.many}."),
    ("META-INF/MANIFEST.MF", "a Java program", f"Give a zip with {NOUN.many}."),
    ("META-INF/container.xml", "an e-book", _SAVE),
    ("model.weights.h5", "a Keras model", f"{NOUN.many.capitalize()} are needed here, not a model."),
    ("archive/data.pkl", "a PyTorch model", f"{NOUN.many.capitalize()} are needed here, not a model."),
)


def kind_of_archive(head: bytes) -> str:
    """What kind of archive begins with these bytes; empty for anything else."""
    for magic, kind in _ARCHIVES:
        if head.startswith(magic):
            return kind
    return "a tar archive" if head[257:262] == b"ustar" else ""


def why_no_item(head: bytes) -> str:
    """Say what a file in an archive or a folder is, by its first bytes, where it is known to be no item."""
    if kind := kind_of_archive(head):
        return f"This is {kind}: an archive inside the archive or folder. Unpack it first, and pack everything once."
    for magic, kind, advice in _OTHERS:
        if head.startswith(magic):
            return f"This is {kind}. {advice}"
    return ""


def what_came(source: Path, head: bytes, *, is_zip: bool) -> str:
    """Say what a file is that should be a zip with items, and what to do; empty for a zip and the unknown."""
    name = source.name
    if not head:
        return f"{name} is empty (0 bytes). Copy it or download it again."
    if name.casefold().endswith((".crdownload", ".part", ".partial", ".download")):
        return f"{name} is a download that has not ended. Wait for it, or start it again."
    if head.startswith(_ITEMS) or _is_modern_item(head):
        return f"{name} is a single {NOUN.one}. {_PACK}"
    if part := _part_of_a_split(source, head, is_zip=is_zip):
        return part
    kind = kind_of_archive(head)
    if kind == "a zip":
        return "" if is_zip else f"The zip {name} is cut short: its end is missing. Copy it or download it again."
    if kind:
        return f"{name} is {_inside(source, kind)}. {_UNPACK}"
    for magic, what, advice in _OTHERS:
        if head.startswith(magic):
            return f"{name} is {what}. {advice}"
    return "" if is_zip else _text(name, head)


def what_holds(name: str, entries: Iterable[str]) -> str:
    """Say what a file is that is a zip inside but no archive of files, and what to do; empty for any other."""
    names = set(entries)
    if names and all(entry.endswith(".npy") for entry in names):
        return f"{name} holds NumPy arrays. {_SAVE_EACH}"
    for must, what, advice in _CONTAINERS:
        beside = must != "content.xml" or "mimetype" in names
        if beside and (
            must in names or (must.startswith("archive/") and any(_ends(entry, "data.pkl") for entry in names))
        ):
            return f"{name} is {what}. {advice}"
    return ""


def _ends(entry: str, name: str) -> bool:
    return entry.count("/") == 1 and entry.endswith(f"/{name}")


def only_archives(paths: Sequence[PurePosixPath]) -> list[PurePosixPath]:
    """The archives among files, where there is nothing else but some texts beside them."""
    found = [path for path in paths if path.suffix.casefold() in ARCHIVE_SUFFIXES]
    others = {path.suffix.casefold() for path in paths} - ARCHIVE_SUFFIXES
    return found if others <= _BESIDE else []


def _is_modern_item(head: bytes) -> bool:
    return (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or head[4:12] in {b"ftypheic", b"ftypheix", b"ftypmif1"}


def _part_of_a_split(source: Path, head: bytes, *, is_zip: bool) -> str:
    name = source.name
    last = _number_of_last_part(source) if is_zip else 0
    if last:
        return (
            f"{name} is the last of {last + 1} parts of a split zip; the others are called {source.stem}.z01 and so on."
            " Put all parts into one folder, unpack them there, and give what comes out."
        )
    if head.startswith(b"PK\x07\x08") or (_PART.search(name) and not is_zip):
        return (
            f"{name} is one part of a split archive. Put all parts into one folder, unpack them there, and give that."
        )
    return ""


def _number_of_last_part(source: Path) -> int:
    """The number of this part, as the last record of a zip says it; 0 where it is not split."""
    end, at = _last_record(source)
    number, start = struct.unpack_from("<HH", end, at + 4) if at >= 0 else (0, 0)
    return 0 if number == 0xFFFF or start == 0xFFFF else int(number)


def size_of_list(source: Path) -> tuple[int, int]:
    """How many files a zip lists, and how many bytes the list has, as its last record says."""
    end, at = _last_record(source)
    count, length = struct.unpack_from("<HI", end, at + 10) if at >= 0 else (0, 0)
    large = end.rfind(b"PK\x06\x06", 0, max(at, 0))  # Zip64, where two or four bytes are too few
    if 0 <= large <= len(end) - 56 and (count == 0xFFFF or length == 0xFFFFFFFF):
        count, length = struct.unpack_from("<QQ", end, large + 32)
    return count, length


def _last_record(source: Path) -> tuple[bytes, int]:
    """The end of a zip, and where the last record begins in it; -1 where there is none."""
    with source.open("rb") as stream:
        stream.seek(max(0, source.stat().st_size - _END_BYTES))
        end = stream.read()
    at = end.rfind(b"PK\x05\x06")
    return end, at if at <= len(end) - 22 else -1


def _inside(source: Path, kind: str) -> str:
    """Say whether a packed file holds a tar, by the beginning of what it unpacks to."""
    with source.open("rb") as stream:
        block = stream.read(_FIRST_BLOCK_BYTES)
    unpacked = b""
    try:
        if kind.endswith("gzip"):
            unpacked = zlib.decompressobj(31).decompress(block, HEAD_BYTES)
        elif kind.endswith("bzip2"):
            unpacked = bz2.BZ2Decompressor().decompress(block, HEAD_BYTES)
        elif kind.endswith("xz"):
            unpacked = lzma.LZMADecompressor(memlimit=_MEMORY_BYTES).decompress(block, HEAD_BYTES)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, MemoryError):
        return f"{kind}, and damaged"
    suffixes = {suffix.casefold() for suffix in source.suffixes}
    if kind_of_archive(unpacked) == "a tar archive" or suffixes & {".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst"}:
        return f"a tar archive ({kind})"
    return kind


def _text(name: str, head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        return (
            f"{name} is a web page, not an archive: a download that needs a login gives such a page. Download it again."
        )
    if start.startswith(b"version https://git-lfs"):
        return f"{name} only points to a file that Git LFS keeps. Run `git lfs pull`, and give the file itself."
    suffix = PurePosixPath(name).suffix.casefold()
    if suffix in {".csv", ".tsv", ".json", ".jsonl", ".xml", ".xls", ".ods"}:
        return f"{name} is a table or a list alone, without {NOUN.many}. Put it beside them, and pack all as a zip."
    if suffix == ".txt" and b"\0" not in head:
        return f"{name} is a text. {_PACK}"
    return ""
