"""The line of runs on this machine: one trains, the others wait for their turn in the order of their arrival.

It knows tickets: files in a folder that all workspaces of a user share, each locked as long as its owner lives. A
killed owner's ticket is free, and whoever comes by throws it away. It does not know what is done in a turn.
"""

from __future__ import annotations

import getpass
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from tlcore.errors import RunError
from tlcore.runs import locks
from tlcore.runs.run import Run

POLL_SECONDS = 0.25
GATE_SECONDS = 30.0


def folder() -> Path:
    """Where the tickets are: `$GRAFT_QUEUE`, or a folder of this user's among the temporary files."""
    named = os.environ.get("GRAFT_QUEUE")
    return Path(named).expanduser() if named else Path(tempfile.gettempdir()) / f"graft-{getpass.getuser()}"


@contextmanager
def turn(run: Run, on_wait: Callable[[int], None]) -> Iterator[bool]:
    """Wait until no run of this machine stands before this one, and keep the turn for the length of the block.

    Args:
        run: The run whose `stop` file ends the waiting.
        on_wait: Told how many stand before this one, first when there are any, then whenever the number changes.

    Yields:
        Whether it is our turn; False when the run was asked to stop while it waited.
    """
    line = folder()
    try:
        line.mkdir(parents=True, exist_ok=True, mode=0o700)
        ticket, lock = _draw(line)
    except OSError as error:
        raise RunError(
            f"Runs wait for their turn in a folder that Graft can write. {line} cannot be used: {error.strerror}. "
            "Set GRAFT_QUEUE to another folder."
        ) from error
    try:
        yield _wait(line, ticket, run, on_wait)
    finally:
        # Unlinked while it is still ours: nobody can see a free ticket and take it for a dead one.
        ticket.unlink(missing_ok=True)
        lock.release()


def _wait(line: Path, ticket: Path, run: Run, on_wait: Callable[[int], None]) -> bool:
    said = 0
    while not run.stop_asked():
        behind = _before(line, ticket)
        if behind == 0:
            return True
        if behind != said:
            on_wait(behind)
            said = behind
        time.sleep(POLL_SECONDS)
    return False


def _draw(line: Path) -> tuple[Path, FileLock]:
    """Take the next number. Behind the gate, so that nobody sees a ticket that is not locked yet."""
    with _gate(line):
        last = max((int(path.stem) for path in _tickets(line)), default=0)
        ticket = line / f"{last + 1:012d}.ticket"
        return ticket, locks.take(ticket, timeout=1.0)


def _before(line: Path, ticket: Path) -> int:
    """Count the living in front of us; tickets of the dead are thrown away."""
    living = 0
    with _gate(line):
        for path in _tickets(line):
            if path.stem >= ticket.stem:
                continue
            if locks.is_held(path):
                living += 1
            else:
                with suppress(FileNotFoundError):
                    path.unlink()
    return living


def _tickets(line: Path) -> list[Path]:
    return sorted(path for path in line.glob("*.ticket") if path.stem.isdigit())


def _gate(line: Path) -> FileLock:
    return FileLock(line / "gate", timeout=GATE_SECONDS, thread_local=False)
