"""Looking at runs whose workers are other processes."""

from __future__ import annotations

import time
from collections.abc import Callable

from tlcore.runs.run import Run


def until(run: Run, is_so: Callable[[Run], bool], *, seconds: float = 30.0) -> float:
    """Wait until something is so; how many seconds that took."""
    began = time.monotonic()
    while not is_so(run):
        assert time.monotonic() - began < seconds, f"{run.state()} after {seconds} s\n{run.log()}"
        time.sleep(0.05)  # a look reads the whole log: more often would slow what is looked at
    return time.monotonic() - began


def state_is(*states: str) -> Callable[[Run], bool]:
    return lambda run: run.state().state in states
