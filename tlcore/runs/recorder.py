"""Writes a run's files: those of every job, the environment, and the events for trackers.

It knows the events of a run, its environment and its trackers. It does not know what is being done.
"""

from __future__ import annotations

from typing import Self

from tlcore.files import write_json
from tlcore.jobs.writer import JobWriter
from tlcore.runs.environment import look_around
from tlcore.runs.events import Event, Noted
from tlcore.runs.run import Run
from tlcore.runs.tracking import Tracking


class Recorder(JobWriter[Event]):
    """Writes a run's files; whatever a run folder says about a run under way is written with it.

    Raises:
        RunError: Another worker is at this run.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.run = run
        self._device = ""
        self._tracking: Tracking | None = None

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

    def _release(self) -> None:
        if self._tracking is not None:
            self._tracking.close()
        super()._release()

    def record(self, event: Event) -> None:
        """Append an event and wait until it is on the disk."""
        if self._tracking is not None:  # before it is written: what a tracker has to say comes before the end
            self._tracking(event)
        super().record(event)
        if isinstance(event, Noted):
            self.record_environment()

    def record_environment(self, *, device: str = "") -> None:
        """Write `environment.json`; again when the device is known, and with every decision that is noted."""
        self._device = device or self._device
        notes = tuple(event.message for event in self.run.events() if isinstance(event, Noted))
        look = look_around(device=self._device, seed=self.run.config.seed, notes=notes)
        write_json(self.run.path / "environment.json", look)
