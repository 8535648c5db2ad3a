"""`data add`, `data list`, `data delete`.

It knows their arguments and what they print. It does not know how items are taken in.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlcore.commands import edits, import_report
from tlcore.commands.data_export import export
from tlcore.commands.import_options import with_import_options
from tlcore.commands.terminal import AsJson, Terminal, counted, table
from tlcore.disk import expanded
from tlcore.errors import DataError, ImportQuestionError
from tlcore.markup import one_line
from tlcore.modalities import MODALITIES
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.data.dataset import Dataset
    from tlcore.data.import_plan import ImportChoices
    from tlcore.data.intake import IntakeReport

app = typer.Typer(help="Datasets: import, list, edit and delete them.", no_args_is_help=True)
app.add_typer(edits.app)
app.command("export")(export)
for _modality in MODALITIES.values():
    for _name, _place in _modality.commands.items():
        app.command(_name)(resolve_name(_place))
SAMPLE = "sample"
SAMPLE_NAME = "Textile inspection"
MOST_REASONS = 20
UNSURE = 2


@app.command("add")
@with_import_options
def add(
    path: Annotated[
        str,
        typer.Argument(
            help="A zip, a folder (one folder for each class), a Parquet file, or `sample` for the built-in one."
        ),
    ],
    name: Annotated[str | None, typer.Option(help="The name of the dataset.")] = None,
    into: Annotated[str | None, typer.Option(help="Add to this dataset (id or name) instead of a new one.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show how the files are read, and import nothing.")
    ] = False,
    as_json: AsJson = False,
    *,
    choices: ImportChoices,
) -> None:
    """Import labelled files as a dataset."""
    from tlcore.data.dataset import open_dataset
    from tlcore.data.import_task import label_facts

    terminal = Terminal(as_json=as_json)
    workspace = Workspace.default()
    is_sample = path == SAMPLE and not Path(path).exists()
    if dry_run and is_sample:
        raise DataError("A dry run needs a path. Received: `sample`, whose three classes are known.")
    if dry_run:
        _show_plan(Path(path), terminal, choices, open_dataset(workspace, into) if into else None)
        return
    if is_sample:
        report = take_sample(workspace, terminal)
        if name:
            report.dataset.rename(name)
    else:
        target = open_dataset(workspace, into) if into else None
        report = take_in(workspace, Path(path), terminal, choices, name=name, into=target)
    dataset = report.dataset
    left_out = [{"source": left.source, "reason": left.reason} for left in report.left_out]
    content = {
        "dataset": dataset.id,
        "name": dataset.info.name,
        **_task(dataset),
        "classes": {label: int(count) for label, count in dataset.counts().items()},
        "kept": report.kept,
        "left_out": left_out,
    }
    if facts := label_facts(list(dataset.items()["label"]), dataset.info.task):
        content["labels"] = facts
    terminal.result(content, _described(report))


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the datasets."""
    from tlcore.data.dataset import broken_datasets, list_datasets

    terminal = Terminal(as_json=as_json)
    workspace = Workspace.default()
    datasets: list[dict[str, Any]] = []
    for dataset in list_datasets(workspace):
        counts = {label: int(count) for label, count in dataset.counts().items()}
        datasets.append(
            {
                "dataset": dataset.id,
                "name": dataset.info.name,
                "classes": counts,
                "items": dataset.size(),
                **_task(dataset),
            }
        )
    for broken, reason in broken_datasets(workspace):
        typer.echo(f"{broken} cannot be read: {reason}", err=True)
    rows = [
        (
            entry["dataset"],
            entry["name"],
            f"{entry['items']:,}",
            ", ".join(entry["classes"]) or entry.get("value", ""),
        )
        for entry in datasets
    ]
    nothing = "There are no datasets yet. `data add PATH` imports your own; `data add sample` the built-in sample."
    text = table(("dataset", "name", "items", "classes"), rows) if rows else nothing
    terminal.result({"datasets": datasets}, text)


