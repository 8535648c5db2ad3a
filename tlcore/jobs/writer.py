"""Writes a job's files: holds the lock, appends events, updates progress, records a fault as the end.

It knows the lock, the log and the progress. It does not know what is being done.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeVar

from filelock import FileLock, Timeout

from tlcore.disk import fault_of
from tlcore.errors import GraftError
from tlcore.files import append_line, write_json
from tlcore.jobs import locks
from tlcore.jobs.events import EndedEvent, JobEvent
from tlcore.jobs.job import Job
from tlcore.jobs.progress import Progress, Step

PROGRESS_SECONDS = 0.5
# Longer than anybody who merely looks whether the lock is held keeps it.
LOCK_SECONDS = 2.0

AnyEvent = TypeVar("AnyEvent", bound=JobEvent)


class StoppedError(Exception):
    """Somebody asked the worker to end; nothing is wrong."""


class JobWriter(Generic[AnyEvent]):
    """Use it in a `with` block around the whole work: a fault that leaves the block is recorded as its end.

    Raises:
        GraftError: The job's `fault`: another worker is at it.
    """

    def __init__(self, job: Job[AnyEvent, Any]) -> None:
        self._job = job
        self._lock: FileLock | None = None
        self._writing = threading.Lock()
        self._last_progress = float("-inf")
        self.ended = False

    def __enter__(self) -> Self:
        self._job.path.mkdir(parents=True, exist_ok=True)
        try:
            self._lock = locks.take(self._job.lock, timeout=LOCK_SECONDS)
        except Timeout as error:
            raise self._job.taken() from error
        self._job.progress_file.unlink(missing_ok=True)  # of a worker that was killed
        _end_torn_line(self._job.events_file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None and not self.ended:
                self._record_fault(error)
            self._job.progress_file.unlink(missing_ok=True)
        finally:
            self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _record_fault(self, error: BaseException) -> None:
        sentence = self._sentence(error)
        try:
            self.end("failed", sentence)
        except OSError:  # a full disk: how far the work was is of no use any more, and makes room for a line
            self._job.progress_file.unlink(missing_ok=True)
            _end_torn_line(self._job.events_file)
            self.end("failed", sentence)

    def record(self, event: AnyEvent) -> None:
        """Append an event and wait until it is on the disk."""
        with self._writing:
            append_line(self._job.events_file, event.model_dump_json())
        self.ended = isinstance(event, EndedEvent)

    def end(self, state: Literal["finished", "stopped", "paused", "failed"], error: str = "") -> None:
        """Record the last event."""
        self.record(self._job.ended(state=state, error=error))  # type: ignore[arg-type]  # one of the job's events

    def progress(self, progress: Progress) -> None:
        """Say what is happening; called as often as you like, written at most twice a second."""
        with self._writing:
            now = time.monotonic()
            if now - self._last_progress >= PROGRESS_SECONDS:
                self._last_progress = now
                write_json(self._job.progress_file, progress)

    def show(self, step: Step, *, phase: str, title: str, unit: str = "") -> None:
        """Say how far short work is, under its own note or else under `title`; for `drain`.

        Raises:
            StoppedError: The worker is asked to end.
        """
        if self._job.asked():
            raise StoppedError
        self.progress(Progress.of(step, phase=phase, title=step.note or title, unit=unit))

    def _sentence(self, error: BaseException) -> str:
        job = self._job
        if isinstance(error, GraftError):
            return str(error)
        if of_disk := fault_of(error, place=job.path):
            return str(of_disk)
        if isinstance(error, MemoryError):
            return f"The work needs more memory than this machine gave. {job.needs_less}"
        if isinstance(error, KeyboardInterrupt | SystemExit):
            return f"The worker was told to quit before it was done. {job.again}".rstrip()
        fault = f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"
        return f"The worker met a fault that it did not expect ({fault}). Its log has the details."


Writer = TypeVar("Writer", bound=JobWriter[Any])


def work(writer: Writer, carry_out: Callable[[Writer], Literal["finished", "stopped", "paused"]]) -> int:
    """Be a job's worker and give the exit code: 0 when the work finished or was asked to end, 1 when it failed.

    `carry_out` records that it begins and gives how the work ended; a `StoppedError` that leaves it is a stop. Where it
    recorded the end itself, what it did after that does not count.
    """
    try:
        with writer:
            try:
                state = carry_out(writer)
            except StoppedError:
                state = "stopped"
            if not writer.ended:
                writer.end(state)
    except Exception as error:  # the sentence is in the events already; the log gets the whole
        traceback.print_exception(error)
        return 1
    return 0


def _end_torn_line(log: Path) -> None:
    """End an incomplete line, so that the next event has its own line."""
    try:
        torn = not log.read_bytes().endswith(b"\n")
    except FileNotFoundError:
        return
    if torn:
        append_line(log, "")
