"""`backbones list` and `fetch`: the catalogue, where each entry's weights stand, and their download.

It knows columns. It does not know the facts.
"""

from __future__ import annotations

from typing import Annotated

import typer

from tlcore.commands.terminal import AsJson, Terminal, table
from tlcore.workspace import Workspace

app = typer.Typer(help="Backbones: the pretrained networks to choose from.", no_args_is_help=True)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the backbones."""
    from tlcore.backbones.catalogue import CATALOGUE
    from tlcore.backbones.weights import weights_state

    workspace = Workspace.default()
    entries = [
        {
            "backbone": entry.key,
            "title": entry.title,
            "parameters": entry.parameters,
            "blocks": len(entry.blocks),
            "native_size": entry.native_size,
            "minimum_size": entry.minimum_size,
            **entry.model_dump(include={"published", "published_kind", "published_source"}),
            "licence": entry.licence,
            "weights": weights_state(entry, workspace).where,
            "download_megabytes": entry.download_megabytes,
        }
        for entry in CATALOGUE.values()
    ]
    rows = [
        (
            str(entry["backbone"]),
            f"{entry['parameters']:,}",
            str(entry["blocks"]),
            f"{entry['native_size']}",
            f"{entry['published']:.3f}  {entry['published_kind']}" if entry["published"] else "not published",
            f"to be downloaded, {entry['download_megabytes']:.0f} MB"
            if entry["weights"] == "missing"
            else str(entry["weights"]),
        )
        for entry in entries
    ]
    head = ("backbone", "weights in it", "blocks", "pixels", "published accuracy", "weights file")
    Terminal(as_json=as_json).result({"backbones": entries}, table(head, rows))


@app.command()
def fetch(
    backbones: Annotated[list[str], typer.Argument(help="Keys of the catalogue.")], as_json: AsJson = False
) -> None:
    """Download the weights of backbones; what was stopped goes on where it was."""
    from tlcore.backbones.catalogue import find
    from tlcore.backbones.download import download

    terminal, workspace = Terminal(as_json=as_json), Workspace.default()
    found = {}
    for entry in [find(key) for key in backbones]:
        found[entry.key] = str(terminal.steps(download(entry, workspace), f"{entry.title}, megabytes"))
    terminal.result({"weights": found}, "\n".join(f"{key}: {path}" for key, path in found.items()))
