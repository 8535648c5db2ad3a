"""The pen of a check's worker.

It knows how a check ends. It does not know what is looked for.
"""

from __future__ import annotations

from typing import Self

from tlcore.errors import DataError
from tlcore.health.check import Check
from tlcore.health.events import CheckEnded, Event
from tlcore.runs.pen import Pen


class CheckRecorder(Pen[Event]):
    """Holds the lock of a check.

    Raises:
        DataError: Another worker is checking this dataset.
    """

    work = "check"
    told_to_quit = "The worker of the check was told to quit before it was done. Check again."

    def __init__(self, check: Check) -> None:
        super().__init__(check)
        self.check = check

    def taken(self) -> DataError:
        return DataError(
            f"A dataset is checked by one worker. Another one is at {self.check.dataset.id} already. Wait for it, "
            "or stop it."
        )

    def failed(self, sentence: str) -> CheckEnded:
        return CheckEnded(state="failed", error=sentence)

    def __enter__(self) -> Self:
        self.check.path.mkdir(parents=True, exist_ok=True)
        super().__enter__()
        self.check.stop_file.unlink(missing_ok=True)
        return self

    def _release(self) -> None:
        try:
            self.check.progress_file.unlink(missing_ok=True)
        finally:
            super()._release()
