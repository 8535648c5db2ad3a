"""`publish`: a run's proven model, put where others find it.

It knows its arguments and what it prints. It does not know the places.
"""

from __future__ import annotations

from typing import Annotated

import typer

from tlcore.commands.runs import RunArgument
from tlcore.commands.terminal import AsJson, Terminal


def publish(
    run: RunArgument,
    to: Annotated[
        str,
        typer.Option(
            help="`hf:owner/name`, a repository of the Hugging Face Hub; `mlflow:URI`, a registry; or `folder:PATH`."
        ),
    ],
    name: Annotated[
        str, typer.Option(help="The name of the registered model in MLflow; the dataset's name if not given.")
    ] = "",
    public: Annotated[bool, typer.Option("--public", help="Make a new repository public.")] = False,
    as_json: AsJson = False,
) -> None:
    """Publish a run's model with its model card."""
    from tlcore.commands.use import with_model  # not before a typing error could show
    from tlcore.publishing.publish import publish as send

    found = with_model(run)
    published = send(found, to, name=name, public=public)
    content = {"run": found.id, "place": published.place, "address": published.address, "files": published.files}
    said = f"{found.name} is at {published.address}: {', '.join(published.files)}."
    Terminal(as_json=as_json).result(content, said)
