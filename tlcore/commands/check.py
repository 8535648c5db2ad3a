"""`data check`.

It knows the command's arguments and what it prints. It does not know how faults are looked for.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlcore.commands.data import find_or_take_in
from tlcore.commands.follow import follow_job
from tlcore.commands.import_options import with_import_options
from tlcore.commands.terminal import AsJson, Terminal, counted
from tlcore.errors import DataError
from tlcore.spreadsheet import as_file
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.data.import_plan import ImportChoices

MOST_SHOWN = 20


@with_import_options
def check(
    data: Annotated[str, typer.Argument(help="The id or the name of a dataset, a folder, a zip, or `sample`.")],
    csv: Annotated[bool, typer.Option("--csv", help="Print the findings as CSV, a line for each item.")] = False,
    as_json: AsJson = False,
    *,
    choices: ImportChoices,
) -> None:
    """Find problems in the examples, the labels and the split, sorted by the benefit of fixing them."""
    from tlcore.health.check import Check
    from tlcore.health.findings import titles
    from tlcore.jobs.launch import launch
    from tlcore.modalities import find_modality
    from tlcore.tasks import find_task

    terminal, workspace = Terminal(as_json=as_json or csv), Workspace.default()
    dataset = find_or_take_in(workspace, data, terminal, choices)
    found = Check(dataset)
    if not found.alive():
        launch(found, workspace)
    follow_job(found, terminal)
    info = found.info()
    if info is None:
        raise DataError("The results of a check are needed. Another check has just begun. Check again when it is over.")
    if csv:
        typer.echo(as_file(found.csv()), nl=False)
        return
    findings = found.findings()
    names = dict(zip(dataset.items()["sha256"], dataset.items()["source"], strict=True))
    curve = found.curve()
    content: dict[str, Any] = {
        "dataset": dataset.id,
        "findings": [
            {
                "kind": each.kind,
                "items": [names[sha] for sha in each.items if sha in names],
                "score": each.score,
                "says": each.says,
                **({"suggested": {names[sha]: to for sha, to in each.suggested.items()}} if each.suggested else {}),
                **({"group": each.group} if each.group else {}),
            }
            for each in findings
        ],
        "more_pictures": curve.whole.says if curve else "",
        "notes": list(info.notes),
        "seconds": info.seconds,
    }
    modality = find_modality(dataset.info.modality)
    counts = Counter(each.kind for each in findings)
    lines = [
        f"{dataset.info.name}: {len(findings):,} findings in {counted(dataset, info.items)}, {info.seconds:.0f} s."
    ]
    named = titles(modality, find_task(dataset.info.task))
    lines += [f"  {named[kind]}: {many:,}" for kind, many in counts.most_common()]
    lines += [f"{each.score:.2f}  {each.says}" for each in findings[:MOST_SHOWN]]
    if len(findings) > MOST_SHOWN:
        lines.append(f"and {len(findings) - MOST_SHOWN:,} more; `--json` and `--csv` list them all.")
    lines += [*info.notes, *([curve.whole.says] if curve else [])]
    terminal.result(content, "\n".join(lines))
