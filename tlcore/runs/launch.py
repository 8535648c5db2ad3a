"""The one place where a worker is started; a cluster would be another one.

It knows processes. It does not know what the worker does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import tlcore
from tlcore.errors import GraftError, RunError
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

START_SECONDS = 60.0
LEAVING_SECONDS = 30.0
WORKER = (sys.executable, "-m", "tlcore", "work")


def launch(run: Run) -> None:
    """Start the worker of a run and return when it has its lock; it outlives this process.

    Raises:
        RunError: The run has a worker already, or the worker died before it had its lock.
    """
    if run.alive():
        raise RunError(f"A run has one worker. {run.name} is under way already. Wait for it, or stop it.")
    already_there = len(run.events())
    if already_there:  # a run that is taken up again; a fresh one may have been asked to stop a moment ago
        run.stop_file.unlink(missing_ok=True)
        run.pause_file.unlink(missing_ok=True)
    # The lock says that there is a worker. A run that is taken up has an end in its log, which counts until the worker
    # has said its first word; a quick one is done, or has failed with a reason, before we looked.
    start_worker(
        [*WORKER, str(run.path)],
        run.worker_log,
        lambda: (run.alive() and not already_there) or len(run.events()) > already_there,
        what=f"the run {run.id}",
    )


def start_worker(
    command: Sequence[str],
    log: Path,
    begun: Callable[[], bool],
    *,
    what: str,
    fault: type[GraftError] = RunError,
    workspace: Workspace | None = None,
) -> None:
    """Start a process that outlives this one, and return when it has `begun`, which it says by a file.

    `what` it is about stands in the message of `fault`.

    Raises:
        GraftError: A `fault`: the worker died before it began, or did not begin in time and was ended.
    """
    # Popen and not multiprocessing: a fork of a threaded server makes TensorFlow hang. A session of its own: neither
    # Ctrl-C in the server's terminal nor its end reaches the worker.
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=worker_environment(workspace),
        )
    # Reaped, or it stays a zombie as long as the server lives.
    threading.Thread(target=process.wait, name=f"reaper of {what}", daemon=True).start()
    deadline = time.monotonic() + START_SECONDS
    while not begun():
        if process.poll() is not None and not begun():
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            said = f" The last lines of its log: {tail}" if tail else ""
            raise fault(f"The worker of {what} ended before it began (exit code {process.returncode}).{said}")
        if time.monotonic() > deadline:
            process.kill()
            raise fault(
                f"A worker should begin within {START_SECONDS:.0f} seconds. This one did not and was ended. Look at "
                f"{log}."
            )
        time.sleep(0.02)


def resume(run: Run) -> None:
    """Have a worker take up a run that was paused, stopped or cut short; it goes on after the last epoch kept.

    Raises:
        RunError: The run is under way or finished, nothing was kept of it, or the worker died before it began.
    """
    state = run.state()
    if state.live:
        raise RunError(f"Only a run that is over can be resumed. {run.name} is {state.state}. Wait for it.")
    if state.state == "finished":
        raise RunError(
            f"Only a run that was cut short can be resumed. {run.name} is finished. Repeat it with more epochs."
        )
    if state.state != "created" and not run.resumable(state):
        raise RunError(
            f"Resuming needs what the run had learnt when it ended. The folder {run.checkpoint} of {run.name} is "
            "gone. Repeat the run."
        )
    deadline = time.monotonic() + LEAVING_SECONDS
    while run.alive() and time.monotonic() < deadline:
        time.sleep(0.02)  # it has said its last word, and is about to go
    launch(run)


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
