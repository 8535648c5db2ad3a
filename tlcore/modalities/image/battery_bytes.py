"""Picture files that Pillow does not write: every depth of PNG and BMP, odd places of EXIF, what looks like a RAW file.

It knows bytes. It does not know which files are in the battery.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageCms

ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
STRAIGHT = ((0, 0, 1, 1),)
ORIENTATION = 0x0112


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    """A picture as Pillow writes it."""
    stream = BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


# === PNG ===


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def png(
    samples: Any,
    depth: int,
    colour: int,
    *,
    palette: bytes = b"",
    interlaced: bool = False,
    early: bytes = b"",
    late: bytes = b"",
) -> bytes:
    """Write a PNG of `(height, width, channels)`, numbers of `depth` bits; with chunks before and behind its pixels."""
    height, width = samples.shape[:2]
    rows = b""
    for number, (x, y, across, down) in enumerate(ADAM7 if interlaced else STRAIGHT):
        part = samples[y::down, x::across]
        if part.size:
            rows += _filtered(part, depth, filters=number)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    known = chunk(b"IHDR", header) + (chunk(b"PLTE", palette) if palette else b"")
    packed = zlib.compress(rows)
    half = len(packed) // 2  # pixels may come in several pieces
    pixels = chunk(b"IDAT", packed[:half]) + chunk(b"IDAT", packed[half:])
    return b"\x89PNG\r\n\x1a\n" + known + early + pixels + late + chunk(b"IEND", b"")


def _filtered(samples: Any, depth: int, *, filters: int) -> bytes:
    """Rows of bytes by the five filters in turn."""
    height = len(samples)
    if depth == 16:
        packed = samples.astype(">u2").reshape(height, -1).view(np.uint8)
    elif depth == 8:
        packed = samples.astype(np.uint8).reshape(height, -1)
    else:
        flat = samples.astype(np.uint8).reshape(height, -1, 1)
        packed = np.packbits(np.unpackbits(flat, axis=2)[..., 8 - depth :].reshape(height, -1), axis=1)
    step = max(1, depth * samples.shape[2] // 8)
    rows = b""
    above = np.zeros_like(packed[0])
    for y, row in enumerate(packed):
        left = np.concatenate([np.zeros(step, np.uint8), row])[: len(row)]
        kind = (y + filters) % 5
        less = (0, left, above, ((left.astype(np.uint16) + above) // 2).astype(np.uint8), _nearest(left, above, step))[
            kind
        ]
        rows += bytes([kind]) + (row - less).tobytes()
        above = row
    return rows


def _nearest(left: Any, above: Any, step: int) -> Any:
    """Whichever of left, above and the corner between them is nearest to what they foretell."""
    corner = np.concatenate([np.zeros(step, np.uint8), above])[: len(above)]
    a, b, c = (each.astype(int) for each in (left, above, corner))
    far = np.stack([abs(b - c), abs(a - c), abs(a + b - 2 * c)])
    return np.stack([left, above, corner])[far.argmin(axis=0), np.arange(len(left))]


def icc_profile(more: int = 0) -> bytes:
    """A colour profile as a chunk; with so many zeros behind it."""
    return chunk(b"iCCP", b"swapped\0\0" + zlib.compress(webp_profile() + bytes(more)))


def large_text(length: int) -> bytes:
    return chunk(b"zTXt", b"log\0\0" + zlib.compress(b"a" * length))


def raw_profile(turn: int) -> bytes:
    """EXIF data as a text in a PNG, as ImageMagick writes it."""
    block = b"Exif\0\0" + exif_block(turn)
    text = b"\nexif\n%8d\n" % len(block) + block.hex().encode() + b"\n"
    return chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))


# === What stands around pixels ===


def exif_of(turn: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    return exif


def exif_block(turn: int, *, as_long: bool = False) -> bytes:
    """EXIF data with an orientation and nothing else, in Motorola's order."""
    value = struct.pack(">HII", 4, 1, turn) if as_long else struct.pack(">HIHH", 3, 1, turn, 0)
    return b"MM\0*" + struct.pack(">IHH", 8, 1, ORIENTATION) + value + bytes(4)


