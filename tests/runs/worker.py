"""A worker that does everything but train: `python -m tests.runs.worker work RUN [EPOCHS SECONDS]`.

Like the real one it keeps a checkpoint after each epoch, and goes on from there.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tests.runs.logs import epoch
from tlcore.files import write_bytes
from tlcore.jobs.events import Waiting
from tlcore.jobs.queue import turn
from tlcore.runs.events import Ended, PhaseStarted, Resumed, Started
from tlcore.runs.exporting import DOWNLOADS, Making, work
from tlcore.runs.recorder import Recorder
from tlcore.runs.run import Run

EPOCHS, SECONDS = os.environ.get("GRAFT_TEST_EPOCHS", "1000"), os.environ.get("GRAFT_TEST_SECONDS", "0.05")


def main(path: str, epochs: str = EPOCHS, seconds: str = SECONDS) -> None:
    run = Run(Path(path))
    kept = run.checkpoint / "epoch"
    with Recorder(run) as recorder, turn(run, lambda behind: recorder.record(Waiting(behind=behind))) as ours:
        if not ours:
            recorder.record(Ended(state=run.asked() or "stopped"))
            return
        first = 1 + (int(kept.read_text()) if kept.exists() else 0)
        if kept.exists():
            recorder.record(Resumed(pid=os.getpid(), epoch=first))
        else:
            recorder.record(Started(pid=os.getpid()))
            recorder.record(PhaseStarted(phase="head", title="Head", epochs=int(epochs), first_epoch=1))
        for number in range(first, int(epochs) + 1):
            time.sleep(float(seconds))
            if how := run.asked():
                recorder.record(Ended(state=how))
                return
            recorder.record(epoch(number))
            write_bytes(kept, str(number).encode())
        downloads = Making(run, DOWNLOADS)
        downloads.prepare()
        work(downloads, lambda report: recorder.end("finished"))


if __name__ == "__main__":
    main(*sys.argv[2:])
