"""What stands in a picture file around its pixels: EXIF's orientation, what a decoder needs, what a RAW file is.

It knows JPEG, PNG, WebP and TIFF as bytes. It does not decode pixels. Bundles carry it joined to `pixels.py`, so it
imports nothing of Graft's.

Programs disagree about colour profiles, gamma, texts and animation. They are left out before a picture is decoded:
what is left means the same pixels to every decoder. The orientation is read where the standard of a format puts EXIF:
in APP1 of a JPEG, in eXIf of a PNG (before or behind its pixels), in EXIF of a WebP, in the tag of a TIFF. XMP and the
texts of a PNG do not count, as in browsers.
"""

from __future__ import annotations

import zlib
from typing import Literal

import numpy as np

# Of TIFF and EXIF.
_NEW_SUBFILE_TYPE, _WIDTH, _HEIGHT, _PHOTOMETRIC, _MAKER, _ORIENTATION = 254, 256, 257, 262, 271, 274
_SUB_DIRECTORIES, _DNG_VERSION = 330, 50706
_TIFF = (b"II*\0", b"MM\0*")
_FILTER_ARRAY = (32803, 34892)  # values of a sensor, not yet colours
_RAW_BEGINNINGS = {
    b"FUJIFILMCCD-RAW": "RAF", b"IIRO": "ORF", b"IIRS": "ORF", b"MMOR": "ORF", b"IIU\0": "RW2", b"FOVb": "X3F",
    b"\0MRM": "MRW", b"IIII": "IIQ", b"MMMM": "IIQ",
}  # fmt: skip


def cleaned(content: bytes) -> tuple[bytes, bytes]:
    """Leave out of a JPEG or PNG what its pixels do not need; beside it the EXIF data, of a WebP too."""
    if content.startswith(b"\xff\xd8\xff"):
        return _jpeg(content)
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(content)
    exif, at = b"", 12
    while content[:4] == b"RIFF" and content[8:12] == b"WEBP" and at < len(content) and not exif:
        end = at + 8 + int.from_bytes(content[at + 4 : at + 8], "little")
        exif = content[at + 8 : end] if content[at : at + 4] == b"EXIF" else b""
        at = end + end % 2
    return content, exif.removeprefix(b"Exif\0\0")


def _jpeg(content: bytes) -> tuple[bytes, bytes]:
    kept, exif, at = [content[:2]], b"", 2
    while content[at : at + 1] == b"\xff" and content[at + 1 : at + 2] != b"\xda":  # there the pixels begin
        marker = content[at + 1] if at + 1 < len(content) else 0
        # One that fills, and those that stand alone, have no length.
        bare = 1 if marker == 0xFF else 2 if marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD9 else 0
        end = at + (bare or 2 + int.from_bytes(content[at + 2 : at + 4], "big"))
        if not exif and marker == 0xE1 and content[at + 4 : at + 10] == b"Exif\0\0":
            exif = content[at + 10 : end]
        if not (0xE1 <= marker <= 0xED or marker in (0xEF, 0xFE)):  # JFIF and Adobe say what the colours are
            kept.append(content[at:end])
        at = end
    return b"".join([*kept, content[at:]]), exif


def _png(content: bytes) -> tuple[bytes, bytes]:
    kept, exif, at, seen = [content[:8]], b"", 8, b""
    depth, colour = content[24:25], content[25:26]
    while at < len(content) and seen != b"IEND":
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        seen, part = content[at + 4 : at + 8], content[at:end]
        if seen == b"eXIf" and not exif:
            exif = part[8:-4].removeprefix(b"Exif\0\0")
        if seen == b"tRNS" and kept[-1][4:8] != b"IDAT":
            kept.append(_in_eight_bits(part, depth=ord(depth or b"\0"), colour=ord(colour or b"\0")))
        if seen in (b"IHDR", b"PLTE", b"IDAT", b"IEND"):
            kept.append(part)
        at = end
    return b"".join(kept), exif


