"""From a request to the picture files in it.

It knows the two ways of sending pictures, as a form's files or as the body itself, and the limits of both. It does not
decode them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from tlcore.serving.limits import MEGABYTE, Limits
from tlcore.serving.schemas import FaultyPicture

FORM = "multipart/form-data"
# Of the last one nobody means it: it is what curl calls any body that it was not told about.
BODIES = ("application/octet-stream", "application/x-www-form-urlencoded")
MOST_TEXT_FIELDS = 16


class RefusedError(Exception):
    """A request that is refused, with its status; `str()` says why, and what to do."""

    def __init__(self, status: int, detail: str, pictures: list[FaultyPicture] | None = None) -> None:
        super().__init__(detail)
        self.status, self.pictures = status, pictures or []


@dataclass(frozen=True)
class Upload:
    """A picture file as it was sent."""

    name: str
    content: bytes


async def read_uploads(request: Request, limits: Limits, room: Callable[[int, int], None]) -> list[Upload]:
    """Read a request's pictures; `room` is asked with their number and bytes before they are taken into memory.

    Raises:
        RefusedError: There are none, too many, too large ones, or the body is not what it says.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limits.request_bytes:
        raise _too_much(limits)
    try:
        if kind == FORM:
            return await _from_form(request, limits, room)
        if not kind or kind in BODIES or kind.startswith("image/"):
            return [await _from_body(request, limits, room)]
    except ClientDisconnect as error:
        raise RefusedError(400, "The whole request is needed. The connection ended before. Send it again.") from error
    raise RefusedError(
        415,
        f"Pictures are sent as {FORM}, or one as the body itself with its type, such as image/jpeg. Received: "
        f"{kind[:80]}.",
    )


async def _from_body(request: Request, limits: Limits, room: Callable[[int, int], None]) -> Upload:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limits.picture_bytes:
            raise _too_large([FaultyPicture(index=0, name="", reason=_large(limits))], limits)
    if not content:
        raise _none()
    room(1, len(content))
    return Upload("", bytes(content))


async def _from_form(request: Request, limits: Limits, room: Callable[[int, int], None]) -> list[Upload]:
    parser = MultiPartParser(
        request.headers, _limited(request, limits), max_files=limits.pictures, max_fields=MOST_TEXT_FIELDS
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise RefusedError(
                413, f"A request may bring {limits.pictures} pictures. It brought more. Send them in several requests."
            ) from error
        raise RefusedError(400, f"The form should be {FORM}. It cannot be read: {error.message}") from error
    try:
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        if not files:
            raise _none()
        if large := [
            FaultyPicture(index=index, name=file.filename or "", reason=_large(limits))
            for index, file in enumerate(files)
            if (file.size or 0) > limits.picture_bytes
        ]:
            raise _too_large(large, limits)
        room(len(files), sum(file.size or 0 for file in files))
        return [Upload(file.filename or "", await file.read()) for file in files]
    finally:
        await form.close()


async def _limited(request: Request, limits: Limits) -> AsyncGenerator[bytes, None]:
    # Whoever sends in chunks does not say beforehand how much it will be.
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limits.request_bytes:
            raise _too_much(limits)
        yield chunk


def _none() -> RefusedError:
    return RefusedError(
        422, f"At least one picture is needed. Received none. Send files as {FORM}, or one picture as the body."
    )


def _large(limits: Limits) -> str:
    return f"It has more than {limits.picture_bytes:,} bytes."


def _too_large(pictures: list[FaultyPicture], limits: Limits) -> RefusedError:
    size = f"{limits.picture_bytes / MEGABYTE:g} MB"
    return RefusedError(413, f"A picture file may have {size}. A larger one came. Make it smaller.", pictures)


def _too_much(limits: Limits) -> RefusedError:
    size = f"{limits.request_bytes / MEGABYTE:g} MB"
    return RefusedError(413, f"A request may have {size}. It had more. Send the pictures in several requests.")
