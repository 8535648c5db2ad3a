"""A battery of awkward picture files, drawn on the spot: what ways of reading pictures disagree about.

It knows which files there are: every format, depth, orientation and kind of colour that Graft reads, and some that it
refuses. It does not know what is made of them. The same seed draws the same files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from tlcore.modalities.image.battery_bytes import (
    adobe_transform,
    bmp,
    chunk,
    encoded,
    exif_block,
    exif_of,
    gif_on_larger_screen,
    icc_profile,
    jpeg_with,
    large_text,
    png,
    raw_profile,
    segment,
    thumbnail_of_raw,
    webp_profile,
    without_adobe,
    xmp,
)

HEIC = "HEIC"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
COLOURS = {GREY: "grey", RGB: "colour", PALETTE: "palette", GREY_ALPHA: "grey and alpha", RGBA: "colour and alpha"}
DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGBA: (8, 16)}
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}


@dataclass(frozen=True)
class AwkwardFile:
    """One file: what it is, the group that it is counted with, and its bytes."""

    kind: str
    name: str
    content: bytes


class Pen:
    """Draws pictures of about the same kind as photographs, of sizes that differ."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def samples(self, channels: int, size: tuple[int, int] | None = None) -> Any:
        """Draw soft grounds, hard edges and some noise: `(height, width, channels)`, uint8."""
        width, height = size or (int(side) for side in self.rng.integers(40, 110, 2))
        y, x = np.mgrid[0:height, 0:width] / max(width, height)
        planes = []
        for _ in range(channels):
            a, b, c, d = self.rng.uniform(2, 9, 4)
            plane = 127 + 60 * np.sin(a * x + c) * np.cos(b * y + d)
            left, top, side = self.rng.uniform(0, 0.7), self.rng.uniform(0, 0.7), self.rng.uniform(0.1, 0.4)
            plane[(x > left) & (x < left + side) & (y > top) & (y < top + side)] = self.rng.uniform(0, 255)
            planes.append(plane + self.rng.normal(0, 4, plane.shape))
        return np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)

    def image(self, mode: str = "RGB", size: tuple[int, int] | None = None) -> Image.Image:
        """Draw a picture; a large one is drawn at 200 pixels at most, and enlarged."""
        small = (min(size[0], 200), min(size[1], 200)) if size else None
        drawn = self.samples(len(Image.new(mode, (1, 1)).getbands()), small)
        image = Image.fromarray(drawn[..., 0] if drawn.shape[2] == 1 else drawn, mode)
        return image if size is None or size == small else image.resize(size, Image.Resampling.BILINEAR)

    def deep(self, channels: int, depth: int) -> Any:
        """Samples of 1 to 16 bits."""
        fine = self.samples(channels).astype(np.uint16) * 257 ^ self.rng.integers(0, 256, dtype=np.uint16)
        return fine >> (16 - depth)


def battery(side: int, seed: int = 14) -> tuple[AwkwardFile, ...]:
    """Draw the files; `side` is that of the model's pixels, so that some files are far larger."""
    pen = Pen(seed)
    drawn = [*_png(pen), *_png_around(pen), *_jpeg(pen, side), *_webp(pen), *_bmp(pen), *_gif(pen), *_tiff(pen)]
    drawn += [*_sizes(pen, side), *_heic(pen), *_refused(pen)]
    return tuple(AwkwardFile(*each) for each in drawn)


def _png(pen: Pen) -> Iterator[tuple[str, str, bytes]]:
    """Every depth and kind of colour, in both orders of the pixels, and with a colour that is transparent."""
    for colour, depths in DEPTHS.items():
        for depth in depths:
            kind = f"PNG, {depth if depth > 8 else 'up to 8'} bits, {COLOURS[colour]}"
            palette = pen.rng.integers(0, 256, (2**depth, 3), np.uint8).tobytes() if colour == PALETTE else b""
            for interlaced in (False, True):
                name = f"{COLOURS[colour]}, {depth} bits{', interlaced' if interlaced else ''}.png"
                samples = pen.deep(CHANNELS[colour], depth)
                yield kind, name, png(samples, depth, colour, palette=palette, interlaced=interlaced)
            samples = pen.deep(CHANNELS[colour], depth)
            if colour == PALETTE:
                clear = pen.rng.integers(0, 256, 2**depth, np.uint8).tobytes()
            elif colour in (GREY, RGB):
                clear = samples[0, 0].astype(">u2").tobytes()
            else:
                continue
            content = png(samples, depth, colour, palette=palette, early=chunk(b"tRNS", clear))
            yield "PNG, transparent colour", f"{COLOURS[colour]}, {depth} bits, one transparent.png", content


