"""The folder in which one worker works: its lock, its log of events, its progress, the way to stop it.

It knows the names of these files and how to look at them. It does not know what the work is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from tlcore.files import write_bytes
from tlcore.runs import locks
from tlcore.runs.events import Progress


class WorkerFolder:
    """What a handle of a run, a sweep, a check or a closer look has in common; `path` is the folder, made or not."""

    if TYPE_CHECKING:

        @property
        def path(self) -> Path: ...

    @property
    def events_file(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def progress_file(self) -> Path:
        return self.path / "progress.json"

    @property
    def worker_log(self) -> Path:
        return self.path / "worker.log"

    @property
    def lock(self) -> Path:
        """Held by the worker while it lives."""
        return self.path / "lock"

    @property
    def stop_file(self) -> Path:
        return self.path / "stop"

    def alive(self) -> bool:
        """Whether a worker holds the lock."""
        return locks.is_held(self.lock)

    def stop_asked(self) -> bool:
        return self.stop_file.exists()

    def stop(self) -> None:
        """Ask the worker to stop. Work that is over stays as it is."""
        if self.alive():
            write_bytes(self.stop_file, b"")

    def progress(self) -> Progress | None:
        """What was being done at the last look; None where nothing is known."""
        try:
            return Progress.model_validate_json(self.progress_file.read_bytes())
        except (OSError, ValidationError):
            return None

    def log(self, last_lines: int = 50) -> str:
        """The end of what the worker wrote to its output."""
        try:
            return "\n".join(self.worker_log.read_text(errors="replace").splitlines()[-last_lines:])
        except FileNotFoundError:
            return ""
