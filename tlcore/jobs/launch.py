"""Starts the worker of a job. Only this module starts workers; a cluster would be another such module.

It knows processes. It does not know what the worker does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import tlcore
from tlcore.disk import fullness
from tlcore.jobs.job import Job
from tlcore.workspace import Workspace

START_SECONDS = 60.0
PROGRAM = (sys.executable, "-m", "tlcore")


def launch(job: Job[Any, Any], workspace: Workspace | None = None) -> None:
    """Start the worker of a job, new or cut short, and return when it has begun; it outlives this process.

    Raises:
        GraftError: The job's `fault`: it has a worker already, cannot begin, or its worker died before it began.
    """
    if job.alive():
        raise job.taken()
    job.prepare()
    already_there = len(job.events())
    if job.state().state != "created":  # a new job may have been asked to stop a moment ago
        job.stop_file.unlink(missing_ok=True)
        job.pause_file.unlink(missing_ok=True)
    # Popen and not multiprocessing: a fork of a threaded server makes TensorFlow hang. A session of its own: neither
    # Ctrl-C in the server's terminal nor its end reaches the worker.
    with job.worker_log.open("ab") as output:
        process = subprocess.Popen(
            [*PROGRAM, *job.command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=worker_environment(workspace),
        )
    # Reaped, or it stays a zombie as long as the server lives.
    threading.Thread(target=process.wait, name=f"reaper of {job.title}", daemon=True).start()
    deadline = time.monotonic() + START_SECONDS
    # Its first word, and not its lock, says that it has begun: until then an end that is in the log counts.
    while len(job.events()) <= already_there:
        if process.poll() is not None and len(job.events()) <= already_there:
            tail = job.log(last_lines=5)
            said = f" The last lines of its log: {tail}" if tail else f" {fullness(job.path)}".rstrip()
            raise job.fault(f"The worker of {job.title} ended before it began (exit code {process.returncode}).{said}")
        if time.monotonic() > deadline:
            process.kill()
            raise job.fault(
                f"A worker should begin within {START_SECONDS:.0f} seconds. This one did not and was ended. Look at "
                f"{job.worker_log}."
            )
        time.sleep(0.02)


def worker_environment(workspace: Workspace | None = None) -> dict[str, str]:
    """Our own, so that the worker finds this library and this workspace from whatever folder it is started."""
    root = str(Path(tlcore.__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
        "GRAFT_HOME": str((workspace or Workspace.default()).root),
    }
