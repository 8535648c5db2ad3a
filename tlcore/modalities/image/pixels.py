"""The one way in which a picture file becomes pixels: in training, in evaluation, on the Try page, in every bundle.

It knows colour and resizing; what stands in a file around its pixels is `containers`'. It does not know labels or
models. It imports nothing else of Graft's, because exported bundles carry these two, joined to one file: only NumPy,
Pillow and, where it is there, pillow-heif.

Only what the pixels need is decoded: texts, colour profiles and animation are left out before. The first frame is
taken, of a PNG its still picture; EXIF orientation is applied, and no other; transparency is laid over white; palette,
greyscale, CMYK and 16 bits become 8-bit RGB. The result is resized with antialiasing to a square by one of three
policies:

    crop        the shorter side fits; what is too long is cut off evenly at both ends
    letterbox   the longer side fits; the rest is grey
    stretch     both sides fit; the shape changes

Grey pictures of more than 8 bits are brought to 8 bits by a range of values, the same for every file: values up to its
lower end become black, those from its upper end on white. Without a range it is guessed from the file alone, as in
datasets that have none.
"""

from __future__ import annotations

import warnings
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tlcore.modalities.image.containers import cleaned, is_cut_short, raw_kind, raw_sentence, turn_of

VERSION = 2  # of the way: a change of the result for any file changes this number, and stores are built anew
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif"}
)
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "HEIF")
FORMATS_FOR_PEOPLE = "JPEG, PNG, WebP, BMP, GIF, TIFF, HEIC"
CUT_SHORT = "The file ends before the picture does: it was cut short when it was copied or saved."
MAX_PIXELS = 120_000_000
GREY = (127, 127, 127)

Policy: TypeAlias = Literal["crop", "letterbox", "stretch"]
Source: TypeAlias = Path | str | bytes | BinaryIO
ValueRange: TypeAlias = tuple[float, float]  # (low, high): what becomes black, what becomes white

_PHOTOMETRIC_TAG = 262
_AT_ONCE = 1 << 20  # pixels that become double precision at a time
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_pixels(
    source: Source, size: int, policy: Policy = "crop", value_range: ValueRange | None = None
) -> NDArray[np.uint8]:
    """Read a picture file as `(size, size, 3)` pixels: what every model of ours is given.

    `value_range` is the dataset's or the run's, for grey pictures of more than 8 bits; others are not touched by it.

    Use this, not `to_pixels(open_picture(…))`, wherever a prediction follows: it lets a large JPEG be decoded at a
    half, a quarter or an eighth of its size, never below twice what is needed, and the last digits of the pixels tell.

    Raises:
        ValueError: The file cannot be used; the message is the reason.
    """
    return to_pixels(_upright_rgb(load_picture(source, needed=(size, policy)), value_range), size, policy)


def open_picture(source: Source, *, side: int | None = None, value_range: ValueRange | None = None) -> Image.Image:
    """Open a picture file upright, in RGB and in its full size; with `side`, a JPEG in not much more than that.

    Raises:
        ValueError: The file cannot be used; the message is the reason.
    """
    return _upright_rgb(load_picture(source, needed=(side, "letterbox") if side else None), value_range)


def load_picture(source: Source, *, needed: tuple[int, str] | None = None) -> Image.Image:
    """Decode the first frame as it is stored, every byte of it. The size is checked before anything is decoded.

    Raises:
        ValueError: The file cannot be used; the message is the reason.
    """
    with open_header(source) as image:
        if needed and image.format == "JPEG":
            image.draft(None, _fewest_pixels(image.size, *needed))
        return decode(image)


def decode(image: Image.Image) -> Image.Image:
    """Decode what `open_header` opened; the pixels stay when the file is closed.

    Raises:
        ValueError: It is damaged or cut short.
    """
    try:
        image.load()
    except Exception as error:  # Pillow's decoders raise nearly anything on a damaged file
        raise ValueError(_damage(error)) from error
    return image