@app.command("delete")
def delete(
    dataset: Annotated[str, typer.Argument(help="The id or the name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a dataset with all its files; its runs stay."""
    from tlcore.data.dataset import open_dataset

    found = open_dataset(Workspace.default(), dataset)
    name, key = found.info.name, found.id
    if not yes:
        items = counted(found, found.size())
        typer.confirm(f"Delete the dataset {name} with its {items}?", abort=True, err=True)
    found.delete()
    Terminal(as_json=as_json).result({"dataset": key, "deleted": True}, f"Deleted {name}.")


def find_or_take_in(workspace: Workspace, data: str, terminal: Terminal, choices: ImportChoices) -> Dataset:
    """Give the dataset that `data` names by id or name; take in what it names by path, and say what came of it."""
    from tlcore.data.dataset import open_dataset

    path = expanded(Path(data))
    try:
        return open_dataset(workspace, data)
    except DataError:
        if path.exists():
            report = take_in(workspace, path, terminal, choices)
            report = replace(report, dataset=_once(workspace, report.dataset))
            terminal.say(_described(report))
            return report.dataset
        if data != SAMPLE:
            raise
    try:
        return open_dataset(workspace, SAMPLE_NAME)
    except DataError:
        return take_sample(workspace, terminal).dataset


def take_in(
    workspace: Workspace,
    path: Path,
    terminal: Terminal,
    choices: ImportChoices,
    *,
    name: str | None = None,
    into: Dataset | None = None,
) -> IntakeReport:
    """Take in a folder or a zip, showing how far it is; where something is not sure, say what and exit.

    Raises:
        DataError: There is nothing at `path`, or nothing that can be used.
        typer.Exit: Something is not sure; nothing was made.
    """
    from tlcore.data.intake import ingest

    path = _existing(path)
    steps = ingest(workspace, path, name=name, into=into, choices=choices)
    try:
        return terminal.steps(steps, f"Taking in {path.name}")
    except ImportQuestionError as error:
        typer.echo(import_report.questions(error.plan) or f"{error} Give it with `--label`.", err=True)
        if terminal.as_json:
            terminal.result(import_report.questions_object(error.plan), "")
        raise typer.Exit(UNSURE) from error


def _show_plan(path: Path, terminal: Terminal, choices: ImportChoices, into: Dataset | None) -> None:
    """Show what is understood of a source, and exit with what taking it in would exit with."""
    from tlcore.data.import_preview import preview

    path = _existing(path)
    found = preview(path, choices, into=into)
    terminal.result(import_report.preview_object(found), import_report.preview_text(found, path.name))
    if found.plan.refusal:
        raise DataError(found.plan.refusal)
    if found.plan.loose or (found.plan.questions and not choices.confirmed):
        raise typer.Exit(UNSURE)


def _existing(path: Path) -> Path:
    path = expanded(path)
    if not path.exists():
        raise DataError(f"A folder, a zip or a table is needed. There is nothing at {path}. Check the path.")
    return path


def take_sample(workspace: Workspace, terminal: Terminal) -> IntakeReport:
    """Take in the built-in sample, showing how far it is."""
    from tlcore.data.intake import sample

    return terminal.steps(sample(workspace), "Taking in the sample")


def _task(dataset: Dataset) -> dict[str, str]:
    """What else there is to say of a dataset that has not one class for each item."""
    info = dataset.info
    if info.task == "classification":
        return {}
    told = {"value": info.value_name or "a number", "unit": info.unit} if info.task == "regression" else {}
    return {"task": info.task, **told}


def _once(workspace: Workspace, new: Dataset) -> Dataset:
    """Give an older dataset of the same items, labels and parts instead of a second copy of it."""
    from tlcore.data.dataset import list_datasets

    def parts(dataset: Dataset) -> dict[str, str]:
        items = dataset.items()
        return dict(zip(items["sha256"], items["split"], strict=True))

    for old in list_datasets(workspace):
        same = old.id != new.id and old.info.fingerprint == new.info.fingerprint
        # One of a Graft that read each item by itself is not the same.
        same = same and bool(old.info.reading) == bool(new.info.reading)
        same = same and (old.info.task, old.info.classes) == (new.info.task, new.info.classes)
        if same and parts(old) == parts(new):
            new.delete()
            return old
    return new


def _described(report: IntakeReport) -> str:
    dataset = report.dataset
    counts = ", ".join(f"{one_line(label)} {count:,}" for label, count in dataset.counts().items())
    lines = [
        f"{dataset.info.name} ({dataset.id}): {counts or counted(dataset, dataset.size())}.",
        f"{report.kept:,} kept, {len(report.left_out):,} left out.",
    ]
    lines += report.notes
    lines += [f"  left out: {left.source}: {left.reason}" for left in report.left_out[:MOST_REASONS]]
    if len(report.left_out) > MOST_REASONS:
        lines.append(f"  and {len(report.left_out) - MOST_REASONS:,} more; `--json` lists them all.")
    return "\n".join(lines)
