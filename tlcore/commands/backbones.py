"""`backbones list`: the catalogue, and where each entry's weights stand.

It knows columns. It does not know the facts.
"""

from __future__ import annotations

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
            "imagenet_top1": entry.imagenet_top1,
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
            f"{entry['imagenet_top1']:.3f}",
            f"to be downloaded, {entry['download_megabytes']:.0f} MB"
            if entry["weights"] == "missing"
            else str(entry["weights"]),
        )
        for entry in entries
    ]
    head = ("backbone", "weights in it", "blocks", "pixels", "ImageNet", "weights file")
    Terminal(as_json=as_json).result({"backbones": entries}, table(head, rows))