def open_header(source: Source) -> Image.Image:
    """Open a picture file without decoding it: its format, size and mode are known, its pixels not yet.

    Raises:
        ValueError: The file is not a picture of a known format, is a camera's RAW file, or has too many pixels.
    """
    kind = ""
    try:
        content = _content(source)
        kind = raw_kind(content)
        content, exif = cleaned(content)
        image = Image.open(BytesIO(content), formats=_formats())
    except FileNotFoundError as error:
        raise ValueError("The file is not there.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(_too_large()) from error
    except Exception as error:  # Pillow's decoders raise nearly anything on a damaged file
        said = f"This is not a picture that can be read ({FORMATS_FOR_PEOPLE}), or it is damaged."
        raise ValueError(raw_sentence(kind) if kind else said) from error
    if kind:
        image.close()
        raise ValueError(raw_sentence(kind))
    if is_cut_short(content):
        image.close()
        raise ValueError(CUT_SHORT)
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise ValueError(f"{_too_large()} It has {width:,} × {height:,}.")
    if image.format == "GIF":
        image.info["covered"] = image.tile[0].extents  # by the first frame
    if exif:
        image.info |= {"exif": b"Exif\0\0" + exif, "turn": turn_of(exif)}
    return image


def _content(source: Source) -> bytes:
    if isinstance(source, bytes):
        return source
    return Path(source).read_bytes() if isinstance(source, str | Path) else source.read()


def to_pixels(image: Image.Image, size: int, policy: Policy = "crop") -> NDArray[np.uint8]:
    """Resize a picture in RGB to `(size, size, 3)`."""
    width, height = image.size
    if policy == "letterbox":
        scale = size / max(width, height)
        inner = max(1, round(width * scale)), max(1, round(height * scale))
        square = Image.new("RGB", (size, size), GREY)
        square.paste(_resize(image, inner), ((size - inner[0]) // 2, (size - inner[1]) // 2))
        return np.array(square)
    if policy == "stretch":
        return np.array(_resize(image, (size, size)))
    if policy != "crop":
        raise ValueError(f"The resize policy must be crop, letterbox or stretch. Received: {policy!r}.")
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return np.array(_resize(image, (size, size), (left, top, left + side, top + side)))


def _resize(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float] | None = None
) -> Image.Image:
    return image.resize(size, Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)


def _fewest_pixels(size: tuple[int, int], side: int, policy: str) -> tuple[int, int]:
    """Say what a reduced decoding must keep: twice as much as the resized picture has."""
    if policy != "letterbox":
        return 2 * side, 2 * side
    scale = 2 * side / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def upright_size(image: Image.Image) -> tuple[int, int]:
    """The width and height of a decoded picture once it stands upright."""
    width, height = image.size
    return (height, width) if orientation(image) in {5, 6, 7, 8} else (width, height)


def _upright_rgb(image: Image.Image, value_range: ValueRange | None = None) -> Image.Image:
    try:
        turn = _UPRIGHT.get(orientation(image))
        source = image
        if value_range is not None and is_deep(image):
            image = in_range(image, value_range)  # first: a turned picture has lost its TIFF tags
        rgb = to_rgb(image if turn is None else image.transpose(turn))
        covered = source.info.get("covered")
        if covered and covered != (0, 0, *source.size):
            ground = Image.new("RGB", source.size, (255, 255, 255))
            ground.paste(rgb.crop(covered), covered[:2])
            return ground
        return rgb
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(_damage(error)) from error


def orientation(image: Image.Image) -> int:
    """How a decoded picture has to be turned, as its EXIF counts it; 1 is upright.

    Pillow turns TIFF itself, pillow-heif HEIC; for JPEG, PNG and WebP it was read when the file was opened.
    """
    return int(image.info.get("turn", 1))


def is_deep(image: Image.Image) -> bool:
    """Whether a picture is grey of more than 8 bits, whole or floating-point numbers."""
    return image.mode.startswith("I") or image.mode == "F"


def in_range(image: Image.Image, value_range: ValueRange | None) -> Image.Image:
    """Bring a grey picture of more than 8 bits to 8 bits: `low` becomes 0, `high` 255; what is no number is black."""
    stored = np.asarray(image)
    grey = _to_8_bits(stored) if value_range is None else _ranged(stored, *value_range)
    if value_range is not None and getattr(image, "tag_v2", {}).get(_PHOTOMETRIC_TAG) == 0:
        grey = 255 - grey  # its smallest value is white; Pillow sees to that itself in a TIFF of 8 bits only
    if isinstance(clear := image.info.get("transparency"), int):
        grey[stored == clear] = 255
    return Image.fromarray(grey)


def to_rgb(image: Image.Image, value_range: ValueRange | None = None) -> Image.Image:
    """Turn any mode of Pillow's into 8-bit RGB, transparency over white."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if is_deep(image):
        return in_range(image, value_range).convert("RGB")
    if image.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in image.info:
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    if image.mode == "LAB":
        raise ValueError("The picture's colours are stored as L*a*b*. Save it as RGB.")
    return image.convert("RGB")


def _ranged(stored: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    grey = np.empty(stored.shape, np.uint8)
    rows = max(1, _AT_ONCE // max(1, stored.shape[1]))
    for first in range(0, len(stored), rows):
        values = np.nan_to_num(stored[first : first + rows].astype(np.float64), nan=low, posinf=np.inf, neginf=-np.inf)
        grey[first : first + rows] = np.rint((np.clip(values, low, high) - low) / (high - low) * 255)
    return grey


def _to_8_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Bring 16-bit, 32-bit and floating-point grey to 0–255 by what one file says; for datasets without a range.

    The range that the kind of number says is used where it says one: 16 bits, or 0 to 1. Else it is the picture's own.
    """
    grey = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = float(grey.min()), float(grey.max())
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        grey *= 255
    elif values.dtype.itemsize == 2 or (low >= 0 and 255 < high <= 65535):
        grey /= 257
    elif low < 0 or high > 255:
        grey = (grey - low) * (255 / (high - low))
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def _damage(error: Exception) -> str:
    said = str(error)
    if "truncated" in said or isinstance(error, EOFError):
        return CUT_SHORT
    if isinstance(error, MemoryError | Image.DecompressionBombError | Image.DecompressionBombWarning):
        return _too_large()
    return f"The picture is damaged: {said or type(error).__name__}."


def _too_large() -> str:
    return f"The picture has more than {MAX_PIXELS:,} pixels. Make it smaller."


@cache
def _formats() -> tuple[str, ...]:
    """Let Pillow read HEIC where pillow-heif is installed, and keep it quiet about what is handled here."""
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return FORMATS[:-1]
    register_heif_opener()
    return FORMATS
