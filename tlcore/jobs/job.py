"""A job: a handle on the folder of one worker.

It knows the names of the files that every job has and how to read them. It does not know what the work is; the worker
writes them (`writer`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from tlcore.disk import fullness
from tlcore.errors import GraftError
from tlcore.files import read_lines, remove_tree, write_bytes
from tlcore.jobs import locks
from tlcore.jobs.cause import Machine, likely_cause
from tlcore.jobs.events import EVENTS, Ended, EndedEvent, JobEvent, StartedEvent, parse
from tlcore.jobs.progress import Progress
from tlcore.jobs.state import OVER, Asked, JobState, fold, settle

LOG_TAIL_BYTES = 1 << 18
STARTING_SECONDS = 2.0

AnyEvent = TypeVar("AnyEvent", bound=JobEvent)
AnyState = TypeVar("AnyState", bound=JobState)


class Job(Generic[AnyEvent, AnyState]):
    """A handle: nothing is read before it is asked for, and nothing is kept. A kind of job says what is its own.

    Attributes:
        path: The folder, made or not.
        title: What the work is, in the middle of a sentence: `the run shapes`.
        command: Makes this process the job's worker: the arguments after `python -m tlcore`.
        fault: The class of its errors.
        events_of: Reads a line of its log.
        ended: The event with which its worker ends.
        nothing: Its state before the first event.
        again: What to do when the worker failed or vanished; empty where the state says so itself.
        needs_less: What to do when the machine has too little memory.
    """

    fault: ClassVar[type[GraftError]]
    events_of: ClassVar[TypeAdapter[Any]] = EVENTS
    ended: ClassVar[type[EndedEvent]] = Ended
    nothing: ClassVar[JobState] = JobState()
    again: ClassVar[str] = ""
    needs_less: ClassVar[str] = "Close other programs."

    if TYPE_CHECKING:

        @property
        def path(self) -> Path: ...

        @property
        def title(self) -> str: ...

        @property
        def command(self) -> tuple[str, ...]: ...

    # === Its files ===

    def file(self, name: str) -> Path:
        """Return the path of a file of the worker."""
        return self.path / name

    @property
    def events_file(self) -> Path:
        return self.file("events.jsonl")

    @property
    def progress_file(self) -> Path:
        return self.file("progress.json")

    @property
    def worker_log(self) -> Path:
        return self.file("worker.log")

    @property
    def lock(self) -> Path:
        """Held by the worker while it lives."""
        return self.file("lock")

    @property
    def stop_file(self) -> Path:
        return self.file("stop")

    @property
    def pause_file(self) -> Path:
        return self.file("pause")

    # === What it says ===

    def alive(self) -> bool:
        """Tell whether a worker holds the lock."""
        return locks.is_held(self.lock)

    def events(self) -> tuple[AnyEvent, ...]:
        """Read the events, oldest first, without kinds that only a newer version knows."""
        parsed = (parse(line, self.events_of) for line in read_lines(self.events_file))
        return tuple(event for event in parsed if event is not None)

    def state(self) -> AnyState:
        """Compute the current state of the job."""
        # Liveness first: a job that ends between the two looks would seem dead without a word.
        alive = self.alive()
        state = self._state(alive=alive)
        # And once more after a bad answer: a worker that began between the two looks would seem dead as well.
        if not alive and state.state == "failed" and self.alive():
            return self._state(alive=True)
        return state

    def progress(self) -> Progress | None:
        """Read the last reported progress; None if there is none."""
        try:
            return Progress.model_validate_json(self.progress_file.read_bytes())
        except (OSError, ValidationError):
            return None

    def log(self, last_lines: int = 200) -> str:
        """The end of what the worker wrote to its output."""
        try:
            with self.worker_log.open("rb") as stream:
                size = stream.seek(0, os.SEEK_END)
                stream.seek(max(0, size - LOG_TAIL_BYTES))
                text = stream.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-last_lines:])

    def taken(self) -> GraftError:
        """Make the error for an attempt to start a second worker."""
        return self.fault(f"A job has one worker at a time, and {self.title} has one. Wait for it, or stop it.")

    # === What is asked of it ===

    def prepare(self) -> None:
        """Make ready what a worker needs, before it is started; raises `fault` where that is not there."""

    def asked(self) -> Asked | None:
        """Tell how the worker was asked to end; None if it was not."""
        return "stopped" if self.stop_file.exists() else "paused" if self.pause_file.exists() else None

    def stop(self) -> None:
        """Ask the worker to end for good. Work that is over stays as it is."""
        if self.state().state not in OVER:
            write_bytes(self.stop_file, b"")

    def delete(self) -> None:
        """Remove the job's folder, wherever it is.

        Raises:
            GraftError: A `fault`: the worker is alive.
        """
        if self.alive():
            raise self.fault(f"Only what is over can be deleted. {self._title()} is under way. Stop it first.")
        if self.path.is_symlink():
            remove_tree(self.path.resolve())
            self.path.unlink(missing_ok=True)
        else:
            remove_tree(self.path)

    # === How it vanished ===

    def _state(self, *, alive: bool) -> AnyState:
        events = self.events()
        state = fold(cast(AnyState, self.nothing), events)
        gone = not alive and state.state not in OVER and (bool(events) or self._was_started())
        return settle(state, alive=alive, asked=self.asked(), cause=self._cause(events) if gone else "")

    def _cause(self, events: tuple[AnyEvent, ...]) -> str:
        cause = fullness(self.path) or likely_cause(self._machine(events), needs_less=self.needs_less)
        return f"{cause} {self.again}".rstrip()

    def _machine(self, events: tuple[AnyEvent, ...]) -> Machine | None:
        """The machine as it was when the last worker began; None where none came that far."""
        return next((event for event in reversed(events) if isinstance(event, StartedEvent)), None)

    def _was_started(self) -> bool:
        """Tell whether a worker was ever started; one that opens its lock at this moment does not count yet."""
        try:
            return time.time() - self.lock.stat().st_mtime > STARTING_SECONDS
        except FileNotFoundError:
            # One that died before it had its lock left its last words.
            return bool(self.log(last_lines=1))

    def _title(self) -> str:
        """The title at the beginning of a sentence."""
        return self.title[:1].upper() + self.title[1:]


AnyJob = TypeVar("AnyJob", bound=Job[Any, Any])


def jobs_in(
    folder: Path, opened: Callable[[Path], AnyJob], check: Callable[[AnyJob], object]
) -> list[tuple[AnyJob, str]]:
    """Look at every job of a folder, the newest first; each with the reason why `check` cannot read it, or nothing."""
    found: list[tuple[AnyJob, str]] = []
    for path in sorted(folder.iterdir(), key=lambda path: path.name, reverse=True) if folder.is_dir() else ():
        # Hidden folders are being made or deleted. A link may lead to a folder that is gone; that is worth telling.
        if path.name.startswith(".") or not (path.is_dir() or path.is_symlink()):
            continue
        job = opened(path)
        try:
            check(job)
        except GraftError as error:
            found.append((job, str(error)))
        else:
            found.append((job, ""))
    return found
