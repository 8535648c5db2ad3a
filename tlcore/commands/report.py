"""`report`: what is known of a run, for people who do not have Graft.

It knows its arguments and what it prints. It does not know what is in a report.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tlcore.commands.runs import RunArgument
from tlcore.commands.terminal import AsJson, Terminal
from tlcore.errors import DataError
from tlcore.runs.run import open_run
from tlcore.workspace import Workspace


def report(
    run: RunArgument,
    form: Annotated[str, typer.Option("--format", help="html, pdf, card, script or csv.")] = "html",
    out: Annotated[Path | None, typer.Option("--out", help="The file.", show_default="in this folder")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a report of an evaluated run: a page, a PDF, a model card, a training script, or all figures."""
    terminal = Terminal(as_json=as_json)
    found = open_run(Workspace.default(), run)
    from tlcore.files import write_bytes  # not before a typing error could show
    from tlcore.report.formats import FORMS, make_report

    content = make_report(found, form)
    path = out or Path(FORMS[form].file)
    try:
        write_bytes(path, content)
    except OSError as error:
        raise DataError(
            f"A file that can be written is needed. {path} cannot: {error.strerror}. Name another one."
        ) from error
    terminal.result(
        {"run": found.id, "format": form, "path": str(path.resolve()), "bytes": len(content)},
        f"{FORMS[form].title} of {found.name}: {path}",
    )
