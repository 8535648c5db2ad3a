"""File locks that show which processes are alive: the kernel releases them even after `kill -9`.

It knows lock files. It does not know what they guard.
"""

from __future__ import annotations

import fcntl
from pathlib import Path

from filelock import FileLock


def take(path: Path, *, timeout: float) -> FileLock:
    """Take the lock or raise `filelock.Timeout` after `timeout` seconds. Keep the result: it is the lock."""
    # Not thread-local: whoever holds the object may release it.
    lock = FileLock(path, thread_local=False)
    lock.acquire(timeout=timeout, poll_interval=0.01)
    return lock


def is_held(path: Path) -> bool:
    """Say whether a living process holds the lock.

    The look is a *shared* lock for an instant: two pages that look at once do not see each other as the holder.
    """
    try:
        with path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
