"""The one place where the worker of a sweep is started.

It knows processes. It does not know what the worker does.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time

from tlcore.errors import RunError
from tlcore.runs.launch import START_SECONDS, worker_environment
from tlcore.sweeps.sweep import Sweep


def launch_sweep(sweep: Sweep) -> None:
    """Start the worker of a sweep, new or interrupted, and return when it has begun; it outlives this process.

    Raises:
        RunError: The sweep has a worker already, or the worker died before it began.
    """
    if sweep.alive():
        raise RunError(f"A sweep has one worker. {sweep.id} is under way already. Wait for it, or stop it.")
    already_there = len(sweep.events())
    sweep.stop_file.unlink(missing_ok=True)
    # A session of its own: neither Ctrl-C in the server's terminal nor its end reaches the worker.
    with sweep.worker_log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tlcore", "sweep-work", str(sweep.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=worker_environment(),
        )
    # Reaped, or it stays a zombie as long as the server lives.
    threading.Thread(target=process.wait, name=f"reaper of {sweep.id}", daemon=True).start()
    deadline = time.monotonic() + START_SECONDS
    while len(sweep.events()) == already_there:
        if process.poll() is not None and len(sweep.events()) == already_there:
            said = f" The last lines of its log: {tail}" if (tail := sweep.log(last_lines=5)) else ""
            raise RunError(f"The worker of {sweep.id} ended before it began (exit code {process.returncode}).{said}")
        if time.monotonic() > deadline:
            process.kill()
            raise RunError(
                f"A worker should begin within {START_SECONDS:.0f} seconds. This one did not and was ended. "
                f"Look at {sweep.worker_log}."
            )
        time.sleep(0.02)
