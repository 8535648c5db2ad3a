"""A sweep: a handle on its folder.

It knows the names of the files in a sweep's folder and how to read them. It does not know how they are made: the
sweep's worker writes them (`work`, `search`), and `create_sweep` the one that comes before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tlcore.data.dataset import Dataset
from tlcore.disk import fault_of
from tlcore.errors import ConfigError, RunError, WorkspaceError
from tlcore.files import read_json, write_json
from tlcore.jobs.job import Job, jobs_in
from tlcore.sweeps.config import SweepConfig, problems, with_recommended
from tlcore.sweeps.events import EVENTS, Event, SweepEnded
from tlcore.sweeps.state import SweepState
from tlcore.workspace import Workspace, fresh_id


@dataclass(frozen=True)
class Sweep(Job[Event, SweepState]):
    """A handle: nothing is read before it is asked for, and nothing is kept. Its runs outlive it."""

    fault = RunError
    events_of = EVENTS
    ended = SweepEnded
    nothing = SweepState()
    again = "Go on with the sweep: the trials that are over are kept."

    path: Path

    @property
    def title(self) -> str:
        return f"the sweep {self.id}"

    @property
    def command(self) -> tuple[str, ...]:
        return ("sweep-work", str(self.path))

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
        """Return the path of Optuna's journal, from which a sweep continues after a crash."""
        return self.path / "study.log"


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
        raise RunError(str(fault_of(error, place=sweep.path) or f"{sweep.path} cannot be written: {error}.")) from error
    return sweep


def list_sweeps(workspace: Workspace) -> list[Sweep]:
    """List all readable sweeps, the newest first."""
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
    return jobs_in(workspace.sweeps, Sweep, lambda sweep: sweep.config)
