"""The pen of a sweep's worker.

It knows how a sweep ends. It does not know what is being tried.
"""

from __future__ import annotations

from tlcore.errors import RunError
from tlcore.runs.pen import Pen
from tlcore.sweeps.events import Event, SweepEnded
from tlcore.sweeps.sweep import Sweep


class SweepRecorder(Pen[Event]):
    """Holds the sweep's lock.

    Raises:
        RunError: Another worker is at this sweep.
    """

    work = "sweep"
    told_to_quit = "The sweep's worker was told to quit before it was done. Go on with the sweep."

    def __init__(self, sweep: Sweep) -> None:
        super().__init__(sweep)
        self.sweep = sweep

    def taken(self) -> RunError:
        return RunError(
            f"A sweep has one worker. Another one is at {self.sweep.id} already. Wait for it, or stop the sweep."
        )

    def failed(self, sentence: str) -> SweepEnded:
        return SweepEnded(state="failed", error=sentence)
