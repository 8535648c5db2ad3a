"""The pen of a run's worker: whatever a run folder says about a run under way is written with it.

It knows the events of a run, its environment and who else hears of them. It does not know what is being done.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from tlcore.errors import RunError
from tlcore.files import write_json
from tlcore.runs.environment import look_around
from tlcore.runs.events import Ended, Event, Noted
from tlcore.runs.pen import Pen
from tlcore.runs.run import Run
from tlcore.runs.tracking import Tracking


class Recorder(Pen[Event]):
    """Holds the run's lock; a fault is recorded as `Ended(failed)`, unless an end is written already.

    Raises:
        RunError: Another worker is at this run.
    """

    work = "worker"
    told_to_quit = "The worker was told to quit before it was done."

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.run = run
        self._ended = False
        self._device = ""
        self._tracking: Tracking | None = None

    def taken(self) -> RunError:
        return RunError(f"A run has one worker. Another one is at {self.run.id} already. Wait for it, or stop the run.")

    def failed(self, sentence: str) -> Ended:
        return Ended(state="failed", error=sentence)

    def __enter__(self) -> Self:
        super().__enter__()
        try:
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
        super().__exit__(kind, None if self._ended else error, trace)

    def _release(self) -> None:
        if self._tracking is not None:
            self._tracking.close()
        super()._release()

    def record(self, event: Event) -> None:
        """Append an event and wait until it is on the disk."""
        if self._tracking is not None:  # before it is written: what a tracker has to say comes before the end
            self._tracking(event)
        super().record(event)
        self._ended = isinstance(event, Ended)
        if isinstance(event, Noted):
            self.record_environment()

    def record_environment(self, *, device: str = "") -> None:
        """Write `environment.json`; again when the device is known, and with every decision that is noted."""
        self._device = device or self._device
        notes = tuple(event.message for event in self.run.events() if isinstance(event, Noted))
        look = look_around(device=self._device, seed=self.run.config.seed, notes=notes)
        write_json(self.run.path / "environment.json", look)

    def _sentence(self, error: BaseException) -> str:
        if isinstance(error, MemoryError):
            return "Training needs more memory than this machine gave. Choose a smaller batch size or image size."
        return super()._sentence(error)
