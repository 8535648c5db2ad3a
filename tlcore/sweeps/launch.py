"""The one place where the worker of a sweep is started.

It knows processes. It does not know what the worker does.
"""

from __future__ import annotations

import sys

from tlcore.errors import RunError
from tlcore.runs.launch import start_worker
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
    command = [sys.executable, "-m", "tlcore", "sweep-work", str(sweep.path)]
    start_worker(command, sweep.worker_log, lambda: len(sweep.events()) > already_there, what=f"the sweep {sweep.id}")
