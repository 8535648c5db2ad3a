"""One picture file: whether it is one, whether all of it decodes, what is unusual about it.

It knows bytes and pictures. It does not know where a file comes from or where it is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from PIL import Image

from tlcore.errors import ItemError
from tlcore.modalities.image.containers import raw_beginning, raw_sentence
from tlcore.modalities.image.pixels import (
    FORMATS_FOR_PEOPLE,
    decode,
    is_deep,
    open_header,
    orientation,
    to_rgb,
    upright_size,
)
from tlcore.modalities.image.value_counts import sample_values
from tlcore.modalities.image.value_range import DEEP, HIGH_BYTE
from tlcore.modalities.modality import Examined

_SUFFIX_OF_FORMAT = {
    "JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "DIB": ".bmp", "GIF": ".gif",
    "TIFF": ".tif", "HEIF": ".heic",
}  # fmt: skip
_ALIASES = {".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".tiff": ".tif", ".heif": ".heic"}
_TITLES = {
    ".jpg": "JPEG",
    ".png": "PNG",
    ".webp": "WebP",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".tif": "TIFF",
    ".heic": "HEIC",
}
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II", b"MM")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_BYTES_PER_PIXEL = 4


def fault(head: bytes, known_as: str) -> str:
    """Say why a file cannot be a picture; empty where it may be one.

    Args:
        head: Its first 512 bytes.
        known_as: What is known of a file of another kind, in a sentence; empty where nothing is.
    """
    if kind := raw_beginning(head):
        return raw_sentence(kind)
    if head.startswith(_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return ""
    if head[4:8] == b"ftyp" and any(brand in head[8:64] for brand in _HEIC_BRANDS):
        return ""
    return known_as or f"This is not a picture that can be read ({FORMATS_FOR_PEOPLE})."


def examine(content: bytes, suffix: str, taking: Callable[[int], AbstractContextManager[None]]) -> Examined:
    """Decode all of a picture and say what is known about it.

    Args:
        content: The whole file.
        suffix: Of its name, with the dot.
        taking: Waits for that many bytes of memory, and holds them while its block lasts.

    Raises:
        ItemError: It cannot be used; the message is the reason.
    """
    try:
        with open_header(content) as image:
            width, height = image.size
            halved = _is_halved(image)
            with taking(width * height * _BYTES_PER_PIXEL):
                decode(image)
                values = sample_values(image) if is_deep(image) else None
                if values is None and image.mode not in {"RGB", "L"}:
                    to_rgb(image)
                kind, (width, height), flags = image.format or "", upright_size(image), _flags(image)
    except ValueError as error:
        raise ItemError(str(error)) from error
    except MemoryError as error:
        raise ItemError("The picture needs more memory than there is. Make it smaller.") from error
    right = _SUFFIX_OF_FORMAT[kind]
    given = suffix.casefold()
    wrong = _ALIASES.get(given, given) != right
    flags += (HIGH_BYTE,) if halved else ()
    flags += ("renamed",) if wrong else ()
    fixed = _said_wrongly(suffix, right) if wrong else ""
    return Examined(right, {"width": width, "height": height}, flags, fixed, values)


def _said_wrongly(suffix: str, right: str) -> str:
    came = f"The name says {suffix}" if suffix else "The name does not say what it is"
    return f"{came}, the content is {_TITLES[right]}. It was taken in as {_TITLES[right]}."


def _flags(image: Image.Image) -> tuple[str, ...]:
    flags = []
    # Photos of phones are MPO: a JPEG with a second view that is not meant to be seen.
    if getattr(image, "is_animated", False) and image.format != "MPO":
        flags.append("first frame")
    if orientation(image) != 1:
        flags.append("turned")
    if image.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in image.info:
        flags.append("transparent")
    if image.mode in {"1", "L", "LA", "La"}:
        flags.append("grey")
    if is_deep(image):
        flags.append(DEEP)
    if image.mode == "CMYK":
        flags.append("cmyk")
    return tuple(flags)


def _is_halved(image: Image.Image) -> bool:
    """Whether Pillow will read 16 bits of a channel by their upper half; known before the picture is decoded."""
    return not is_deep(image) and any(";16" in str(tile.args) for tile in getattr(image, "tile", ()))


def count_pixels(content: bytes) -> int:
    """Count the pixels of a picture file without decoding it.

    Raises:
        ValueError: It is not a picture that can be read.
    """
    with open_header(content) as header:
        width, height = header.size
    return int(width * height)
