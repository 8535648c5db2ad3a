"""A format in the making: the worker that is at it says how far it is, and whoever looks reads that.

It knows the files `exports/.<format>.lock`, `.json`, `.log` and `.stop`, and `exports/.turn.lock`: one format of a run
is made at a time, the others wait, for a converter holds the model several times over and what it measures would be
another's work. It does not know how a format is made.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict

from tlcore.data.progress import Progress
from tlcore.errors import ExportError, GraftError, WorkspaceError
from tlcore.files import read_json, remove_tree, write_json
from tlcore.runs import locks
from tlcore.runs.launch import start_worker
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

LOCK_SECONDS = 2.0
SECONDS_BETWEEN_REPORTS = 0.5
LEFT_SECONDS = 3600.0
WAITING = "Waiting for its turn"


class StoppedError(ExportError):
    """Somebody asked to stop; nothing is wrong."""


class _Said(BaseModel):
    """What the worker writes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    since: float
    done: int = 0
    total: int = 0
    note: str = ""
    error: str = ""


@dataclass(frozen=True)
class Making:
    """How far a format is.

    Attributes:
        seconds: Since it was begun, or since its turn came.
        done, total: Test pictures that were answered, of how many; 0 of 0 while that is not known.
        note: What is being done.
        error: Why there is no file, in a sentence; empty while it is in the making.
        stopping: Somebody asked to stop it.
    """

    key: str
    seconds: float
    done: int
    total: int
    note: str
    error: str
    stopping: bool = False

    @property
    def waiting(self) -> bool:
        """Whether another format of the run is made before it."""
        return self.note == WAITING


def begin(run: Run, key: str, workspace: Workspace | None = None) -> None:
    """Have a format made by a process of its own, and return when it has begun; it outlives this one.

    Raises:
        ExportError: It is in the making already, or the worker died before it began.
    """
    lock, said, log, stop_file = _files(run, key)
    if locks.is_held(lock):
        raise ExportError(f"'{key}' is being made already. Wait for it.")
    run.exports.mkdir(exist_ok=True)
    for left in (said, log, stop_file):
        left.unlink(missing_ok=True)
    start_worker(
        [sys.executable, "-m", "tlcore", "export-work", str(run.path.absolute()), key],
        log,
        said.exists,
        what=f"the format '{key}' of {run.id}",
        fault=ExportError,
        workspace=workspace,
    )


def making(run: Run) -> tuple[Making, ...]:
    """The formats that are in the making, and those of which nothing came."""
    found = []
    for path in sorted(run.exports.glob(".[!.]*.json")):  # two dots begin a file that is being written
        key = path.name.removeprefix(".").removesuffix(".json")
        lock, said_file, _, stop_file = _files(run, key)
        # Looked at before and after: whoever ends or begins in between is not taken for dead.
        alive = locks.is_held(lock)
        try:
            said = read_json(said_file, _Said)
        except WorkspaceError:  # gone this moment: it is made
            continue
        alive = alive or locks.is_held(lock)
        vanished = (
            "" if alive else said.error or "Its worker ended without a word: out of memory, or killed. Try again."
        )
        seconds, stopping = max(0.0, time.time() - said.since), stop_file.exists()
        found.append(Making(key, seconds, said.done, said.total, said.note, vanished, stopping))
    return tuple(found)


def stop(run: Run, key: str) -> None:
    """Ask the worker of a format to leave; it does within a second, or when what it is converting is converted."""
    _files(run, key)[3].touch()


def forget(run: Run, key: str) -> None:
    """Speak no more of what failed."""
    _files(run, key)[1].unlink(missing_ok=True)


@contextmanager
def at_work(run: Run, key: str) -> Iterator[Callable[[Progress], None]]:
    """Be the worker that makes a format: gives what is told how far it is; a fault is written down and raised.

    Raises:
        ExportError: Another one is at it.
    """
    run.exports.mkdir(exist_ok=True)
    lock_file, said, _, stop_file = _files(run, key)
    try:
        lock = locks.take(lock_file, timeout=LOCK_SECONDS)
    except Timeout as error:
        raise ExportError(f"'{key}' is being made already. Wait for it.") from error
    since, last = time.time(), float("-inf")

    def report(step: Progress) -> None:
        nonlocal last
        if stop_file.exists():
            raise StoppedError(f"Making '{key}' was stopped.")
        if time.monotonic() - last >= SECONDS_BETWEEN_REPORTS:
            last = time.monotonic()
            write_json(said, _Said(since=since, done=step.done, total=step.total, note=step.note))

    turn = FileLock(run.exports / ".turn.lock", thread_local=False)
    try:
        report(Progress(0, 0, note=WAITING))
        while not _has_turn(turn, run, key, since):
            report(Progress(0, 0, note=WAITING))
        _clear(run, key)
        since, last = time.time(), float("-inf")
        report(Progress(0, 0, note="Getting ready"))
        yield report
        said.unlink(missing_ok=True)
    except StoppedError:
        said.unlink(missing_ok=True)
        raise
    except BaseException as error:
        sentence = str(error) if isinstance(error, GraftError) else f"A fault that was not expected ({error!r:.300})."
        write_json(said, _Said(since=since, error=sentence))
        raise
    finally:
        stop_file.unlink(missing_ok=True)
        turn.release()
        lock.release()


def _has_turn(turn: FileLock, run: Run, key: str, since: float) -> bool:
    """Take the turn when nobody has it and nobody who waits came before; whether it is ours after half a second."""
    others = [each for each in making(run) if each.waiting and not each.error and each.key != key]
    if any(time.time() - each.seconds < since for each in others):
        time.sleep(SECONDS_BETWEEN_REPORTS)
        return False
    try:
        turn.acquire(timeout=SECONDS_BETWEEN_REPORTS)
    except Timeout:
        return False
    return True


def _clear(run: Run, key: str) -> None:
    """Remove what a killed worker left half made; the command line may be making the same format at this moment."""
    for folder in run.exports.glob(f".making-{key}-*"):
        if time.time() - folder.stat().st_mtime > LEFT_SECONDS:
            remove_tree(folder)


def _files(run: Run, key: str) -> tuple[Path, Path, Path, Path]:
    lock, said, log, stop_file = (run.exports / f".{key}.{kind}" for kind in ("lock", "json", "log", "stop"))
    return lock, said, log, stop_file
