"""The pen of a worker: it holds the lock of its folder, appends the events and says how far the work is.

It knows the lock, the log and the progress. It does not know what is being done, nor which events there are.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from filelock import FileLock, Timeout
from pydantic import BaseModel

from tlcore.errors import GraftError
from tlcore.files import append_line, write_json
from tlcore.runs import locks
from tlcore.runs.events import Progress
from tlcore.runs.worker_folder import WorkerFolder

PROGRESS_SECONDS = 0.5
# Longer than anybody who merely looks whether the lock is held keeps it.
LOCK_SECONDS = 2.0

Event = TypeVar("Event", bound=BaseModel)


class Pen(ABC, Generic[Event]):
    """Use it in a `with` block around the whole work: a fault that leaves the block is recorded as its end.

    Attributes:
        work: What is being done, in a word: for the sentence about a fault.
        told_to_quit: The sentence for a worker that was interrupted.
    """

    work: str
    told_to_quit: str

    def __init__(self, folder: WorkerFolder) -> None:
        self._folder = folder
        self._lock: FileLock | None = None
        self._writing = threading.Lock()
        self._last_progress = float("-inf")

    @abstractmethod
    def taken(self) -> GraftError:
        """What to raise where another worker holds the lock."""

    @abstractmethod
    def failed(self, sentence: str) -> Event:
        """The event with which the work ends after a fault."""

    def __enter__(self) -> Self:
        try:
            self._lock = locks.take(self._folder.lock, timeout=LOCK_SECONDS)
        except Timeout as error:
            raise self.taken() from error
        _end_torn_line(self._folder.events_file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None:
                self.record(self.failed(self._sentence(error)))
        finally:
            self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def record(self, event: Event) -> None:
        """Append an event and wait until it is on the disk."""
        with self._writing:
            append_line(self._folder.events_file, event.model_dump_json())

    def progress(self, progress: Progress) -> None:
        """Say what is happening; called as often as you like, written at most twice a second."""
        with self._writing:
            now = time.monotonic()
            if now - self._last_progress >= PROGRESS_SECONDS:
                self._last_progress = now
                write_json(self._folder.progress_file, progress)

    def _sentence(self, error: BaseException) -> str:
        if isinstance(error, GraftError):
            return str(error)
        if isinstance(error, KeyboardInterrupt | SystemExit):
            return self.told_to_quit
        said = " ".join(str(error).split())[:500]
        fault = f"{type(error).__name__}: {said}"
        return f"The {self.work} met a fault that it did not expect ({fault}). Its log has the details."


def _end_torn_line(log: Path) -> None:
    """End a line that a killed worker left unfinished, so that the next event stands on its own."""
    try:
        torn = not log.read_bytes().endswith(b"\n")
    except FileNotFoundError:
        return
    if torn:
        append_line(log, "")
