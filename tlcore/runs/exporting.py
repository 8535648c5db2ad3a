"""The job that exports a run in one format, or in all those that every run has: its downloads.

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
from tlcore.runs.formats import FORMATS, WITH_RUN
from tlcore.runs.manifest import Check
from tlcore.runs.run import Run

LEFT_SECONDS = 3600.0
DOWNLOADS = "downloads"


@dataclass(frozen=True)
class Making(Job[Event, JobState]):
    """The making of one format of a run, or of its downloads.

    Attributes:
        key: Of the format; `DOWNLOADS` for those that every run has.
        check: On which of the test items each file is checked.
    """

    fault = ExportError
    again = "Try again."

    run: Run
    key: str
    check: Check = "sample"

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
    def formats(self) -> tuple[str, ...]:
        """The keys of the formats that are made."""
        return WITH_RUN if self.key == DOWNLOADS else (self.key,)

    @property
    def command(self) -> tuple[str, ...]:
        return ("export-work", str(self.run.path.absolute()), self.key, self.check)

    def prepare(self) -> None:
        """Make the folder, and forget the worker before."""
        self.path.mkdir(exist_ok=True)
        self.delete()

    def delete(self) -> None:
        """Forget the worker; the formats that are made stay."""
        for left in (self.events_file, self.worker_log, self.stop_file):
            left.unlink(missing_ok=True)


def under_way(run: Run) -> dict[str, JobState]:
    """What is in the making, and that of which nothing came, by key: a format's, or `DOWNLOADS`."""
    states = {key: Making(run, key).state() for key in (*FORMATS, DOWNLOADS)} if run.exports.is_dir() else {}
    return {key: state for key, state in states.items() if state.live or state.state == "failed"}


def work(making: Making, make: Callable[[Callable[[Progress], None]], object]) -> int:
    """Be the worker that makes what is asked for, when its turn has come, and give the exit code.

    `make` makes it, and is given what is told how far it is.
    """
    run = making.run

    def carry_out(writer: JobWriter[Event]) -> Literal["finished", "stopped"]:
        with turn(making, lambda behind: writer.record(Waiting(behind=behind)), at=run.exports / ".line") as ours:
            if not ours:
                return "stopped"
            writer.record(Started.here())
            for key in making.formats:
                _clear(run, key)
            make(partial(writer.show, phase="export", title="Getting ready"))
        return "finished"

    return be_worker(JobWriter(making), carry_out)


def _clear(run: Run, key: str) -> None:
    """Remove what a killed worker left half made; the command line may be making the same format at this moment."""
    for folder in run.exports.glob(f".making-{key}-*"):
        if time.time() - folder.stat().st_mtime > LEFT_SECONDS:
            remove_tree(folder)
