"""A run: a handle on its folder.

It knows how to read what is in a run folder. It does not know how that is made: the worker writes it (`recorder`), and
`create` the two files that come before it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tlcore.disk import expanded
from tlcore.errors import RunError, WorkspaceError
from tlcore.files import read_json, read_parquet, write_bytes, write_json
from tlcore.jobs.cause import Machine
from tlcore.jobs.job import jobs_in
from tlcore.jobs.state import OVER
from tlcore.modalities import InputSettings
from tlcore.runs.config import TrainingConfig
from tlcore.runs.environment import Environment
from tlcore.runs.events import EVENTS, Ended, Event
from tlcore.runs.folder import RunFolder
from tlcore.runs.metadata import RunDataset, RunName
from tlcore.runs.state import CUT_SHORT, RunState
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd


class Run(RunFolder):
    """A handle: nothing is read before it is asked for, and nothing is kept."""

    fault = RunError
    events_of = EVENTS
    ended = Ended
    nothing = RunState()
    needs_less = "Close other programs, or choose a smaller batch size or smaller inputs."

    @property
    def title(self) -> str:
        return f"the run {self.name}"

    @property
    def command(self) -> tuple[str, ...]:
        return ("work", str(self.path))

    @property
    def name(self) -> str:
        """The name that a person gave, or the id."""
        try:
            return read_json(self.path / "name.json", RunName).name
        except WorkspaceError:
            return self.id

    @property
    def config(self) -> TrainingConfig:
        """The settings; of Auto those of the best candidate, once there is one.

        Raises:
            RunError: `config.json` is missing or damaged.
        """
        return self._settings(self.best_json.name if self.best_json.exists() else "config.json")

    @property
    def given(self) -> TrainingConfig:
        """The settings as they were given.

        Raises:
            RunError: `config.json` is missing or damaged.
        """
        return self._settings("config.json")

    def _settings(self, name: str) -> TrainingConfig:
        try:
            return read_json(self.path / name, TrainingConfig)
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

    @property
    def input(self) -> InputSettings:
        """How a file becomes the input: as the settings say, and as was found for all items of the dataset.

        Raises:
            RunError: `config.json` or `dataset.json` is missing or damaged.
        """
        settings: InputSettings = self.config.input
        return settings.model_copy(update=self.dataset.reading)

    def split(self) -> pd.DataFrame:
        """Read the part of each item: `sha256, file, label, split`.

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
        """Read the environment of the worker; None before it started."""
        try:
            return read_json(self.path / "environment.json", Environment)
        except WorkspaceError:
            return None

    def pause(self) -> None:
        """Ask the worker to keep what is needed to go on, and to leave. A run that is over stays as it is."""
        if self.state().state not in OVER:
            write_bytes(self.pause_file, b"")

    def take(self) -> None:
        """Ask Auto to look no further: the best model so far is evaluated and exported."""
        if self.state().state not in OVER:
            write_bytes(self.take_file, b"")

    def resumable(self, state: RunState | None = None) -> bool:
        """Tell whether a new worker can resume the run: it was interrupted, and its checkpoint exists."""
        state = state or self.state()
        nothing_to_lose = state.state != "stopped" or state.started is None
        return state.state in CUT_SHORT and (nothing_to_lose or self.checkpoint.is_dir())

    def way_on(self, state: RunState) -> str:
        """Say in a sentence where a resumed run continues; empty if it cannot be resumed."""
        if not self.resumable(state):
            return ""
        if not state.epochs or not self.checkpoint.is_dir():
            return "Resume starts it from the beginning: no epoch was finished yet."
        return f"Resume goes on after epoch {state.epochs[-1].epoch}, as if nothing had happened."

    def delete(self) -> None:
        """Remove the run's folder.

        Raises:
            RunError: A worker is at the run, or at its downloads.
        """
        if self.alive() and self.state().state == "finished":
            raise RunError(
                f"A run can be deleted when its downloads are made. Those of {self.name} are being made. Wait, or stop "
                "that on the Export page."
            )
        super().delete()

    def rename(self, name: str) -> None:
        """Give the run another name to show; the folder keeps its own.

        Raises:
            RunError: The name is empty.
        """
        if not name.strip():
            raise RunError("A run needs a name. Received nothing but spaces. Type a name.")
        write_json(self.path / "name.json", RunName(name=name.strip()))

    def _machine(self, events: tuple[Event, ...]) -> Machine | None:
        # There before the first event, which may be that of waiting in line.
        return self.environment() or super()._machine(events)

    def _was_started(self) -> bool:
        return self.environment() is not None or super()._was_started()


def list_runs(workspace: Workspace) -> list[Run]:
    """List all readable runs, the newest first."""
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
    if (expanded(Path(text)) / "config.json").exists():
        return Run(expanded(Path(text)).absolute())
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
    return jobs_in(workspace.runs, Run, lambda run: run.config)
