"""`export`: files for other places, each proven; and the worker that makes one of them for the Export page.

It knows their arguments and what they print. It does not know formats.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlcore.commands.follow import terminated_like_interrupted
from tlcore.commands.runs import RunArgument
from tlcore.commands.terminal import AsJson, Terminal, table
from tlcore.commands.use import with_model
from tlcore.disk import size
from tlcore.errors import ExportError
from tlcore.files import replacing
from tlcore.runs.formats import FORMATS
from tlcore.runs.manifest import MOST_CHECKED, Check
from tlcore.tasks import find_task

if TYPE_CHECKING:
    from tlcore.runs.manifest import Manifest


def export(
    run: RunArgument,
    formats: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="keras, savedmodel, onnx, onnx-fp16, onnx-int8, onnx-fullsize, litert, litert-fp16, litert-int8, web, "
            "server, openvino, coreml, code, bundle, or all that can be made here; a list with commas.",
            show_default="keras,onnx,bundle",
        ),
    ] = None,
    check: Annotated[
        Check,
        typer.Option(
            "--check",
            help=f"The test items on which each file is checked: a sample of at most {MOST_CHECKED}, or all.",
        ),
    ] = "sample",
    out: Annotated[Path | None, typer.Option("--out", help="Also copy the files into this folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Export a run's model; each file is loaded again in a fresh process and compared with the app."""
    terminal = Terminal(as_json=as_json)
    found = with_model(run)
    from tlcore.export.run import export_run

    wanted = None if formats is None else [part.strip() for part in formats.split(",") if part.strip()]
    _check_writable(out)
    with terminal.bar() as bar, terminated_like_interrupted():
        manifests = export_run(found, bar.step, wanted, check=check)
    paths = [_copied(found.exports.resolve() / made.format / made.file, made, out) for made in manifests]
    exports = [_entry(made, path) for made, path in zip(manifests, paths, strict=True)]
    task = find_task(found.dataset.task)
    metric, values = task.metrics[0], task.output == "values"
    rows: list[tuple[str, ...]] = [
        (
            made.title,
            "yes" if made.agrees else "NO",
            made.checked if made.n else "",
            f"{made.same_answers:.1%}" if made.n and (made.precision == "fp32" or not values) else "",
            f"{made.largest_difference:.1g}{' of the spread' if values else ''}" if made.n else "",
            metric.plain(made.accuracy.value, made.accuracy.unit) if made.accuracy else "",
            f"{made.awkward.same} of {made.awkward.files}" if made.awkward else "",
            size(made.bytes) if made.kept else "",
            str(path) if made.kept else "",
        )
        for made, path in zip(manifests, paths, strict=True)
    ]
    head = (
        "download",
        "offered",
        "checked on",
        "same answers",
        "largest difference",
        metric.title.lower(),
        "awkward files",
        "size",
        "file",
    )
    terminal.result({"exports": exports}, table(head, rows))
    for title, awkward in ((made.title, made.awkward) for made in manifests):
        if awkward and awkward.same < awkward.files:
            typer.echo(f"{title}: {awkward.told}", err=True)
    for made in (made for made in manifests if not made.agrees):
        typer.echo(f"{made.title}: {made.reason}", err=True)
    if "all" in (wanted or ()):
        for missing in filter(None, (form.missing for form in FORMATS.values())):
            typer.echo(missing, err=True)
    if not all(made.agrees for made in manifests):
        raise typer.Exit(1)


def export_work(folder: Path, key: str, check: str) -> int:
    """Make one format, or the downloads, for the Export page and say how far it is."""
    from tlcore.export.run import export_run
    from tlcore.runs.exporting import Making, work
    from tlcore.runs.run import Run

    making = Making(Run(folder), key, "all" if check == "all" else "sample")
    return work(making, lambda report: export_run(making.run, report, making.formats, check=making.check))


def _entry(made: Manifest, path: Path) -> dict[str, Any]:
    asked = made.kept and made.n > 0
    return {
        "format": made.format,
        "path": str(path) if made.kept else None,
        "bytes": made.bytes,
        "checked": made.n,
        "of": made.of,
        "agreement": made.same_answers if asked else None,
        "max_difference": made.largest_difference if asked else None,
        "accuracy": made.accuracy.model_dump() if made.accuracy else None,
        "awkward": made.awkward.model_dump() if made.awkward else None,
        "ms_per_image": made.milliseconds_per_item,
        "offered": made.agrees,
        "why": made.reason,
    }


def _check_writable(out: Path | None) -> None:
    """Not after minutes of work."""
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(out, error) from error
    if not os.access(out, os.W_OK | os.X_OK):
        raise ExportError(f"A folder that can be written is needed. {out} cannot. Name another one.")


def _copied(path: Path, made: Manifest, out: Path | None) -> Path:
    if out is None or not made.kept or out.resolve() == path.parent:
        return path
    target = out.resolve() / path.name
    try:
        with replacing(target) as beside:
            shutil.copyfile(path, beside)
    except OSError as error:
        raise _unwritable(out, error) from error
    return target


def _unwritable(out: Path, error: OSError) -> ExportError:
    return ExportError(
        f"A folder that can be written is needed. {out} cannot: {error.strerror or error}. Name another one."
    )
