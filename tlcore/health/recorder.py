"""The pen of a check's worker: it holds the lock, appends the events and says how far the check is.

It knows the lock, the log and the progress. It does not know what is looked for.
"""

from __future__ import annotations

import time
from types import TracebackType

from filelock import FileLock, Timeout

from tlcore.errors import DataError, GraftError
from tlcore.files import append_line, write_json
from tlcore.health.check import Check
from tlcore.health.events import CheckEnded, Event
from tlcore.runs import locks
from tlcore.runs.events import Progress

PROGRESS_SECONDS = 0.5
# Longer than anybody who merely looks whether the lock is held keeps it.
LOCK_SECONDS = 2.0


class CheckRecorder:
    """Holds the lock of a check; a fault that leaves the `with` block is recorded as its end.

    Raises:
        DataError: Another worker is checking this dataset.
    """

    def __init__(self, check: Check) -> None:
        self.check = check
        self._lock: FileLock | None = None
        self._last_progress = float("-inf")

    def __enter__(self) -> CheckRecorder:
        self.check.path.mkdir(parents=True, exist_ok=True)
        try:
            self._lock = locks.take(self.check.lock, timeout=LOCK_SECONDS)
        except Timeout as error:
            raise DataError(
                f"A dataset is checked by one worker. Another one is at {self.check.dataset.id} already. Wait for it, "
                "or stop it."
            ) from error
        log = self.check.events_file
        # A line that a killed worker left unfinished is ended, so that the next event stands on its own.
        if log.exists() and not log.read_bytes().endswith(b"\n"):
            append_line(log, "")
        self.check.stop_file.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None:
                self.record(CheckEnded(state="failed", error=_sentence(error)))
        finally:
            self.check.progress_file.unlink(missing_ok=True)
            if self._lock is not None:
                self._lock.release()

    def record(self, event: Event) -> None:
        """Append an event and wait until it is on the disk."""
        append_line(self.check.events_file, event.model_dump_json())

    def progress(self, progress: Progress) -> None:
        """Say what is happening; called as often as you like, written at most twice a second."""
        now = time.monotonic()
        if now - self._last_progress >= PROGRESS_SECONDS:
            self._last_progress = now
            write_json(self.check.progress_file, progress)


def _sentence(error: BaseException) -> str:
    if isinstance(error, GraftError):
        return str(error)
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return "The worker of the check was told to quit before it was done. Check again."
    said = " ".join(str(error).split())[:500]
    return f"The check met a fault that it did not expect ({type(error).__name__}: {said}). Its log has the details."
