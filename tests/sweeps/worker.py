"""The worker of a sweep whose runs are real processes that do not train: `python -m tests.sweeps.worker SWEEP`."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tlcore.runs.run import Run
from tlcore.sweeps import work


def launch(run: Run) -> None:
    command = [sys.executable, "-m", "tests.runs.worker", *run.command, "8", "0.15"]
    subprocess.Popen(command, start_new_session=True)
    while not run.events():
        time.sleep(0.02)


if __name__ == "__main__":
    work.launch = launch
    sys.exit(work.work(Path(sys.argv[1])))
