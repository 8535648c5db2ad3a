"""The job that exports a run in one format.

It knows the job's files, `exports/.<format>.lock`, `.jsonl`, `.json`, `.log` and `.stop`, and the line in
`exports/.line`: one format of a run is made at a time, the others wait, for a converter holds the model several times
over and what it measures would be another's work. It does not know how a format is made.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from tlcore.errors import ExportError
from tlcore.files import remove_tree
from tlcore.jobs.events import Event, Started, Waiting
from tlcore.jobs.job import Job
from tlcore.jobs.queue import turn
from tlcore.jobs.state import JobState
from tlcore.jobs.writer import JobWriter
from tlcore.jobs.writer import work as be_worker
from tlcore.progress import Progress
from tlcore.runs.formats import FORMATS
from tlcore.runs.run import Run

LEFT_SECONDS = 3600.0


@dataclass(frozen=True)
class Making(Job[Event, JobState]):
    """The making of one format of a run."""

    fault = ExportError
    again = "Try again."

    run: Run
    key: str

    @property
    def path(self) -> Path:
        return self.run.exports

    def file(self, name: str) -> Path:
        """Beside the formats, hidden, under the key of its own."""
        return self.path / f".{self.key}.{name.split('.')[-1]}"

    @property
    def title(self) -> str:
        return f"the making of '{self.key}' of {self.run.name}"

    @property
    def command(self) -> tuple[str, ...]:
        return ("export-work", str(self.run.path.absolute()), self.key)

    def prepare(self) -> None:
        """Make the folder, and forget the worker before."""
        self.path.mkdir(exist_ok=True)
        self.delete()

    def delete(self) -> None:
        """Forget the worker; the formats that are made stay."""
        for left in (self.events_file, self.worker_log, self.stop_file):
            left.unlink(missing_ok=True)


def under_way(run: Run) -> dict[str, JobState]:
    """The formats that are in the making, and those of which nothing came, by key."""
    states = {key: Making(run, key).state() for key in FORMATS} if run.exports.is_dir() else {}
    return {key: state for key, state in states.items() if state.live or state.state == "failed"}


def work(run: Run, key: str, make: Callable[[Callable[[Progress], None]], object]) -> int:
    """Be the worker that makes a format, when its turn has come, and give the exit code.

    `make` makes it, and is given what is told how far it is.
    """
    making = Making(run, key)

    def carry_out(writer: JobWriter[Event]) -> Literal["finished", "stopped"]:
        with turn(making, lambda behind: writer.record(Waiting(behind=behind)), at=run.exports / ".line") as ours:
            if not ours:
                return "stopped"
            writer.record(Started.here())
            _clear(run, key)
            make(partial(writer.show, phase="export", title="Getting ready"))
        return "finished"

    return be_worker(JobWriter(making), carry_out)


def _clear(run: Run, key: str) -> None:
    """Remove what a killed worker left half made; the command line may be making the same format at this moment."""
    for folder in run.exports.glob(f".making-{key}-*"):
        if time.time() - folder.stat().st_mtime > LEFT_SECONDS:
            remove_tree(folder)
