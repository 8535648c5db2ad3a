"""`runs pack`, `runs unpack`, `data pack` and `data unpack`.

It knows their arguments and what they print. It does not know what is in the zip.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlcore.commands.runs import RunArgument
from tlcore.commands.terminal import AsJson, Terminal, counted
from tlcore.disk import size
from tlcore.errors import DataError
from tlcore.runs.run import open_run
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.data.packing import Packed

OutOption = Annotated[Path | None, typer.Option(help="The zip to write; named after its content if not given.")]
ZipArgument = Annotated[Path, typer.Argument(metavar="ZIP", help="A zip that `pack` wrote.")]
CopyOption = Annotated[bool, typer.Option("--copy", help="Assign a new id, in case its own is already in use.")]


def pack_run(run: RunArgument, out: OutOption = None, as_json: AsJson = False) -> None:
    """Write a whole run that has ended to one zip."""
    from tlcore.runs.packing import pack_run as pack

    terminal = Terminal(as_json=as_json)
    _written(terminal, "run", terminal.steps(pack(open_run(Workspace.default(), run), out), "Packing the run"))


def unpack_run(archive: ZipArgument, copy: CopyOption = False, as_json: AsJson = False) -> None:
    """Unpack a run into the workspace."""
    from tlcore.data.dataset import open_dataset
    from tlcore.runs.packing import unpack_run as unpack

    terminal, workspace = Terminal(as_json=as_json), Workspace.default()
    run = terminal.steps(unpack(workspace, archive, copy=copy), "Unpacking the run")
    dataset: str | None = run.dataset.id
    said = f"{run.name} is here, as {run.id}."
    try:
        open_dataset(workspace, run.dataset.id)
    except DataError:
        dataset = None
        said += f" Its dataset, {run.dataset.name}, is not: `data pack` there and `data unpack` here bring it."
    terminal.result({"run": run.id, "name": run.name, "dataset": dataset}, said)


def pack_dataset(
    dataset: Annotated[str, typer.Argument(metavar="DATA", help="The id or the name.")],
    out: OutOption = None,
    as_json: AsJson = False,
) -> None:
    """Write a whole dataset with its history to one zip."""
    from tlcore.data.dataset import open_dataset
    from tlcore.data.packing import pack_dataset as pack

    terminal = Terminal(as_json=as_json)
    found = open_dataset(Workspace.default(), dataset)
    _written(terminal, "dataset", terminal.steps(pack(found, out), "Packing the dataset"))


def unpack_dataset(archive: ZipArgument, copy: CopyOption = False, as_json: AsJson = False) -> None:
    """Unpack a dataset into the workspace."""
    from tlcore.data.unpacking import unpack_dataset as unpack

    terminal = Terminal(as_json=as_json)
    dataset = terminal.steps(unpack(Workspace.default(), archive, copy=copy), "Unpacking the dataset")
    items = dataset.size()
    content = {"dataset": dataset.id, "name": dataset.info.name, "items": items}
    terminal.result(content, f"{dataset.info.name} is here with {counted(dataset, items)}, as {dataset.id}.")


def _written(terminal: Terminal, kind: str, packed: Packed) -> None:
    content: dict[str, Any] = {kind: packed.pack.id, "path": str(packed.path), "bytes": packed.bytes}
    content["files"] = packed.pack.files
    said = f"{packed.pack.name}: {packed.pack.files:,} files in {packed.path} ({size(packed.bytes)})."
    terminal.result(content, said)
