"""Short work as an iterator: it yields its progress and returns its result.

It knows counts and the clock. It does not know how progress is shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

from tlcore.threads import map_bounded

Result = TypeVar("Result")
SECONDS_BETWEEN_REPORTS = 0.1


@dataclass(frozen=True)
class Progress:
    """The progress of a piece of work.

    Attributes:
        done, total: In things that are worked on, such as items; `total` is 0 while it is not known.
        rate: Things per second since the work began; 0 while it is not known.
        seconds_left: None while it is not known.
        note: What is being done, for a person to read.
    """

    done: int
    total: int
    rate: float = 0.0
    seconds_left: float | None = None
    note: str = ""


class Pace:
    """Turns counts into progress with a rate, and says when the next report is due."""

    def __init__(self, total: int, note: str = "") -> None:
        self._total = total
        self._note = note
        self._began = time.monotonic()
        self._reported = self._began

    def at(self, done: int) -> Progress:
        self._reported = time.monotonic()
        seconds = self._reported - self._began
        rate = done / seconds if seconds > 0 else 0.0
        left = (self._total - done) / rate if rate > 0 else None
        return Progress(done, self._total, rate, left, self._note)

    def due(self) -> bool:
        """Tell whether the last report is old enough for another one; too many reports make a page slow."""
        return time.monotonic() - self._reported >= SECONDS_BETWEEN_REPORTS


def drain(steps: Generator[Progress, None, Result], show: Callable[[Progress], None]) -> Result:
    """Run `steps` to their end, showing each report, and give what they return."""
    while True:
        try:
            progress = next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
        show(progress)


def map_blocks(
    work: Callable[[int], Result], total: int, at_once: int, note: str = ""
) -> Generator[Progress, None, list[Result]]:
    """Call `work` with the first place of each block of `at_once` of `total` things, on all cores; results in order."""
    pace, found = Pace(total, note), []
    yield pace.at(0)
    for result in map_bounded(work, range(0, total, at_once)):
        found.append(result)
        if pace.due():
            yield pace.at(min(total, len(found) * at_once))
    yield pace.at(total)
    return found
