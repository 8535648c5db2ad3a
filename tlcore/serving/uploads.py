"""From a request to the files in it.

It knows the two ways of sending files, as a form's files or as the body itself, and the limits of both. It does not
decode them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from tlcore.modalities import Modality, Noun
from tlcore.serving.limits import MEGABYTE, Limits
from tlcore.serving.schemas import FaultyItem

FORM = "multipart/form-data"
# Of the last one nobody means it: it is what curl calls any body that it was not told about.
BODIES = ("application/octet-stream", "application/x-www-form-urlencoded")
MOST_TEXT_FIELDS = 16


class RefusedError(Exception):
    """A request that is refused, with its status; `str()` says why, and what to do."""

    def __init__(self, status: int, detail: str, items: list[FaultyItem] | None = None) -> None:
        super().__init__(detail)
        self.status, self.items = status, items or []


@dataclass(frozen=True)
class Upload:
    """A file as it was sent."""

    name: str
    content: bytes


async def read_uploads(
    request: Request, limits: Limits, room: Callable[[int, int], None], modality: Modality
) -> list[Upload]:
    """Read a request's items; `room` is asked with their number and bytes before they are taken into memory.

    Raises:
        RefusedError: There are none, too many, too large ones, or the body is not what it says.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limits.request_bytes:
        raise _too_much(limits, modality.noun)
    try:
        if kind == FORM:
            return await _from_form(request, limits, room, modality.noun)
        if not kind or kind in BODIES or (modality.media_type and kind.startswith(modality.media_type)):
            return [await _from_body(request, limits, room, modality.noun)]
    except ClientDisconnect as error:
        raise RefusedError(400, "The whole request is needed. The connection ended before. Send it again.") from error
    raise RefusedError(
        415,
        f"{modality.noun.many.capitalize()} are sent as {FORM}, or one as the body itself with its type. Received: "
        f"{kind[:80]}.",
    )


async def _from_body(request: Request, limits: Limits, room: Callable[[int, int], None], noun: Noun) -> Upload:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limits.item_bytes:
            raise _too_large([FaultyItem(index=0, name="", reason=_large(limits))], limits, noun)
    if not content:
        raise _none(noun)
    room(1, len(content))
    return Upload("", bytes(content))


async def _from_form(request: Request, limits: Limits, room: Callable[[int, int], None], noun: Noun) -> list[Upload]:
    parser = MultiPartParser(
        request.headers, _limited(request, limits, noun), max_files=limits.items, max_fields=MOST_TEXT_FIELDS
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise RefusedError(
                413, f"A request may bring {limits.items} {noun.many}. It brought more. Send them in several requests."
            ) from error
        raise RefusedError(400, f"The form should be {FORM}. It cannot be read: {error.message}") from error
    try:
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        if not files:
            raise _none(noun)
        if large := [
            FaultyItem(index=index, name=file.filename or "", reason=_large(limits))
            for index, file in enumerate(files)
            if (file.size or 0) > limits.item_bytes
        ]:
            raise _too_large(large, limits, noun)
        room(len(files), sum(file.size or 0 for file in files))
        return [Upload(file.filename or "", await file.read()) for file in files]
    finally:
        await form.close()


async def _limited(request: Request, limits: Limits, noun: Noun) -> AsyncGenerator[bytes, None]:
    # Whoever sends in chunks does not say beforehand how much it will be.
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limits.request_bytes:
            raise _too_much(limits, noun)
        yield chunk


def _none(noun: Noun) -> RefusedError:
    return RefusedError(
        422, f"At least one {noun.one} is needed. Received none. Send files as {FORM}, or one {noun.one} as the body."
    )


def _large(limits: Limits) -> str:
    return f"It has more than {limits.item_bytes:,} bytes."


def _too_large(items: list[FaultyItem], limits: Limits, noun: Noun) -> RefusedError:
    size = f"{limits.item_bytes / MEGABYTE:g} MB"
    return RefusedError(413, f"A {noun.one} file may have {size}. A larger one came. Make it smaller.", items)


def _too_much(limits: Limits, noun: Noun) -> RefusedError:
    size = f"{limits.request_bytes / MEGABYTE:g} MB"
    return RefusedError(413, f"A request may have {size}. It had more. Send the {noun.many} in several requests.")
