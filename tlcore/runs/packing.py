"""Packs a whole run into one zip, and unpacks it.

It knows which files make a run. It does not know the zip: `tlcore.data.packing` and `unpacking` do.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import nullcontext
from pathlib import Path

from tlcore.data.archive import Limits
from tlcore.data.packing import Packed, pack
from tlcore.data.unpacking import unpack
from tlcore.errors import ArchiveError, RunError
from tlcore.progress import Progress
from tlcore.runs.run import Run
from tlcore.workspace import Workspace


def pack_run(run: Run, path: Path | None = None) -> Generator[Progress, None, Packed]:
    """Write a run that has ended into one zip: settings, split, events, model, evaluation and downloads.

    Without a `path` it lies in the present folder, under the name of the run. Its items are its dataset's.

    Raises:
        RunError: The run is under way.
        DataError: There is something at `path` already, or it cannot be written.
    """
    state = run.state()
    if state.live:
        raise RunError(f"A run that is over is needed. {run.name} is {state.state}. Wait for it, or stop it.")
    return pack(run.path, "run", run.name, path, holding=nullcontext())


def unpack_run(
    workspace: Workspace, archive: Path, *, copy: bool = False, limits: Limits | None = None
) -> Generator[Progress, None, Run]:
    """Put a packed run into the workspace, under its own id; with `copy` under a new one.

    Raises:
        ArchiveError: The zip is damaged, too large or hostile.
        DataError: It is no packed run, it does not fit, or a run of that id is here.
    """
    path = yield from unpack(workspace.runs, archive, "run", _check, copy=copy, limits=limits)
    return Run(path)


def _check(folder: Path, id_: str) -> None:
    run = Run(folder)
    try:
        _ = run.config, run.dataset
        run.split()
    except RunError as error:
        raise ArchiveError(f"The run in it cannot be read. {error}") from error
