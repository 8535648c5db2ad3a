"""Analyzes the errors of a run in a process of its own.

It knows how the work begins and ends. It does not know what is looked at.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Literal

from tlcore.evaluation.error_analysis.files import Outcome, Understanding
from tlcore.files import write_json
from tlcore.jobs.events import Event, Started
from tlcore.jobs.writer import JobWriter
from tlcore.jobs.writer import work as be_worker
from tlcore.progress import drain
from tlcore.runs.run import Run
from tlcore.workspace import Workspace


def work(folder: Path) -> int:
    """Analyze a run and give the exit code: 0 when it was done or stopped, 1 when it failed."""
    understanding = Understanding(Run(folder))
    return be_worker(JobWriter(understanding), partial(_carry_out, understanding))


def _carry_out(understanding: Understanding, writer: JobWriter[Event]) -> Literal["finished"]:
    from tlcore.evaluation.error_analysis.run import understand

    began = time.monotonic()
    writer.record(Started.here())
    understanding.outcome_file.unlink(missing_ok=True)
    show = partial(writer.show, phase="understand", title="Looking closer")
    notes = drain(understand(understanding.run, Workspace.default()), show)
    write_json(understanding.outcome_file, Outcome(seconds=time.monotonic() - began, notes=notes))
    return "finished"
