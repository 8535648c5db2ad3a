"""A worker that does everything but train: `python -m tests.runs.worker RUN EPOCHS SECONDS`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tests.runs.logs import epoch
from tlcore.runs.events import Ended, Started, Waiting
from tlcore.runs.queue import turn
from tlcore.runs.recorder import Recorder
from tlcore.runs.run import Run


def main(path: str, epochs: str, seconds: str) -> None:
    run = Run(Path(path))
    with Recorder(run) as recorder, turn(run, lambda behind: recorder.record(Waiting(behind=behind))) as ours:
        if not ours:
            recorder.record(Ended(state="stopped"))
            return
        recorder.record(Started(pid=os.getpid()))
        for number in range(1, int(epochs) + 1):
            time.sleep(float(seconds))
            if run.stop_asked():
                recorder.record(Ended(state="stopped"))
                return
            recorder.record(epoch(number))
        recorder.record(Ended(state="finished"))


if __name__ == "__main__":
    main(*sys.argv[1:])
