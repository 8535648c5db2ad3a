"""A sweep: a folder and verbs.

It knows the names of the files in a sweep's folder and how to read them. It does not know how they are made: the
sweep's worker writes them (`recorder`, `search`), and `create_sweep` the one that comes before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tlcore.data.dataset import Dataset
from tlcore.errors import ConfigError, RunError, WorkspaceError
from tlcore.files import read_json, read_lines, remove_tree, write_bytes, write_json
from tlcore.runs.worker_folder import WorkerFolder
from tlcore.sweeps.config import SweepConfig, problems, with_recommended
from tlcore.sweeps.events import Event, parse
from tlcore.sweeps.state import SweepState, fold
from tlcore.workspace import Workspace, fresh_id


@dataclass(frozen=True)
class Sweep(WorkerFolder):
    """A handle: nothing is read before it is asked for, and nothing is kept."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def config(self) -> SweepConfig:
        """The settings.

        Raises:
            RunError: `sweep.json` is missing or damaged.
        """
        try:
            return read_json(self.path / "sweep.json", SweepConfig)
        except WorkspaceError as error:
            raise RunError(str(error)) from error

    @property
    def study(self) -> Path:
        """Optuna's own journal: what was tried and how it went, so that a sweep goes on after a crash."""
        return self.path / "study.log"

    def events(self) -> tuple[Event, ...]:
        """What happened, oldest first; kinds of a newer version are left out."""
        parsed = (parse(line) for line in read_lines(self.events_file))
        return tuple(event for event in parsed if event is not None)

    def state(self) -> SweepState:
        """What the sweep amounts to now."""
        # Liveness first: a sweep that ends between the two looks would seem dead without a word.
        alive = self.alive()
        events = self.events()
        return fold(events, alive=alive, stop_asked=self.stop_asked(), was_started=self.worker_log.exists())

    def stop(self) -> None:
        """Ask the worker to stop its live run and then itself. A sweep that is over stays as it is."""
        if self.state().live:
            write_bytes(self.stop_file, b"")

    def delete(self) -> None:
        """Remove the sweep's folder; its runs stay.

        Raises:
            RunError: The worker is alive.
        """
        if self.alive():
            raise RunError(f"Only a sweep that is over can be deleted. {self.id} is under way. Stop it first.")
        remove_tree(self.path)


def create_sweep(workspace: Workspace, dataset: Dataset, config: SweepConfig) -> Sweep:
    """Make the folder of a new sweep.

    Raises:
        ConfigError: The settings do not fit; every fault has its field.
        RunError: The folder cannot be written.
    """
    faults = problems(config, dataset)
    if faults:
        raise ConfigError(faults)
    sweep = Sweep(workspace.sweeps / fresh_id(dataset.info.name))
    try:
        write_json(sweep.path / "sweep.json", with_recommended(config, dataset))
    except OSError as error:
        raise RunError(f"A sweep needs a folder that can be written. {sweep.path} cannot: {error.strerror}.") from error
    return sweep


def list_sweeps(workspace: Workspace) -> list[Sweep]:
    """Every sweep that can be read, the newest first."""
    return [sweep for sweep, fault in _look(workspace) if not fault]


def broken_sweeps(workspace: Workspace) -> list[tuple[str, str]]:
    """The folders among the sweeps that cannot be read: id and reason."""
    return [(sweep.id, fault) for sweep, fault in _look(workspace) if fault]


def open_sweep(workspace: Workspace, name: str) -> Sweep:
    """Find a sweep by its id.

    Raises:
        RunError: There is no such sweep.
    """
    if name and name == Path(name).name and (workspace.sweeps / name / "sweep.json").exists():
        return Sweep(workspace.sweeps / name)
    known = ", ".join(sweep.id for sweep in list_sweeps(workspace)[:5])
    there = f"The latest are: {known}." if known else "There are no sweeps yet: start one."
    raise RunError(f"The id of a sweep is needed. Received '{name}'. {there}")


def _look(workspace: Workspace) -> list[tuple[Sweep, str]]:
    found: list[tuple[Sweep, str]] = []
    if not workspace.sweeps.is_dir():
        return found
    for path in sorted(workspace.sweeps.iterdir(), key=lambda path: path.name, reverse=True):
        if path.name.startswith(".") or not path.is_dir():
            continue
        try:
            _ = Sweep(path).config
        except RunError as error:
            found.append((Sweep(path), str(error)))
        else:
            found.append((Sweep(path), ""))
    return found