def _in_eight_bits(part: bytes, *, depth: int, colour: int) -> bytes:
    """Bring the transparent colour of a PNG to 8 bits, as Pillow does with the pixels but not with that colour."""
    if (depth, colour) not in {(2, 0), (4, 0), (16, 2)}:
        return part
    values = np.frombuffer(part[8:-4][: (len(part) - 12) // 2 * 2], ">u2")
    values = values >> 8 if depth == 16 else np.minimum(values.astype(np.uint32) * (255 // (2**depth - 1)), 0xFFFF)
    body = b"tRNS" + values.astype(">u2").tobytes()
    return (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def is_cut_short(content: bytes) -> bool:
    """Whether a JPEG has no end: some decoders would make up the rest, and others refuse it."""
    return content.startswith(b"\xff\xd8\xff") and content.rfind(b"\xff\xd9") < content.find(b"\xff\xda")


def turn_of(exif: bytes) -> int:
    """The orientation that EXIF data say, 1 to 8; 1, upright, where they say none or nonsense."""
    turn = _directory(exif).get(_ORIENTATION, (1,))[0]
    return turn if 1 <= turn <= 8 else 1


def raw_beginning(head: bytes) -> str:
    """Name the kind of RAW file that a file's first bytes show; empty where they show none."""
    if head[4:12] == b"ftypcrx ":
        return "CR3"
    if head[:4] in _TIFF and head[8:10] == b"CR":
        return "CR2"
    return next((kind for magic, kind in _RAW_BEGINNINGS.items() if head.startswith(magic)), "")


def raw_kind(content: bytes) -> str:
    """Name the kind of RAW file that a whole file is; empty where it is none.

    Many kinds are TIFF files whose first picture is a thumbnail, and the values of the sensor hang below it.
    """
    if content[:4] not in _TIFF or raw_beginning(content):
        return raw_beginning(content)
    first = _directory(content)
    if _DNG_VERSION in first:
        return "DNG"
    areas = [_area(_directory(content, place)) for place in first.get(_SUB_DIRECTORIES, ())]
    is_sensor = first.get(_PHOTOMETRIC, (0,))[0] in _FILTER_ARRAY
    is_thumbnail = bool(areas) and (first.get(_NEW_SUBFILE_TYPE, (0,))[0] & 1 or max(areas) > _area(first))
    is_cut = _MAKER in first and 0 in areas  # a camera's file, and where the picture may hang is nothing
    return "NEF, ARW or similar" if is_sensor or is_thumbnail or is_cut else ""


def raw_sentence(kind: str) -> str:
    """Say what a RAW file is and what to do."""
    return f"This is a RAW file of a camera ({kind}). Export it as JPEG or TIFF with a photo program."


def _area(directory: dict[int, tuple[int, ...]]) -> int:
    return directory.get(_WIDTH, (0,))[0] * directory.get(_HEIGHT, (0,))[0]


def _directory(block: bytes, place: int | None = None) -> dict[int, tuple[int, ...]]:
    """Read the whole numbers of a directory of TIFF or EXIF by tag, at most 16 of each; other values are `(0,)`.

    Args:
        block: What begins with `II` or `MM`.
        place: Where the directory is; the first one where none is named.
    """
    order: Literal["little", "big"] = "little" if block[:2] == b"II" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(block[at : at + size], order)

    table = number(4, 4) if place is None else place
    found: dict[int, tuple[int, ...]] = {}
    for entry in range(table + 2, min(table + 2 + 12 * number(table, 2), len(block)), 12):
        size, count = {3: 2, 4: 4, 13: 4}.get(number(entry + 2, 2), 0), min(number(entry + 4, 4), 16)
        at = entry + 8 if size * count <= 4 else number(entry + 8, 4)
        values = tuple(number(at + size * each, size) for each in range(count)) if size else ()
        found.setdefault(number(entry, 2), values or (0,))
    return found
