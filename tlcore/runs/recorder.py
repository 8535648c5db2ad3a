"""The worker's pen: whatever a run folder says about a run under way is written here.

It knows the lock, the log of events, the progress and the environment. It does not know what is being done.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

from filelock import FileLock, Timeout

from tlcore.errors import GraftError, RunError
from tlcore.files import append_line, write_json
from tlcore.runs import locks
from tlcore.runs.environment import look_around
from tlcore.runs.events import Ended, Event, Noted, Progress
from tlcore.runs.run import Run
from tlcore.runs.tracking import Tracking

PROGRESS_SECONDS = 0.5
# Longer than anybody who merely looks whether the lock is held keeps it.
LOCK_SECONDS = 2.0


class Recorder:
    """Holds the run's lock and writes its events; use it in a `with` block around the whole work.

    A fault that leaves the block is recorded as `Ended(failed)` before it goes on, unless an end is written already.

    Raises:
        RunError: Another worker is at this run.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._events = run.path / "events.jsonl"
        self._lock: FileLock | None = None
        self._writing = threading.Lock()
        self._last_progress = float("-inf")
        self._ended = False
        self._device = ""
        self._tracking: Tracking | None = None

    def __enter__(self) -> Recorder:
        try:
            self._lock = locks.take(self.run.lock, timeout=LOCK_SECONDS)
        except Timeout as error:
            raise RunError(
                f"A run has one worker. Another one is at {self.run.id} already. Wait for it, or stop the run."
            ) from error
        try:
            self._mend_torn_line()
            self.record_environment()
            self._tracking = Tracking(self.run, note=lambda message: self.record(Noted(message=message)))
        except BaseException as error:
            # `with` does not call `__exit__` for a fault of `__enter__`.
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None and not self._ended:
                self.record(Ended(state="failed", error=_sentence(error)))
        finally:
            if self._tracking is not None:
                self._tracking.close()
            if self._lock is not None:
                self._lock.release()

    def record(self, event: Event) -> None:
        """Append an event and wait until it is on the disk."""
        if self._tracking is not None:  # before it is written: what a tracker has to say comes before the end
            self._tracking(event)
        with self._writing:
            append_line(self._events, event.model_dump_json())
            self._ended = isinstance(event, Ended)
        if isinstance(event, Noted):
            self.record_environment()

    def progress(self, progress: Progress) -> None:
        """Say what is happening; called as often as you like, written at most twice a second."""
        with self._writing:
            now = time.monotonic()
            if now - self._last_progress >= PROGRESS_SECONDS:
                self._last_progress = now
                write_json(self.run.path / "progress.json", progress)

    def record_environment(self, *, device: str = "") -> None:
        """Write `environment.json`; again when the device is known, and with every decision that is noted."""
        self._device = device or self._device
        notes = tuple(event.message for event in self.run.events() if isinstance(event, Noted))
        look = look_around(device=self._device, seed=self.run.config.seed, notes=notes)
        write_json(self.run.path / "environment.json", look)

    def _mend_torn_line(self) -> None:
        """End a line that a killed worker left unfinished, so that the next event stands on its own."""
        try:
            torn = not self._events.read_bytes().endswith(b"\n")
        except FileNotFoundError:
            return
        if torn:
            append_line(self._events, "")


def _sentence(error: BaseException) -> str:
    if isinstance(error, GraftError):
        return str(error)
    if isinstance(error, MemoryError):
        return "Training needs more memory than this machine gave. Choose a smaller batch size or image size."
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return "The worker was told to quit before it was done."
    said = " ".join(str(error).split())[:500]
    return f"The worker met a fault that it did not expect ({type(error).__name__}: {said}). The log has the details."
