"""The one place where the worker of a check is started.

It knows processes. It does not know what the worker does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

from tlcore.data.dataset import Dataset
from tlcore.errors import DataError
from tlcore.health.check import Check
from tlcore.runs.launch import START_SECONDS, worker_environment
from tlcore.workspace import Workspace


def launch_check(workspace: Workspace, dataset: Dataset) -> Check:
    """Start the check of a dataset in a process of its own and return when it has begun; it outlives this process.

    Raises:
        DataError: The dataset is being checked already, or the worker died before it began.
    """
    check = Check(dataset)
    if check.alive():
        raise DataError(
            f"A dataset is checked by one worker. {dataset.info.name} is being checked already. Wait for it, or stop "
            "the check."
        )
    already_there = len(check.events())
    check.path.mkdir(parents=True, exist_ok=True)
    check.stop_file.unlink(missing_ok=True)
    # A session of its own: neither Ctrl-C in the server's terminal nor its end reaches the worker.
    with check.worker_log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tlcore", "check-work", str(dataset.path.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**worker_environment(), "GRAFT_HOME": os.fspath(workspace.root)},
        )
    # Reaped, or it stays a zombie as long as the server lives.
    threading.Thread(target=process.wait, name=f"reaper of a check of {dataset.id}", daemon=True).start()
    deadline = time.monotonic() + START_SECONDS
    while len(check.events()) == already_there:
        if process.poll() is not None and len(check.events()) == already_there:
            said = f" The last lines of its log: {tail}" if (tail := check.log(last_lines=5)) else ""
            raise DataError(
                f"The worker that checks {dataset.id} ended before it began (exit code {process.returncode}).{said}"
            )
        if time.monotonic() > deadline:
            process.kill()
            raise DataError(
                f"A worker should begin within {START_SECONDS:.0f} seconds. This one did not and was ended. "
                f"Look at {check.worker_log}."
            )
        time.sleep(0.02)
    return check
