"""`data export`.

It knows its arguments and what it prints. It does not know how a dataset is written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tlcore.commands.terminal import AsJson, Terminal, counted
from tlcore.disk import size
from tlcore.errors import DataError
from tlcore.workspace import Workspace


def export(
    dataset: Annotated[str, typer.Argument(help="The id or the name.", metavar="DATA")],
    form: Annotated[
        str,
        typer.Option(
            "--format", help="`zip`: a folder for each class; `imagefolder`: the layout of Hugging Face's `datasets`."
        ),
    ] = "zip",
    out: Annotated[
        Path | None, typer.Option(help="The zip or the folder to write; named after the dataset if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Export a dataset for other programs, without excluded and deleted items."""
    from tlcore.data.dataset import open_dataset
    from tlcore.data.export import FORMATS, hand_out

    terminal = Terminal(as_json=as_json)
    if form not in FORMATS:
        raise DataError(f"A format is needed, {' or '.join(FORMATS)}. Received '{form}'.")
    found = open_dataset(Workspace.default(), dataset)
    written = terminal.steps(hand_out(found, form, out), "Writing the dataset")
    manifest = written.manifest
    content = {
        "dataset": manifest.dataset,
        "format": form,
        "path": str(written.path),
        "bytes": written.bytes,
        "items": manifest.items,
        "classes": manifest.classes,
        "parts": manifest.parts,
        "not_handed_out": len(manifest.not_handed_out),
    }
    said = f"{manifest.name}: {counted(found, manifest.items)} in {written.path} ({size(written.bytes)})."
    if manifest.not_handed_out:
        said += f" {len(manifest.not_handed_out):,} that are not in use stayed here; manifest.json names them."
    terminal.result(content, said)
