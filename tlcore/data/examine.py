"""One file: whether it is a picture, whether all of it decodes, what is unusual about it.

It knows bytes and pictures. It does not know labels or where a picture will be kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from threading import Condition

from PIL import Image

from tlcore.data.archive import Entry, Limits, Opened, reading
from tlcore.data.containers import raw_beginning, raw_sentence
from tlcore.data.file_kinds import HEAD_BYTES, why_no_picture
from tlcore.data.pixels import FORMATS_FOR_PEOPLE, decode, is_deep, open_header, orientation, to_rgb, upright_size
from tlcore.data.value_counts import ValueSample, sample_values
from tlcore.data.value_range import DEEP, HIGH_BYTE
from tlcore.errors import PictureError

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
_FIRST_BYTES = 1 << 20


@dataclass(frozen=True)
class Picture:
    """A file that can be used; `fixed` says what had to be put right, `flags` what is unusual."""

    sha256: str
    suffix: str
    width: int
    height: int
    flags: tuple[str, ...]
    fixed: str
    content: bytes
    values: ValueSample | None = None  # of a grey picture of more than 8 bits


class Room:
    """Memory that threads share: who needs much waits until the others have given theirs back."""

    def __init__(self, amount: int) -> None:
        self._whole = self._free = amount
        self._condition = Condition()

    @contextmanager
    def taking(self, amount: int) -> Iterator[None]:
        # More than there is means all of it: one such picture at a time.
        amount = min(amount, self._whole)
        with self._condition:
            self._condition.wait_for(lambda: self._free >= amount)
            self._free -= amount
        try:
            yield
        finally:
            with self._condition:
                self._free += amount
                self._condition.notify_all()


class Examiner:
    """Reads files of one source from several threads, with a bound on the memory that they use together."""

    def __init__(self, opened: Opened, limits: Limits) -> None:
        self._opened = opened
        self._limits = limits
        # Two rooms, entered in this order only, so that nobody waits for a room while holding what another needs.
        self._bytes = Room(256 * 10**6)
        self._pixels = Room(384 * 10**6)

    @contextmanager
    def examining(self, entry: Entry) -> Iterator[Picture]:
        """Read and decode one file once, and keep its bytes in memory while the block lasts.

        Raises:
            PictureError: It cannot be used; the message is the reason.
        """
        if entry.size == 0:
            raise PictureError("The file is empty.")
        with self._bytes.taking(min(entry.size, self._limits.file_bytes)):
            content = self._read(entry)
            yield self._decode(content, PurePosixPath(entry.path.name).suffix)

    def fault(self, entry: Entry) -> str:
        """Say why a file is no picture, by its first bytes; empty where it may be one."""
        try:
            with reading(self._opened, entry) as stream:
                _check_kind(stream.read(HEAD_BYTES))
        except PictureError as error:
            return str(error)
        return ""

    def _read(self, entry: Entry) -> bytes:
        with reading(self._opened, entry) as stream:
            # Asking for no more than there is: a buffer is made for as much as is asked for.
            wanted = min(entry.size, self._limits.file_bytes) + 1
            content = stream.read(min(wanted, _FIRST_BYTES))
            # Films and the like are never read whole.
            _check_kind(content[:HEAD_BYTES])
            if len(content) == _FIRST_BYTES:
                content += stream.read(wanted - _FIRST_BYTES)
        if len(content) > self._limits.file_bytes:
            raise PictureError(f"The file is larger than {self._limits.file_bytes / 10**6:,.3g} MB. Make it smaller.")
        if len(content) > entry.size:
            raise PictureError("The file grew while it was read. Take it in again when it is written.")
        return content

    def _decode(self, content: bytes, suffix: str) -> Picture:
        sha = hashlib.sha256(content).hexdigest()
        try:
            with open_header(content) as image:
                width, height = image.size
                halved = _is_halved(image)
                with self._pixels.taking(width * height * _BYTES_PER_PIXEL):
                    decode(image)
                    values = sample_values(image) if is_deep(image) else None
                    if values is None and image.mode not in {"RGB", "L"}:
                        to_rgb(image)
                    kind, (width, height), flags = image.format or "", upright_size(image), _flags(image)
        except ValueError as error:
            raise PictureError(str(error)) from error
        except MemoryError as error:
            raise PictureError("The picture needs more memory than there is. Make it smaller.") from error
        right = _SUFFIX_OF_FORMAT[kind]
        given = suffix.casefold()
        wrong = _ALIASES.get(given, given) != right
        flags += (HIGH_BYTE,) if halved else ()
        flags += ("renamed",) if wrong else ()
        return Picture(sha, right, width, height, flags, _said_wrongly(suffix, right) if wrong else "", content, values)


def _check_kind(head: bytes) -> None:
    if not head:
        raise PictureError("The file is empty.")
    if kind := raw_beginning(head):
        raise PictureError(raw_sentence(kind))
    if head.startswith(_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return
    if head[4:8] == b"ftyp" and any(brand in head[8:64] for brand in _HEIC_BRANDS):
        return
    if reason := why_no_picture(head):
        raise PictureError(reason)
    raise PictureError(f"This is not a picture that can be read ({FORMATS_FOR_PEOPLE}).")


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
