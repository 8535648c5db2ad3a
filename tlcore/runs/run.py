"""A run: a folder and verbs.

It knows how to read what is in a run folder. It does not know how that is made: the worker writes it (`recorder`), and
`create` the two files that come before it.
"""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tlcore.errors import RunError, WorkspaceError
from tlcore.files import read_json, read_lines, read_parquet, remove_tree, write_bytes, write_json
from tlcore.runs.about import RunDataset, RunName
from tlcore.runs.config import TrainingConfig
from tlcore.runs.environment import Environment, likely_cause
from tlcore.runs.events import Event, parse
from tlcore.runs.folder import RunFolder
from tlcore.runs.state import CUT_SHORT, RunState, fold
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

LOG_TAIL_BYTES = 1 << 18
STARTING_SECONDS = 2.0


class Run(RunFolder):
    """A handle: nothing is read before it is asked for, and nothing is kept."""

    @property
    def name(self) -> str:
        """The name that a person gave, or the id."""
        try:
            return read_json(self.path / "name.json", RunName).name
        except WorkspaceError:
            return self.id

    @property
    def config(self) -> TrainingConfig:
        """The settings.

        Raises:
            RunError: `config.json` is missing or damaged.
        """
        try:
            return read_json(self.path / "config.json", TrainingConfig)
        except WorkspaceError as error:
            raise RunError(str(error)) from error

    @property
    def dataset(self) -> RunDataset:
        """The dataset as it was when the run was made.

        Raises:
            RunError: `dataset.json` is missing or damaged.
        """
        try:
            return read_json(self.path / "dataset.json", RunDataset)
        except WorkspaceError as error:
            raise RunError(str(error)) from error

    def split(self) -> pd.DataFrame:
        """Which picture is in which part: `sha256, file, label, split`.

        Raises:
            RunError: `split.parquet` is missing or damaged.
        """
        try:
            return read_parquet(self.path / "split.parquet")
        except (OSError, ValueError) as error:
            raise RunError(
                f"The run {self.id} needs its split.parquet. It could not be read: {error}. Delete the run."
            ) from error

    def environment(self) -> Environment | None:
        """Where the worker ran; None before it began."""
        try:
            return read_json(self.path / "environment.json", Environment)
        except WorkspaceError:
            return None

    def events(self) -> tuple[Event, ...]:
        """What happened, oldest first; kinds of a newer version are left out."""
        parsed = (parse(line) for line in read_lines(self.path / "events.jsonl"))
        return tuple(event for event in parsed if event is not None)

    def pause_asked(self) -> bool:
        return self.pause_file.exists()

    def state(self) -> RunState:
        """What the run amounts to now."""
        # Liveness first: a run that ends between the two looks would seem dead without a word.
        alive = self.alive()
        state = self._fold(alive=alive)
        # And once more after a bad answer: a worker that began between the two looks would seem dead as well.
        if not alive and state.state == "failed" and self.alive():
            return self._fold(alive=True)
        return state

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

    def stop(self) -> None:
        """Ask the worker to stop; it keeps the best weights and evaluates them. A run that is over stays as it is."""
        if self.state().ended is None:
            write_bytes(self.stop_file, b"")

    def pause(self) -> None:
        """Ask the worker to keep what is needed to go on, and to leave. A run that is over stays as it is."""
        if self.state().ended is None:
            write_bytes(self.pause_file, b"")

    def resumable(self, state: RunState | None = None) -> bool:
        """Whether a new worker can take it up (`launch.resume`): it was cut short, and what it had learnt is kept."""
        state = state or self.state()
        nothing_to_lose = state.state != "stopped" or state.started is None
        return state.state in CUT_SHORT and (nothing_to_lose or self.checkpoint.is_dir())

    def way_on(self, state: RunState) -> str:
        """Where a resumed run goes on, in a sentence; empty where it cannot be resumed."""
        if not self.resumable(state):
            return ""
        if not state.epochs or not self.checkpoint.is_dir():
            return "Resume starts it from the beginning: no epoch was finished yet."
        return f"Resume goes on after epoch {state.epochs[-1].epoch}, as if nothing had happened."

    def rename(self, name: str) -> None:
        """Give the run another name to show; the folder keeps its own.

        Raises:
            RunError: The name is empty.
        """
        if not name.strip():
            raise RunError("A run needs a name. Received nothing but spaces. Type a name.")
        write_json(self.path / "name.json", RunName(name=name.strip()))

    def delete(self) -> None:
        """Remove the run's folder, wherever it is.

        Raises:
            RunError: The worker is alive.
        """
        if self.alive():
            raise RunError(f"Only a run that is over can be deleted. {self.name} is under way. Stop it first.")
        if self.path.is_symlink():
            remove_tree(self.path.resolve())
            self.path.unlink(missing_ok=True)
        else:
            remove_tree(self.path)

    def _fold(self, *, alive: bool) -> RunState:
        events = self.events()
        amount = partial(fold, events, alive=alive, stop_asked=self.stop_asked(), pause_asked=self.pause_asked())
        state = amount()
        if alive or state.ended is not None or not self._was_started():
            return state
        return amount(cause=likely_cause(self.environment()))

    def _was_started(self) -> bool:
        """Whether there ever was a worker; one that opens its lock this instant does not count yet."""
        if self.environment() is not None:
            return True
        try:
            return time.time() - self.lock.stat().st_mtime > STARTING_SECONDS
        except FileNotFoundError:
            # One that died before it had its lock left its last words.
            return bool(self.log(last_lines=1))


def list_runs(workspace: Workspace) -> list[Run]:
    """Every run that can be read, the newest first."""
    return [run for run, fault in _look(workspace) if not fault]


def broken_runs(workspace: Workspace) -> list[tuple[str, str]]:
    """The folders among the runs that cannot be read: id and reason."""
    return [(run.id, fault) for run, fault in _look(workspace) if fault]


def open_run(workspace: Workspace, name: str | Path) -> Run:
    """Find a run by its id, its name or its folder.

    Raises:
        RunError: There is no such run, or there are several of that name.
    """
    text = str(name)
    if text and text == Path(text).name and (workspace.runs / text / "config.json").exists():
        return Run(workspace.runs / text)
    if (Path(text).expanduser() / "config.json").exists():
        return Run(Path(text).expanduser().absolute())
    named = [run for run in list_runs(workspace) if run.name == text]
    if len(named) == 1:
        return named[0]
    if named:
        several = ", ".join(run.id for run in named)
        raise RunError(f"A run's id is needed where names repeat. '{text}' is the name of several: {several}.")
    known = [run.id for run in list_runs(workspace)[:5]]
    there = f"The latest are: {', '.join(known)}." if known else "There are no runs yet: train one."
    raise RunError(f"The id, the name or the folder of a run is needed. Received '{text}'. {there}")


def _look(workspace: Workspace) -> list[tuple[Run, str]]:
    found: list[tuple[Run, str]] = []
    if not workspace.runs.is_dir():
        return found
    for path in sorted(workspace.runs.iterdir(), key=lambda path: path.name, reverse=True):
        # Hidden folders are being made or deleted. A link may lead to a folder that is gone; that is worth telling.
        if path.name.startswith(".") or not (path.is_dir() or path.is_symlink()):
            continue
        run = Run(path)
        try:
            _ = run.config
        except RunError as error:
            found.append((run, str(error)))
        else:
            found.append((run, ""))
    return found
