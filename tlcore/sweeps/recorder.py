"""The pen of a sweep's worker: it holds the lock and appends the events.

It knows the lock and the log. It does not know what is being tried.
"""

from __future__ import annotations

from types import TracebackType

from filelock import FileLock, Timeout

from tlcore.errors import GraftError, RunError
from tlcore.files import append_line
from tlcore.runs import locks
from tlcore.sweeps.events import Event, SweepEnded
from tlcore.sweeps.sweep import Sweep

# Longer than anybody who merely looks whether the lock is held keeps it.
LOCK_SECONDS = 2.0


class SweepRecorder:
    """Holds the sweep's lock; a fault that leaves the `with` block is recorded as its end.

    Raises:
        RunError: Another worker is at this sweep.
    """

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self._lock: FileLock | None = None

    def __enter__(self) -> SweepRecorder:
        try:
            self._lock = locks.take(self.sweep.lock, timeout=LOCK_SECONDS)
        except Timeout as error:
            raise RunError(
                f"A sweep has one worker. Another one is at {self.sweep.id} already. Wait for it, or stop the sweep."
            ) from error
        log = self.sweep.events_file
        # A line that a killed worker left unfinished is ended, so that the next event stands on its own.
        if log.exists() and not log.read_bytes().endswith(b"\n"):
            append_line(log, "")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None:
                self.record(SweepEnded(state="failed", error=_sentence(error)))
        finally:
            if self._lock is not None:
                self._lock.release()

    def record(self, event: Event) -> None:
        """Append an event and wait until it is on the disk."""
        append_line(self.sweep.events_file, event.model_dump_json())


def _sentence(error: BaseException) -> str:
    if isinstance(error, GraftError):
        return str(error)
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return "The sweep's worker was told to quit before it was done. Go on with the sweep."
    said = " ".join(str(error).split())[:500]
    return f"The sweep met a fault that it did not expect ({type(error).__name__}: {said}). Its log has the details."
