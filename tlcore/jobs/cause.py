"""Finds out why a worker ended: the machine restarted, the kernel killed it to free memory, or it crashed.

It knows the machine's boot time and the kernel's count of processes killed for want of memory. It does not know jobs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import psutil

# The clock may be set while the machine runs, which moves the boot time that the system computes from it.
BOOT_TIME_SLACK_SECONDS = 60.0


class Machine(Protocol):
    """The machine as it was when a worker began; None where that was not written down."""

    @property
    def boot_time(self) -> float | None: ...

    @property
    def oom_kills(self) -> int | None: ...


def oom_kills() -> int | None:
    """Processes that the kernel has killed for want of memory; None where it does not say (macOS)."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return None
    counts = dict(line.split() for line in lines if len(line.split()) == 2)
    return int(counts["oom_kill"]) if "oom_kill" in counts else None


def likely_cause(then: Machine | None, *, needs_less: str) -> str:
    """Say in a sentence why a worker on this machine ended; `needs_less` says what needs less memory."""
    if then is None:
        return "The worker ended while it was starting. The end of its log may say more."
    if then.boot_time is not None and psutil.boot_time() - then.boot_time > BOOT_TIME_SLACK_SECONDS:
        return "The machine was restarted before the work was done."
    kills = oom_kills()
    if kills is not None and then.oom_kills is not None and kills > then.oom_kills:
        return f"The worker was killed, most likely because the machine ran out of memory. {needs_less}"
    return "The worker was killed, or it crashed, before it could say why. The end of its log may say more."
