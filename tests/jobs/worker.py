"""The worker of any kind of job, which does nothing until it is asked to end: `python -m tests.jobs.worker COMMAND …`.

When there is a file `done` in the job's folder, it has finished.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.jobs.conftest import KINDS
from tlcore.data.dataset import Dataset
from tlcore.evaluation.error_analysis.files import Understanding
from tlcore.health.check import Check
from tlcore.jobs.writer import work
from tlcore.progress import Progress
from tlcore.runs.exporting import Making
from tlcore.runs.run import Run
from tlcore.sweeps.sweep import Sweep

JOBS = {
    "work": ("run", Run),
    "check-work": ("check", lambda folder: Check(Dataset(folder))),
    "sweep-work": ("sweep", Sweep),
    "understand-work": ("error analysis", lambda folder: Understanding(Run(folder))),
    "export-work": ("export", lambda folder, key, check: Making(Run(folder), key, check)),
}


def main(command: str, folder: str, *more: str) -> int:
    name, opened = JOBS[command]
    job, kind = opened(Path(folder), *more), KINDS[name]

    def carry_out(writer):
        writer.record(kind.starts())
        while not (job.path / "done").exists():
            writer.show(Progress(3, 10), phase="wait", title="Waiting for the test")
            time.sleep(0.02)
        return "finished"

    return work(kind.writer(job), carry_out)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
