"""The one way in which a picture file becomes pixels: in training, in evaluation, on the Try page, in every bundle.

It knows file formats, orientation, colour and resizing. It does not know labels or models. It imports nothing of
Graft's, because an exported bundle carries this very file: only NumPy, Pillow and, where it is there, pillow-heif.

The first frame is taken; EXIF orientation is applied; transparency is laid over white; palette, greyscale, CMYK and 16
bits become 8-bit RGB. What follows is resized with antialiasing to a square by one of three policies:

    crop        the shorter side fits; what is too long is cut off evenly at both ends
    letterbox   the longer side fits; the rest is grey
    stretch     both sides fit; the shape changes
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

VERSION = 1  # of the way: a change of the result for any file changes this number, and stores are built anew
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif"}
)
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "HEIF")
FORMATS_FOR_PEOPLE = "JPEG, PNG, WebP, BMP, GIF, TIFF, HEIC"
MAX_PIXELS = 120_000_000
GREY = (127, 127, 127)

Policy: TypeAlias = Literal["crop", "letterbox", "stretch"]
Source: TypeAlias = Path | str | bytes | BinaryIO

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_pixels(source: Source, size: int, policy: Policy = "crop") -> NDArray[np.uint8]:
    """Read a picture file as `(size, size, 3)` pixels: what every model of ours is given.

    Use this, not `to_pixels(open_picture(…))`, wherever a prediction follows: it lets a large JPEG be decoded at a
    half, a quarter or an eighth of its size, never below twice what is needed, and the last digits of the pixels tell.

    Raises:
        ValueError: The file cannot be used; the message is the reason.
    """
    return to_pixels(_upright_rgb(load_picture(source, needed=(size, policy))), size, policy)


def open_picture(source: Source, *, side: int | None = None) -> Image.Image:
    """Open a picture file upright, in RGB and in its full size; with `side`, a JPEG in not much more than that.

    Raises:
        ValueError: The file cannot be used; the message is the reason.
    """
    return _upright_rgb(load_picture(source, needed=(side, "letterbox") if side else None))


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
        ValueError: The file is not a picture of a known format, or has too many pixels.
    """
    stream: Any = BytesIO(source) if isinstance(source, bytes) else source
    try:
        image = Image.open(stream, formats=_formats())
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(_too_large()) from error
    except FileNotFoundError as error:
        raise ValueError("The file is not there.") from error
    except Exception as error:  # the same
        raise ValueError(f"This is not a picture that can be read ({FORMATS_FOR_PEOPLE}), or it is damaged.") from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise ValueError(f"{_too_large()} It has {width:,} × {height:,}.")
    return image


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


def _upright_rgb(image: Image.Image) -> Image.Image:
    try:
        turn = _UPRIGHT.get(orientation(image))
        return to_rgb(image if turn is None else image.transpose(turn))
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(_damage(error)) from error


def orientation(image: Image.Image) -> int:
    """How a decoded picture has to be turned, as EXIF counts it; 1 is upright."""
    # After decoding: Pillow turns TIFF itself, pillow-heif HEIC, and both then clear the tag.
    try:
        turn = int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # damaged EXIF is no reason to refuse good pixels
        return 1
    return turn if turn in _UPRIGHT else 1


def to_rgb(image: Image.Image) -> Image.Image:
    """Turn any mode of Pillow's into 8-bit RGB, transparency over white."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_to_8_bits(np.asarray(image))).convert("RGB")
    if image.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in image.info:
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    if image.mode == "LAB":
        raise ValueError("The picture's colours are stored as L*a*b*. Save it as RGB.")
    return image.convert("RGB")


def _to_8_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Bring 16-bit, 32-bit and floating-point grey to 0–255.

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
        return "The file ends before the picture does: it was cut short when it was copied or saved."
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
