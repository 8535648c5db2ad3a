"""Reports the start and the end of each phase of the work.

It knows events and the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tlcore.jobs.progress import Progress
from tlcore.jobs.writer import StoppedError
from tlcore.progress import Progress as Step
from tlcore.runs.events import Event, PhaseEnded, PhaseStarted

Report = Callable[[Event | Progress], None]
Stop = Callable[[], bool]


class PhaseReport:
    """A stretch under way.

    Attributes:
        unit: What short work counts.
        items, seconds: Of the part whose speed is worth telling; `seconds` is None for the whole stretch.
    """

    def __init__(self, report: Report, stop: Stop, phase: str, title: str) -> None:
        self.phase, self.title = phase, title
        self.items = 0
        self.seconds: float | None = None
        self.unit = "items"
        self._report, self._stop = report, stop

    def show(self, step: Step) -> None:
        """Report how far short work is; for `drain`.

        Raises:
            StoppedError: The run was asked to stop.
        """
        if self._stop():
            raise StoppedError
        self.items = step.done if self.unit == "items" else 0
        self._report(Progress.of(step, phase=self.phase, title=self.title, unit=self.unit))


@contextmanager
def stretch(
    report: Report,
    stop: Stop,
    phase: str,
    title: str,
    *,
    epochs: int = 0,
    first_epoch: int = 0,
    planned: int = 0,
    trained_parameters: int = 0,
) -> Iterator[PhaseReport]:
    """Report the beginning and, unless it fails, the end of a stretch of work."""
    report(
        PhaseStarted(
            phase=phase,
            title=title,
            epochs=epochs,
            first_epoch=first_epoch,
            planned=planned,
            trained_parameters=trained_parameters,
        )
    )
    began = time.monotonic()
    under_way = PhaseReport(report, stop, phase, title)
    yield under_way
    seconds = time.monotonic() - began
    counted = under_way.seconds or seconds
    report(
        PhaseEnded(
            phase=phase,
            seconds=seconds,
            images_per_second=under_way.items / counted if under_way.items and counted > 0 else None,
        )
    )
