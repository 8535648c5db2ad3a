"""Two hundred picture files of the kinds that ways of reading pictures disagree about, the same ones every time."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

HOW_MANY = 200
Draw = Callable[[np.random.Generator], bytes]


def scene(rng: np.random.Generator, width: int, height: int, channels: int = 3) -> np.ndarray:
    """Draw what has soft grounds, hard edges and some noise, as photographs do: `(height, width, channels)`, uint8."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    planes = []
    for _ in range(channels):
        a, b, c, d = rng.uniform(2, 9, 4)
        plane = 127 + 60 * np.sin(a * x + c) * np.cos(b * y + d)
        left, top, side = rng.uniform(0, 0.7), rng.uniform(0, 0.7), rng.uniform(0.1, 0.4)
        plane[(x > left) & (x < left + side) & (y > top) & (y < top + side)] = rng.uniform(0, 255)
        planes.append(plane + rng.normal(0, 4, plane.shape))
    return np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def picture(rng: np.random.Generator, mode: str = "RGB", size: tuple[int, int] | None = None) -> Image.Image:
    width, height = size or (int(side) for side in rng.integers(40, 190, 2))
    channels = len(Image.new(mode, (1, 1)).getbands())
    drawn = scene(rng, width, height, channels)
    return Image.fromarray(drawn[..., 0] if channels == 1 else drawn, mode)


def turned(rng: np.random.Generator, image: Image.Image, form: str, **options: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = int(rng.integers(2, 9))
    return encoded(image, form, exif=exif, **options)


def palette(rng: np.random.Generator) -> Image.Image:
    return picture(rng).quantize(64)


def see_through(rng: np.random.Generator) -> bytes:
    return encoded(palette(rng), "PNG", transparency=int(rng.integers(0, 64)))


def deep(rng: np.random.Generator, channels: int) -> bytes:
    """A PNG of 16 bits a channel: Pillow writes none in colour."""
    width, height = (int(side) for side in rng.integers(40, 200, 2))
    fine = scene(rng, width, height, channels).astype(np.uint16) * 257 ^ rng.integers(0, 256, (height, width, channels))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in fine)
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 3: 2}[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    whole = b"\x89PNG\r\n\x1a\n"
    for kind, body in chunks:
        whole += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return whole


def tiny(rng: np.random.Generator) -> bytes:
    return encoded(picture(rng, size=(int(rng.integers(1, 6)), int(rng.integers(1, 6)))), "PNG")


def panorama(rng: np.random.Generator) -> bytes:
    long, short = int(rng.integers(900, 1600)), int(rng.integers(3, 60))
    return encoded(picture(rng, size=(long, short) if rng.random() < 0.5 else (short, long)), "PNG")


def large(rng: np.random.Generator) -> Image.Image:
    return picture(rng, size=(int(rng.integers(200, 640)), int(rng.integers(200, 640))))


def moving(rng: np.random.Generator) -> bytes:
    first = palette(rng)
    return encoded(first, "GIF", save_all=True, append_images=[Image.new("P", first.size, 3)])


# What each is called, the suffix of its file, and how one is drawn.
KINDS: dict[str, tuple[str, Draw]] = {
    "plain PNG": ("png", lambda rng: encoded(picture(rng), "PNG")),
    "BMP": ("bmp", lambda rng: encoded(picture(rng), "BMP")),
    "palette, 1 bit, moving": (
        "gif",
        lambda rng: moving(rng) if rng.random() < 0.5 else encoded(picture(rng, "L").convert("1"), "GIF"),
    ),
    "greyscale PNG": ("png", lambda rng: encoded(picture(rng, "L"), "PNG")),
    "tiny": ("png", tiny),
    "panorama": ("png", panorama),
    "large PNG": ("png", lambda rng: encoded(large(rng), "PNG", compress_level=1)),
    "PNG turned by EXIF": ("png", lambda rng: turned(rng, picture(rng), "PNG")),
    "lossless WebP": ("webp", lambda rng: encoded(picture(rng), "WEBP", lossless=True)),
    "transparent palette": ("png", see_through),
    "transparent PNG": ("png", lambda rng: encoded(picture(rng, rng.choice(["RGBA", "LA"])), "PNG")),
    "16 bits, grey": ("png", lambda rng: deep(rng, 1)),
    "16 bits, colour": ("png", lambda rng: deep(rng, 3)),
    "JPEG": ("jpg", lambda rng: encoded(picture(rng), "JPEG", quality=85)),
    "progressive JPEG, 4:4:4": (
        "jpg",
        lambda rng: encoded(picture(rng), "JPEG", quality=95, subsampling=0, progressive=True),
    ),
    "JPEG turned by EXIF": ("jpg", lambda rng: turned(rng, picture(rng), "JPEG", quality=90)),
    "greyscale JPEG": ("jpg", lambda rng: encoded(picture(rng, "L"), "JPEG", quality=90)),
    "large JPEG": ("jpg", lambda rng: encoded(large(rng), "JPEG", quality=90)),
    "large JPEG turned by EXIF": ("jpg", lambda rng: turned(rng, large(rng), "JPEG", quality=90)),
    "WebP": ("webp", lambda rng: encoded(picture(rng), "WEBP", quality=85)),
    "transparent WebP": ("webp", lambda rng: encoded(picture(rng, "RGBA"), "WEBP", lossless=True)),
    "CMYK JPEG": ("jpg", lambda rng: encoded(picture(rng, "CMYK"), "JPEG", quality=90)),
    "TIFF": ("tif", lambda rng: encoded(picture(rng), "TIFF", compression="tiff_lzw")),
    "TIFF, 16 bits": (
        "tif",
        lambda rng: encoded(Image.fromarray(scene(rng, 90, 70, 1)[..., 0] * np.uint16(201)), "TIFF"),
    ),
}
UNREADABLE = ("TIFF", "TIFF, 16 bits")  # in browsers other than Safari


def awkward(folder: Path) -> Iterator[tuple[str, Path]]:
    """Write the files into a folder; each comes with its kind."""
    rng = np.random.default_rng(200)
    for number in range(HOW_MANY):
        kind = list(KINDS)[number % len(KINDS)]
        suffix, draw = KINDS[kind]
        path = folder / f"{number:03d}.{suffix}"
        path.write_bytes(draw(rng))
        yield kind, path