def xmp(turn: int) -> bytes:
    return (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="%d"/>'
        b"</rdf:RDF></x:xmpmeta>" % turn
    )


def webp_profile() -> bytes:
    """A profile that shows where a program minds it: sRGB with red and blue in each other's place."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", 2024, 1, 1, 0, 0, 0)  # when it was made: the same bytes every time
    count = struct.unpack(">I", profile[128:132])[0]
    places = {bytes(profile[132 + 12 * n : 136 + 12 * n]): 132 + 12 * n for n in range(count)}
    for place, name in ((places[b"rXYZ"], b"bXYZ"), (places[b"bXYZ"], b"rXYZ")):
        profile[place : place + 4] = name
    return bytes(profile)


# === JPEG ===


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def jpeg_with(content: bytes, segments: bytes) -> bytes:
    return content[:2] + segments + content[2:]


def adobe_transform(content: bytes, transform: int) -> bytes:
    """Another word on how the colours of a JPEG are stored."""
    at = content.index(b"\xff\xee\0\x0eAdobe") + 15
    return content[:at] + bytes([transform]) + content[at + 1 :]


def without_adobe(content: bytes) -> bytes:
    at = content.index(b"\xff\xee\0\x0eAdobe")
    return content[:at] + content[at + 16 :]


# === BMP, GIF, TIFF ===


def bmp(
    samples: Any,
    bits: int,
    *,
    top_down: bool = False,
    masks: tuple[int, int, int, int] | None = None,
    palette: Any = None,
) -> bytes:
    """Write a BMP of `(height, width, 4)`, uint8, RGBA; of its first plane, the indices, where it has a palette."""
    height, width = samples.shape[:2]
    samples = samples if top_down else samples[::-1]
    colours = b""
    if bits <= 8:
        indices = (samples[..., :1] >> (8 - bits)).astype(np.uint8)
        rows = np.packbits(np.unpackbits(indices, axis=2)[..., 8 - bits :].reshape(height, -1), axis=1)
        colours = np.pad(palette[: 2**bits, ::-1], ((0, 0), (0, 1))).tobytes()
    elif bits == 16:
        wide = samples.astype(np.uint16)
        green = 6 if masks else 5
        values = (wide[..., 0] >> 3) << (5 + green) | (wide[..., 1] >> (8 - green)) << 5 | wide[..., 2] >> 3
        rows = values.astype("<u2").view(np.uint8).reshape(height, -1)
    else:
        rows = samples[..., [2, 1, 0, 3][: bits // 8]].reshape(height, -1)
    rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    size = 108 if masks else 40
    start = 14 + size + len(colours)
    info = struct.pack(
        "<IiiHHIIiiII", size, width, -height if top_down else height, 1, bits, 3 if masks else 0, 0, 0, 0, 0, 0
    )
    info += struct.pack("<4I", *masks) + b"BGRs" + bytes(48) if masks else b""
    return b"BM" + struct.pack("<IHHI", start + rows.size, 0, 0, start) + info + colours + rows.tobytes()


def gif_on_larger_screen(content: bytes, left: int, top: int) -> bytes:
    """Move the picture of a GIF to a place on a screen that is larger on all sides."""
    width, height = struct.unpack("<HH", content[6:10])
    at = content.index(b"," + struct.pack("<4H", 0, 0, width, height))
    screen = struct.pack("<HH", width + 2 * left, height + 2 * top)
    moved = struct.pack("<HH", left, top)
    return content[:6] + screen + content[10 : at + 1] + moved + content[at + 5 :]


def thumbnail_of_raw(samples: Any, tags: dict[int, int]) -> bytes:
    """A TIFF of a small grey picture with tags of a RAW file."""
    height, width = samples.shape[:2]
    known = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 279: width * height} | tags
    start = 8 + 2 + 12 * len(known) + 4
    known[273] = start
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(known.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(known)) + entries + bytes(4) + bytes(samples[..., 0].tobytes())
