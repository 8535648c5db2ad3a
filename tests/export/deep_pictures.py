"""Grey pictures of more than 8 bits in every way that files have of holding them, the same ones every time."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

RANGE = (300.0, 3500.5)
# Where each picture of the seven begins in an interlaced PNG, and how far its pixels are apart.
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def twelve_bits(seed: int, width: int, height: int) -> np.ndarray:
    """Soft ground, an edge and noise, in values of 12 bits."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    values = 2000 + 1500 * np.sin(x / 7 + seed) * np.cos(y / 9) + rng.normal(0, 150, x.shape)
    values[height // 3 : height // 2, width // 4 : width // 2] = 4095
    return np.clip(values, 0, 4095).astype(np.uint16)


def png(values: np.ndarray, *, filters: int = 0, interlaced: bool = False, more: bytes = b"") -> bytes:
    """A grey PNG of 16 bits, its rows filtered in one way or in all five; `more` are chunks before the pixels."""
    height, width = values.shape
    steps = ADAM7 if interlaced else ((0, 0, 1, 1),)
    rows = b""
    for x, y, across, down in steps:
        part = values[y::down, x::across]
        above = np.zeros(2 * part.shape[1], np.uint8)
        for number, row in enumerate(part if part.size else ()):
            raw = np.frombuffer(row.astype(">u2").tobytes(), np.uint8)
            kind = number % 5 if filters == 5 else filters
            rows += bytes([kind]) + filtered(raw, above, kind)
            above = raw
    header = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, int(interlaced))
    packed = zlib.compress(rows)
    half = len(packed) // 2
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [
            chunk(b"IHDR", header),
            more,
            chunk(b"IDAT", packed[:half]),
            chunk(b"IDAT", packed[half:]),
            chunk(b"IEND", b""),
        ]
    )


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def filtered(row: np.ndarray, above: np.ndarray, kind: int) -> bytes:
    """A row as one of PNG's filters stores it."""
    left, corner = (np.concatenate([np.zeros(2, np.uint8), line[:-2]]).astype(int) for line in (row, above))
    up = above.astype(int)
    guess = left + up - corner
    far = np.abs(np.stack([guess - left, guess - up, guess - corner]))
    paeth = np.choose(far.argmin(axis=0), [left, up, corner])
    less = (np.zeros(len(row), int), left, up, (left + up) // 2, paeth)[kind]
    return ((row.astype(int) - less) % 256).astype(np.uint8).tobytes()


def tiff(values: np.ndarray, **options: object) -> bytes:
    stream = BytesIO()
    Image.fromarray(values).save(stream, "TIFF", **options)
    return stream.getvalue()


def turned(turn: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = turn
    return chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))


def deep_pngs() -> dict[str, bytes]:
    """Those that browsers and TensorFlow read, too."""
    clear = twelve_bits(6, 40, 40)
    return {
        **{f"filter {kind}": png(twelve_bits(kind, 61, 47), filters=kind) for kind in range(6)},
        "interlaced": png(twelve_bits(7, 53, 75), filters=5, interlaced=True),
        "tiny, interlaced": png(twelve_bits(8, 3, 2), interlaced=True),
        "one pixel": png(np.array([[1900]], np.uint16)),
        "large": png(twelve_bits(9, 400, 310), filters=4),
        "a transparent value": png(clear, more=chunk(b"tRNS", struct.pack(">H", int(clear[5, 5])))),
        "twelve bits that say so": png(twelve_bits(10, 64, 64), more=chunk(b"sBIT", b"\x0c")),
        **{f"turned {turn}": png(twelve_bits(turn, 44, 30), more=turned(turn)) for turn in (3, 6, 7)},
    }


def deep_tiffs() -> dict[str, bytes]:
    values = twelve_bits(11, 50, 60)
    return {
        "16 bits": tiff(values),
        "16 bits, packed": tiff(values, compression="tiff_lzw"),
        "smallest is white": tiff(values, tiffinfo={262: 0}),
        "32 bits, negative": tiff(values.astype(np.int32) - 1000),
        "floating point": tiff((values / 1.7).astype(np.float32)),
        "no numbers": tiff(np.where(values > 3000, np.nan, values).astype(np.float32)),
    }


def deep_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Write all of them into a folder; each comes with its kind."""
    for kinds, suffix in ((deep_pngs(), "png"), (deep_tiffs(), "tif")):
        for number, (kind, content) in enumerate(kinds.items()):
            path = folder / f"{number:02d}.{suffix}"
            path.write_bytes(content)
            yield kind, path
