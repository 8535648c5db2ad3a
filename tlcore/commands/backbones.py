"""`backbones list`, `fetch`, `add` and `remove`: the catalogue, where the weights stand, and weights of one's own.

It knows columns. It does not know the facts.
"""

from __future__ import annotations

from pathlib import Path
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
            "source": entry.source,
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


@app.command()
def add(
    folder: Annotated[Path, typer.Argument(help="A folder of weights, or a zip of one.")],
    name: Annotated[str, typer.Option(help="What the backbone is called; no other one is called so.")],
    licence: Annotated[str, typer.Option(help="The licence of the weights, as the model card names it; or `unknown`.")],
    source: Annotated[str, typer.Option(help="Where the weights came from; the folder's name if not given.")] = "",
    data: Annotated[
        str, typer.Option(metavar="DATA", help="The dataset on which they are tried; the sample if not given.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Add weights of your own to the catalogue: they are checked and tried first."""
    from tlcore.backbones.weights import weights_path
    from tlcore.data.dataset import open_dataset
    from tlcore.training.own_weights import add_backbone

    terminal, workspace = Terminal(as_json=as_json), Workspace.default()
    dataset = open_dataset(workspace, data) if data else None
    steps = add_backbone(workspace, folder, name=name, licence=licence, source=source, dataset=dataset)
    row, notes = terminal.steps(steps, f"Adding {name}")
    terminal.result(
        {
            "backbone": row.key,
            **row.model_dump(include={"title", "parameters", "native_size", "licence", "source"}),
            "blocks": len(row.blocks),
            "weights": str(weights_path(row, workspace)),
            "notes": list(notes),
        },
        "\n".join([f"{row.title} is in the catalogue, with {row.parameters:,} weights, as {row.key}.", *notes]),
    )


@app.command()
def remove(
    backbone: Annotated[str, typer.Argument(help="The key or the name of a backbone of your own.")],
    as_json: AsJson = False,
) -> None:
    """Delete a backbone of your own with its weights, if no run uses it."""
    from tlcore.runs.own_backbones import remove_backbone

    row = remove_backbone(Workspace.default(), backbone)
    Terminal(as_json=as_json).result({"removed": row.key}, f"{row.title} is deleted.")
