"""The line of runs on this machine: one trains, the others wait for their turn, in the order of their arrival until
somebody moves one of them.

It knows tickets: files in a folder that all workspaces of a user share, each locked as long as its owner lives. A
killed owner's ticket is free, and whoever comes by throws it away. A ticket says whose it is and only its owner writes
it; the order that somebody asked for is a file of its own. Everything is read and written behind a gate, by one at a
time. It does not know what is done in a turn.
"""

from __future__ import annotations

import getpass
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tlcore.errors import RunError
from tlcore.files import write_json
from tlcore.runs import locks
from tlcore.runs.events import now
from tlcore.runs.run import Run

POLL_SECONDS = 0.25
GATE_SECONDS = 30.0
ORDER = "order.json"


class Ticket(BaseModel):
    """What stands in a ticket.

    Attributes:
        run: The run's folder.
        since: When it came.
        has_turn: Whether it trains; nobody can be moved before it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    run: Path
    since: datetime = Field(default_factory=now)
    has_turn: bool = False


@dataclass(frozen=True)
class Place:
    """A place in the line; `position` 0 has its turn, 1 is next."""

    run: Run
    since: datetime
    position: int


def folder() -> Path:
    """Where the tickets are: `$GRAFT_QUEUE`, or a folder of this user's among the temporary files."""
    named = os.environ.get("GRAFT_QUEUE")
    return Path(named).expanduser() if named else Path(tempfile.gettempdir()) / f"graft-{getpass.getuser()}"


def line() -> tuple[Place, ...]:
    """Who stands in line on this machine, from all workspaces of this user; the one that trains first."""
    if not folder().is_dir():
        return ()
    try:
        with _gate(folder()):
            living = _living(folder())
    except OSError:
        return ()  # whoever only looks is not kept from the rest of the page by a folder that cannot be written
    return tuple(
        Place(Run(ticket.run), ticket.since, position)
        for position, (_, ticket) in enumerate(living, start=0 if living and _trains(living[0]) else 1)
        if ticket is not None
    )


def move(run: Run, position: int) -> None:
    """Move a waiting run to a position in the line: 1 is next, a number beyond the end is last.

    Raises:
        RunError: The run does not wait, or the position is below 1.
    """
    if position < 1:
        raise RunError(f"A position in the line counts from 1, the next. Received {position}.")
    at = folder()
    if at.is_dir():
        with _gate(at):
            waiting = [entry for entry in _living(at) if not _trains(entry)]
            mine = next((entry for entry in waiting if _is_of(entry, run)), None)
            if mine is not None:
                waiting.remove(mine)
                waiting.insert(position - 1, mine)
                write_json(at / ORDER, [path.stem for path, _ in waiting])
                return
    raise RunError(f"Only a run that waits in line can be moved. {run.name} is {run.state().state}.")


def cancel(run: Run) -> None:
    """Have a waiting run leave the line; it ends as stopped, before it began, and can be resumed.

    Raises:
        RunError: The run does not wait.
    """
    state = run.state().state
    if state != "waiting":
        also = " Stop or pause it instead." if state == "running" else ""
        raise RunError(f"Only a run that waits in line can be cancelled. {run.name} is {state}.{also}")
    run.stop()


@contextmanager
def turn(run: Run, on_wait: Callable[[int], None]) -> Iterator[bool]:
    """Wait until no run of this machine stands before this one, and keep the turn for the length of the block.

    Args:
        run: The run whose `stop` or `pause` file ends the waiting.
        on_wait: Told how many stand before this one, first when there are any, then whenever the number changes.

    Yields:
        Whether it is our turn; False when the run was asked to stop or to pause while it waited.
    """
    at = folder()
    try:
        at.mkdir(parents=True, exist_ok=True, mode=0o700)
        path, lock = _draw(at, Ticket(run=run.path.resolve()))
    except OSError as error:
        raise RunError(
            f"Runs wait for their turn in a folder that Graft can write. {at} cannot be used: {error.strerror}. "
            "Set GRAFT_QUEUE to another folder."
        ) from error
    try:
        yield _wait(path, run, on_wait)
    finally:
        # Unlinked while it is still ours: nobody can see a free ticket and take it for a dead one.
        path.unlink(missing_ok=True)
        lock.release()


def _wait(path: Path, run: Run, on_wait: Callable[[int], None]) -> bool:
    said = 0
    while not (run.stop_asked() or run.pause_asked()):
        behind = _step_up(path)
        if behind == 0:
            return True
        if behind != said:
            on_wait(behind)
            said = behind
        time.sleep(POLL_SECONDS)
    return False


def _draw(at: Path, ticket: Ticket) -> tuple[Path, FileLock]:
    """Take the next number. Behind the gate, so that nobody sees a ticket that is not locked yet."""
    with _gate(at):
        numbers = [int(path.stem) for path in _tickets(at)] + [int(stem) for stem in _order(at)]
        path = at / f"{max(numbers, default=0) + 1:012d}.ticket"
        lock = locks.take(path, timeout=1.0)
        path.write_text(ticket.model_dump_json())  # into the locked file: a new one beside it would have no lock
        return path, lock


def _step_up(path: Path) -> int:
    """Count the living in front of us; with nobody there, take the turn, so that nobody can be moved before us."""
    with _gate(path.parent):
        living = _living(path.parent)
        for behind, (other, ticket) in enumerate(living):
            if other == path:
                if behind == 0 and ticket is not None:
                    path.write_text(ticket.model_copy(update={"has_turn": True}).model_dump_json())
                return behind
        return len(living)  # somebody deleted our ticket: we are last


Entry = tuple[Path, Ticket | None]


def _living(at: Path) -> list[Entry]:
    """The tickets of the living in their order; those of the dead are thrown away. Call it behind the gate."""
    found: list[Entry] = []
    for path in _tickets(at):
        if locks.is_held(path):
            found.append((path, _read(path)))
        else:
            with suppress(FileNotFoundError):
                path.unlink()
    asked = {stem: place for place, stem in enumerate(_order(at))}
    # Who came after the last move stands behind all who were there.
    return sorted(found, key=lambda entry: (not _trains(entry), asked.get(entry[0].stem, len(asked)), entry[0].stem))


def _read(path: Path) -> Ticket | None:
    try:
        return Ticket.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None  # of another version: it keeps its place, but nobody knows whose it is


def _order(at: Path) -> list[str]:
    """The tickets as somebody wanted them; empty where nobody moved one."""
    try:
        stems = json.loads((at / ORDER).read_bytes())
    except (OSError, ValueError):
        return []
    return [stem for stem in stems if isinstance(stem, str) and stem.isdigit()] if isinstance(stems, list) else []


def _trains(entry: Entry) -> bool:
    return entry[1] is not None and entry[1].has_turn


def _is_of(entry: Entry, run: Run) -> bool:
    return entry[1] is not None and entry[1].run == run.path.resolve()


def _tickets(at: Path) -> list[Path]:
    return sorted(path for path in at.glob("*.ticket") if path.stem.isdigit())


def _gate(at: Path) -> FileLock:
    return FileLock(at / "gate", timeout=GATE_SECONDS, thread_local=False)