def _png_around(pen: Pen) -> Iterator[tuple[str, str, bytes]]:
    """What stands around the pixels of a PNG."""

    def with_chunks(early: bytes = b"", late: bytes = b"") -> bytes:
        return png(pen.samples(3), 8, RGB, early=early, late=late)

    for turn in range(1, 10):
        yield "PNG, orientation", f"turned {turn}.png", with_chunks(chunk(b"eXIf", exif_block(turn)))
    late = with_chunks(late=chunk(b"eXIf", exif_block(6, as_long=True)))
    yield "PNG, orientation", "turned behind the pixels.png", late
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(6))
    yield "PNG, orientation", "XMP.png", with_chunks(text)
    yield "PNG, orientation", "raw profile.png", with_chunks(raw_profile(6))
    primaries = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    around = {
        "gamma": chunk(b"gAMA", (100_000).to_bytes(4, "big")),
        "primaries": chunk(b"gAMA", (55_556).to_bytes(4, "big"))
        + chunk(b"cHRM", b"".join(each.to_bytes(4, "big") for each in primaries)),
        "PQ": chunk(b"cICP", bytes((9, 16, 0, 1))),
        "profile": icc_profile(),
        "large profile and text": icc_profile(3 << 20) + large_text(3 << 20),
    }
    for name, early in around.items():
        yield "PNG, colour and text chunks", f"{name}.png", with_chunks(early)
    first, second = pen.image(size=(70, 50)), pen.image(size=(70, 50))
    for hidden in (False, True):
        content = encoded(first, "PNG", save_all=True, default_image=hidden, append_images=[second, first])
        yield "moving PNG", f"moving{', hidden still' if hidden else ''}.png", content


def _jpeg(pen: Pen, side: int) -> Iterator[tuple[str, str, bytes]]:
    def jpeg(mode: str = "RGB", size: tuple[int, int] | None = None, **options: Any) -> bytes:
        return encoded(pen.image(mode, size), "JPEG", **{"quality": 90, **options})

    for title, options in {
        "progressive": {"progressive": True, "subsampling": 0},
        "4 1 1": {"subsampling": "4:1:1"},
        "4 2 2": {"subsampling": "4:2:2"},
        "restarts": {"restart_marker_blocks": 3},
        "profile": {"icc_profile": webp_profile()},
        "XMP": {"xmp": xmp(6)},
    }.items():
        yield "JPEG", f"{title}.jpg", jpeg(**options)  # type: ignore[arg-type]
    yield "JPEG, grey", "grey.jpg", jpeg("L")
    for turn in range(1, 10):
        yield "JPEG, orientation", f"turned {turn}.jpg", jpeg(exif=exif_of(turn))
    block = b"Exif\0\0" + exif_block(6, as_long=True)
    yield "JPEG, orientation", "as LONG.jpg", jpeg_with(jpeg(), segment(0xE1, block))
    yield "JPEG, orientation", "empty EXIF.jpg", jpeg_with(jpeg(), segment(0xE1, b"Exif\0\0"))
    behind = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(3)) + segment(0xE1, block)
    yield "JPEG, orientation", "EXIF behind XMP.jpg", jpeg_with(jpeg(), behind)
    inks = jpeg("CMYK")
    yield "JPEG, four inks", "inks.jpg", inks
    yield "JPEG, four inks", "inks as YCCK.jpg", adobe_transform(inks, 2)
    yield "JPEG, four inks", "inks without Adobe.jpg", without_adobe(inks)
    yield "JPEG, grey", "wrong suffix.png", jpeg("L")
    views = pen.image(size=(90, 70)), pen.image(size=(90, 70))
    yield "JPEG", "two views.jpg", encoded(views[0], "MPO", save_all=True, append_images=[views[1]], quality=90)
    wide, high = (round(4.3 * side), round(5.1 * side)), (round(9.2 * side), round(8.1 * side))
    yield "large JPEG", "large.jpg", jpeg(size=wide)
    yield "large JPEG", "very large.jpg", jpeg("L", high)
    yield "large JPEG, turned", "large, turned.jpg", jpeg(size=wide, exif=exif_of(6))


def _webp(pen: Pen) -> Iterator[tuple[str, str, bytes]]:
    def webp(mode: str = "RGB", **options: Any) -> bytes:
        return encoded(pen.image(mode), "WEBP", **{"lossless": True, **options})

    for turn in range(1, 10):
        yield "WebP, orientation", f"turned {turn}.webp", webp(exif=exif_of(turn))
    yield "WebP, orientation", "XMP.webp", webp(xmp=xmp(6))
    yield "WebP", "lossless.webp", webp()
    yield "WebP", "profile.webp", webp(icc_profile=webp_profile())
    yield "WebP", "lossy.webp", webp(lossless=False, quality=85)
    yield "WebP", "lossy, turned.webp", webp(lossless=False, quality=85, exif=exif_of(8))
    yield "transparent WebP", "transparent.webp", webp("RGBA")
    yield "transparent WebP", "transparent, lossy.webp", webp("RGBA", lossless=False, quality=85)
    for mode, title in (("RGB", "moving"), ("RGBA", "moving, transparent")):
        one, two = pen.image(mode, (70, 50)), pen.image(mode, (70, 50))
        content = encoded(one, "WEBP", save_all=True, append_images=[two], lossless=True, exif=exif_of(6))
        yield ("moving WebP" if mode == "RGB" else "transparent WebP"), f"{title}.webp", content


