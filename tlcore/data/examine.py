"""One file of a source: whether it can be an item, and what is known about it.

It knows how files are read and how much memory that takes. It does not know labels, nor what an item looks like.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from threading import Condition
from typing import Any

from tlcore.data.archive import Entry, Limits, Opened, reading
from tlcore.data.file_kinds import HEAD_BYTES, why_no_item
from tlcore.errors import ItemError
from tlcore.modalities import Modality

_FIRST_BYTES = 1 << 20


@dataclass(frozen=True)
class ItemFile:
    """A file that can be used; `fixed` says what had to be put right, `flags` what is unusual.

    Attributes:
        facts: Of the modality, by column of `items.parquet`.
        sample: What the modality wants to know of all items together; None where it wants nothing.
    """

    sha256: str
    suffix: str
    facts: dict[str, int]
    flags: tuple[str, ...]
    fixed: str
    content: bytes
    sample: Any = None


class Room:
    """Memory that threads share: who needs much waits until the others have given theirs back."""

    def __init__(self, amount: int) -> None:
        self._whole = self._free = amount
        self._condition = Condition()

    @contextmanager
    def taking(self, amount: int) -> Iterator[None]:
        # More than there is means all of it: one such item at a time.
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

    def __init__(self, opened: Opened, limits: Limits, modality: Modality) -> None:
        self._opened = opened
        self._limits = limits
        self._modality = modality
        # Two rooms, entered in this order only, so that nobody waits for a room while holding what another needs.
        self._bytes = Room(256 * 10**6)
        self._decoded = Room(384 * 10**6)

    @contextmanager
    def examining(self, entry: Entry) -> Iterator[ItemFile]:
        """Read and decode one file once, and keep its bytes in memory while the block lasts.

        Raises:
            ItemError: It cannot be used; the message is the reason.
        """
        if entry.size == 0:
            raise ItemError("The file is empty.")
        with self._bytes.taking(min(entry.size, self._limits.file_bytes)):
            content = self._read(entry)
            yield self._examine(content, PurePosixPath(entry.path.name).suffix)

    def fault(self, entry: Entry) -> str:
        """Say why a file is no item, by its first bytes; empty where it may be one."""
        try:
            with reading(self._opened, entry) as stream:
                self._check_kind(stream.read(HEAD_BYTES))
        except ItemError as error:
            return str(error)
        return ""

    def _read(self, entry: Entry) -> bytes:
        with reading(self._opened, entry) as stream:
            # Asking for no more than there is: a buffer is made for as much as is asked for.
            wanted = min(entry.size, self._limits.file_bytes) + 1
            content = stream.read(min(wanted, _FIRST_BYTES))
            # Films and the like are never read whole.
            self._check_kind(content[:HEAD_BYTES])
            if len(content) == _FIRST_BYTES:
                content += stream.read(wanted - _FIRST_BYTES)
        if len(content) > self._limits.file_bytes:
            raise ItemError(f"The file is larger than {self._limits.file_bytes / 10**6:,.3g} MB. Make it smaller.")
        if len(content) > entry.size:
            raise ItemError("The file grew while it was read. Take it in again when it is written.")
        return content

    def _examine(self, content: bytes, suffix: str) -> ItemFile:
        sha = hashlib.sha256(content).hexdigest()
        found = self._modality.examine(content, suffix, self._decoded.taking)
        return ItemFile(sha, found.suffix, dict(found.facts), found.flags, found.fixed, content, found.sample)

    def _check_kind(self, head: bytes) -> None:
        if not head:
            raise ItemError("The file is empty.")
        if reason := self._modality.fault(head, why_no_item(head)):
            raise ItemError(reason)
