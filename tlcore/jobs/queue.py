"""Queues of jobs: one job works; the others wait in the order of arrival, unless somebody moves one or has it begin.

It knows tickets: files in a folder, each locked as long as its owner lives. A killed owner's ticket is free, and
whoever comes by throws it away. A ticket says whose it is and only its owner writes it; what somebody else asks for,
an order or a begin beside the job that works, is a file of its own. Everything is read and written behind a gate, by
one at a time. It does not know what is done in a turn. The line of the machine is one for all workspaces of a user; a
kind of job may have lines elsewhere.
"""

from __future__ import annotations

import getpass
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tlcore.disk import expanded
from tlcore.files import write_json
from tlcore.jobs import locks
from tlcore.jobs.events import now
from tlcore.jobs.job import Job

POLL_SECONDS = 0.25
GATE_SECONDS = 30.0
ORDER = "order.json"


class Ticket(BaseModel):
    """The content of a ticket.

    Attributes:
        path: The job's folder; the file says `run`, as it always did.
        since: When it came.
        has_turn: Whether it works; nobody can be moved before it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", serialize_by_alias=True)

    schema_version: int = 1
    path: Path = Field(alias="run")
    since: datetime = Field(default_factory=now)
    has_turn: bool = False


@dataclass(frozen=True)
class Place:
    """A place in the line: the folder of the job; `position` 0 has its turn, perhaps beside another, 1 is next."""

    path: Path
    since: datetime
    position: int


def folder() -> Path:
    """Return the folder of this machine's tickets: `$GRAFT_QUEUE`, or one of this user's temporary folders."""
    named = os.environ.get("GRAFT_QUEUE")
    return expanded(Path(named)) if named else Path(tempfile.gettempdir()) / f"graft-{getpass.getuser()}"


def line() -> tuple[Place, ...]:
    """List the queue of this machine over all workspaces of this user, the working job first."""
    if not folder().is_dir():
        return ()
    try:
        with _gate(folder()):
            living = _living(folder())
    except OSError:
        return ()  # whoever only looks is not kept from the rest of the page by a folder that cannot be written
    working = sum(map(_works, living))
    return tuple(
        Place(ticket.path, ticket.since, max(0, number - working))
        for number, (_, ticket) in enumerate(living, start=1)
        if ticket is not None
    )


def move(job: Job[Any, Any], position: int) -> None:
    """Move a waiting job to a position in the line of this machine: 1 is next, a number beyond the end is last.

    Raises:
        GraftError: The job's `fault`: it does not wait, or the position is below 1.
    """
    if position < 1:
        raise job.fault(f"A position in the line counts from 1, the next. Received {position}.")
    at = folder()
    if at.is_dir():
        with _gate(at):
            waiting = _waiting(at)
            mine = next((entry for entry in waiting if _is_of(entry, job)), None)
            if mine is not None:
                waiting.remove(mine)
                waiting.insert(position - 1, mine)
                write_json(at / ORDER, [path.stem for path, _ in waiting])
                return
    raise job.fault(f"Only what waits in line can be moved, and {job.title} is {job.state().state}.")


def begin_beside(job: Job[Any, Any]) -> None:
    """Have a waiting job begin now, beside the one that works; both share the machine.

    Raises:
        GraftError: The job's `fault`: it does not wait.
    """
    at = folder()
    if at.is_dir():
        with _gate(at):
            mine = next((path for path, ticket in _waiting(at) if _is_of((path, ticket), job)), None)
            if mine is not None:
                _beside(mine).touch()
                return
    raise job.fault(f"Only what waits in line can begin beside another, and {job.title} is {job.state().state}.")


def cancel(job: Job[Any, Any]) -> None:
    """Have a waiting job leave the line; it ends as stopped, before it began.

    Raises:
        GraftError: The job's `fault`: it does not wait.
    """
    state = job.state().state
    if state != "waiting":
        also = " Stop or pause it instead." if state == "running" else ""
        raise job.fault(f"Only what waits in line can be cancelled, and {job.title} is {state}.{also}")
    job.stop()


@contextmanager
def turn(job: Job[Any, Any], on_wait: Callable[[int], None], *, at: Path | None = None) -> Iterator[bool]:
    """Wait until no job is ahead of this one, and keep the turn until the block ends.

    Args:
        job: What waits; it ends the waiting when it is asked to stop or to pause.
        on_wait: Told how many stand before this one, first when there are any, then whenever the number changes.
        at: The folder of the line; that of this machine where not given.

    Yields:
        Whether it is our turn; False when the job was asked to end while it waited.
    """
    at = at or folder()
    try:
        at.mkdir(parents=True, exist_ok=True, mode=0o700)
        path, lock = _draw(at, Ticket(run=job.path.resolve()))
    except OSError as error:
        raise job.fault(
            f"Jobs wait for their turn in a folder that Graft can write. {at} cannot be used: {error.strerror}. "
            "Set GRAFT_QUEUE to another folder."
        ) from error
    try:
        yield _wait(path, job, on_wait)
    finally:
        # Unlinked while it is still ours: nobody can see a free ticket and take it for a dead one.
        path.unlink(missing_ok=True)
        _beside(path).unlink(missing_ok=True)
        lock.release()


def _wait(path: Path, job: Job[Any, Any], on_wait: Callable[[int], None]) -> bool:
    said = 0
    while not job.asked():
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
    """Count the living in front of us; with nobody there, or asked to begin, take the turn: nobody is moved before."""
    with _gate(path.parent):
        living = _living(path.parent)
        for behind, (other, ticket) in enumerate(living):
            if other == path:
                begins = behind == 0 or _beside(path).exists()
                if begins and ticket is not None:
                    path.write_text(ticket.model_copy(update={"has_turn": True}).model_dump_json())
                return 0 if begins else behind
        return len(living)  # somebody deleted our ticket: we are last


Entry = tuple[Path, Ticket | None]


def _living(at: Path) -> list[Entry]:
    """The tickets of the living in their order; those of the dead are thrown away. Call it behind the gate."""
    found: list[Entry] = []
    for path in _tickets(at):
        if locks.is_held(path):
            found.append((path, _read(path)))
        else:
            _beside(path).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
    asked = {stem: place for place, stem in enumerate(_order(at))}
    # Who came after the last move stands behind all who were there.
    return sorted(found, key=lambda entry: (not _works(entry), asked.get(entry[0].stem, len(asked)), entry[0].stem))


def _waiting(at: Path) -> list[Entry]:
    return [entry for entry in _living(at) if not _works(entry)]


def _beside(ticket: Path) -> Path:
    """There while somebody wants the owner of that ticket to begin beside the one that works."""
    return ticket.with_suffix(".beside")


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


def _works(entry: Entry) -> bool:
    return entry[1] is not None and entry[1].has_turn


def _is_of(entry: Entry, job: Job[Any, Any]) -> bool:
    return entry[1] is not None and entry[1].path == job.path.resolve()


def _tickets(at: Path) -> list[Path]:
    return sorted(path for path in at.glob("*.ticket") if path.stem.isdigit())


def _gate(at: Path) -> FileLock:
    return FileLock(at / "gate", timeout=GATE_SECONDS, thread_local=False)