def _bmp(pen: Pen) -> Iterator[tuple[str, str, bytes]]:
    for bits in (1, 4, 8, 16, 24, 32):
        for top_down in (False, True):
            name = f"{bits} bits{', from the top' if top_down else ''}.bmp"
            yield "BMP", name, bmp(pen.samples(4), bits, top_down=top_down, palette=pen.samples(3, (256, 1))[0])
    yield "BMP", "16 bits, 5 6 5.bmp", bmp(pen.samples(4), 16, masks=(0xF800, 0x7E0, 0x1F, 0))
    yield "BMP, alpha", "alpha.bmp", bmp(pen.samples(4), 32, masks=(0xFF0000, 0xFF00, 0xFF, 0xFF000000))


def _gif(pen: Pen) -> Iterator[tuple[str, str, bytes]]:
    def palette() -> Image.Image:
        return pen.image(size=(72, 54)).quantize(64)

    yield "GIF", "interlaced.gif", encoded(palette(), "GIF", interlace=1)
    yield "GIF", "straight.gif", encoded(palette(), "GIF", interlace=0)
    yield "GIF", "black and white.gif", encoded(pen.image("L").convert("1"), "GIF")
    yield "GIF", "transparent.gif", encoded(palette(), "GIF", transparency=int(pen.rng.integers(0, 64)))
    yield "GIF", "moving.gif", encoded(palette(), "GIF", save_all=True, append_images=[palette()])
    yield "GIF", "smaller than its screen.gif", gif_on_larger_screen(encoded(palette(), "GIF"), 11, 7)


def _tiff(pen: Pen) -> Iterator[tuple[str, str, bytes]]:
    for turn in range(1, 9):
        yield "TIFF", f"turned {turn}.tif", encoded(pen.image(), "TIFF", exif=exif_of(turn))
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits"):
        yield "TIFF", f"{compression}.tif", encoded(pen.image(), "TIFF", compression=compression)
    for mode in ("L", "RGBA", "CMYK"):
        yield "TIFF", f"{mode}.tif", encoded(pen.image(mode), "TIFF")
    yield "TIFF", "1 bit.tif", encoded(pen.image("L").convert("1"), "TIFF", compression="group4")
    yield "TIFF", "16 bits.tif", encoded(Image.fromarray(pen.deep(1, 16)[..., 0]), "TIFF")
    yield "TIFF", "fractions.tif", encoded(Image.fromarray(pen.deep(1, 16)[..., 0] / np.float32(65535)), "TIFF")


def _sizes(pen: Pen, side: int) -> Iterator[tuple[str, str, bytes]]:
    yield "PNG, sizes", "tiny.png", encoded(pen.image(size=(3, 2)), "PNG")
    yield "PNG, sizes", "one pixel.png", encoded(pen.image(size=(1, 1)), "PNG")
    yield "PNG, sizes", "panorama.png", encoded(pen.image(size=(round(7.3 * side), 31)), "PNG", compress_level=1)
    yield "PNG, sizes", "pole.png", encoded(pen.image("L", (17, round(6.7 * side))), "PNG", compress_level=1)
    yield "large PNG", "large.png", encoded(pen.image(size=(round(7 * side), 6 * side)), "PNG", compress_level=1)


def _heic(pen: Pen) -> Iterator[tuple[str, str, bytes]]:
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return
    register_heif_opener()
    yield HEIC, "plain.heic", encoded(pen.image(), "HEIF", quality=90)
    yield HEIC, "turned.heic", encoded(pen.image(), "HEIF", quality=90, exif=exif_of(6))


def _refused(pen: Pen) -> Iterator[tuple[str, str, bytes]]:
    yield "RAW", "one.dng", thumbnail_of_raw(pen.samples(1), {50706: 0x0401})
    yield "RAW", "two.nef", thumbnail_of_raw(pen.samples(1), {254: 1, 330: 8})
    yield "RAW", "three.cr2", b"II*\0\x10\0\0\0CR\2\0" + bytes(64)
    yield "RAW", "four.raf", b"FUJIFILMCCD-RAW 0201" + bytes(64)
    yield "no picture", "text.png", b"This is a text."
    for form in ("PNG", "JPEG", "WEBP", "GIF"):
        whole = encoded(pen.image(size=(80, 60)), form)
        yield "cut short", f"cut.{form.lower()}", whole[: len(whole) * 2 // 3]
