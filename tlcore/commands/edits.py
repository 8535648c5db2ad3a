"""`data relabel`, `task`, `exclude`, `restore`, `delete-items`, `rename-class`, `merge-classes`, `colour`, `undo`,
`redo`, `history`, `compare` and `name-version`.

It knows their arguments and what they print. It does not know how an edit is made.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlcore.commands.terminal import AsJson, Terminal, counted, noun, table
from tlcore.disk import expanded
from tlcore.errors import ConfigError, DataError, Problem
from tlcore.markup import one_line
from tlcore.tasks import TASKS, find_task
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tlcore.data.dataset import Dataset
    from tlcore.data.edits.operations import Entry
    from tlcore.data.edits.types import Change

app = typer.Typer()
DataArgument = Annotated[str, typer.Argument(metavar="DATA", help="The id or the name of a dataset.")]
_NAMED = "An item by its source, its file name or the beginning of its SHA-256."
Items = Annotated[list[str], typer.Argument(metavar="ITEM…", help=_NAMED)]


@app.command("relabel")
def relabel(
    data: DataArgument,
    items: Annotated[list[str] | None, typer.Argument(metavar="[ITEM…]", help=_NAMED)] = None,
    to: Annotated[
        str | None, typer.Option(help="The class, an existing one or a new one; labels joined by |; or a number.")
    ] = None,
    add: Annotated[str | None, typer.Option(help="A label to add to the others (multi-label).")] = None,
    remove: Annotated[str | None, typer.Option(help="A label to remove (multi-label).")] = None,
    csv: Annotated[Path | None, typer.Option(help="A CSV with the columns item and label, instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Give items another class, other labels or another number."""
    from tlcore.data.edits.relabel_csv import read_relabelling
    from tlcore.data.edits.types import AddLabel, Relabel, RemoveLabel

    dataset = _open(data)
    ways = [way for way in (csv, to, add, remove) if way is not None]
    if len(ways) != 1 or (csv is None) != bool(items):
        many = noun(dataset).many
        needed = f"{many.capitalize()} and --to CLASS are needed, or --csv FILE and neither."
        more = f"Where {many} have several labels, --add or --remove can stand for --to."
        raise ConfigError([Problem("relabel", f"{needed} {more} `data relabel --help` shows each.")])
    change: Change
    if csv is not None:
        change = read_relabelling(dataset, csv)
    else:
        shas = tuple(_find(dataset, items or []))
        if add is not None:
            change = AddLabel(label=add, shas=shas)
        elif remove is not None:
            change = RemoveLabel(label=remove, shas=shas)
        else:
            change = Relabel(labels=dict.fromkeys(shas, to or ""))
    _apply(dataset, change, as_json=as_json)


@app.command("task")
def task(
    data: DataArgument,
    task: Annotated[str | None, typer.Argument(metavar="[TASK]", help=f"One of {', '.join(TASKS)}.")] = None,
    value_name: Annotated[str | None, typer.Option(help="What the number is (regression), such as weight.")] = None,
    unit: Annotated[str | None, typer.Option(help="The unit of the number (regression), such as kg.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show or change the task of a dataset, where its labels allow it."""
    from tlcore.data.edits.operations import task_faults
    from tlcore.data.edits.types import ChangeTask

    dataset = _open(data)
    info = dataset.info
    if (task, value_name, unit) != (None, None, None):
        change = ChangeTask(
            task=task or info.task,
            value_name=info.value_name if value_name is None else value_name,
            unit=info.unit if unit is None else unit,
        )
        _apply(dataset, change, as_json=as_json)
        return
    faults = task_faults(dataset)
    lines = [f"{info.name}: {find_task(info.task).title}. {find_task(info.task).explains}"]
    lines += [f"{find_task(key).title} (`{key}`): {fault or 'possible'}" for key, fault in faults.items()]
    Terminal(as_json=as_json).result({"dataset": dataset.id, "task": info.task, "others": faults}, "\n".join(lines))


@app.command("exclude")
def exclude(data: DataArgument, items: Items, as_json: AsJson = False) -> None:
    """Exclude items: they stay in the dataset, but are not used."""
    from tlcore.data.edits.types import Exclude

    dataset = _open(data)
    _apply(dataset, Exclude(shas=tuple(_find(dataset, items))), as_json=as_json)


@app.command("restore")
def restore(data: DataArgument, items: Items, as_json: AsJson = False) -> None:
    """Restore excluded or deleted items."""
    from tlcore.data.edits.types import Restore

    dataset = _open(data)
    _apply(dataset, Restore(shas=tuple(_find(dataset, items))), as_json=as_json)


@app.command("delete-items")
@app.command("delete-pictures", hidden=True)  # its name of before
def delete_items(data: DataArgument, items: Items, as_json: AsJson = False) -> None:
    """Delete items from the dataset; `data undo` and `data restore` restore them."""
    from tlcore.data.edits.types import Delete

    dataset = _open(data)
    _apply(dataset, Delete(shas=tuple(_find(dataset, items))), as_json=as_json)


@app.command("rename-class")
def rename_class(
    data: DataArgument,
    old: Annotated[str, typer.Argument(help="The current name of the class.")],
    new: Annotated[str, typer.Argument(help="The new name.")],
    runs: Annotated[bool, typer.Option("--runs", help="Also in the finished runs of the dataset.")] = False,
    as_json: AsJson = False,
) -> None:
    """Rename a class."""
    from tlcore.data.edits.types import RenameClass

    dataset = _open(data)
    _apply(dataset, RenameClass(old=old, new=new), as_json=as_json)
    if not runs:
        return
    from tlcore.evaluation.class_names import rename_in_runs

    for run in rename_in_runs(Workspace.default(), dataset.id, old, new):
        typer.echo(f"The run {run.name} calls it '{new.strip()}', too. Export it again.", err=True)


@app.command("merge-classes")
def merge_classes(
    data: DataArgument,
    classes: Annotated[list[str], typer.Argument(metavar="CLASS…", help="Two or more.")],
    into: Annotated[str | None, typer.Option(help="The name of the merged class; the first one if not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Merge several classes into one."""
    from tlcore.data.edits.types import MergeClasses

    _apply(_open(data), MergeClasses(classes=tuple(classes), into=into or classes[0]), as_json=as_json)


@app.command("colour")
def colour(
    data: DataArgument,
    label: Annotated[str, typer.Argument(metavar="CLASS", help="The class.")],
    colour: Annotated[str, typer.Argument(help="As #rrggbb; '' removes it.")],
    as_json: AsJson = False,
) -> None:
    """Set the colour of a class."""
    from tlcore.data.edits.types import Colour

    _apply(_open(data), Colour(label=label, colour=colour), as_json=as_json)


@app.command("undo")
def undo(data: DataArgument, as_json: AsJson = False) -> None:
    """Undo the latest edit."""
    from tlcore.data.edits.operations import undo as take_back

    dataset = _open(data)
    entry = take_back(dataset)
    if entry is None:
        raise DataError("An edit that holds is needed to undo it. There is none; `data history` lists what there was.")
    _tell(dataset, entry, as_json=as_json)


@app.command("redo")
def redo(data: DataArgument, as_json: AsJson = False) -> None:
    """Redo the edit that was undone last."""
    from tlcore.data.edits.operations import redo as make_again

    dataset = _open(data)
    entry = make_again(dataset)
    if entry is None:
        raise DataError("An edit that was undone last is needed to make it again. There is none, or one came after it.")
    _tell(dataset, entry, as_json=as_json)


@app.command("history")
def history(
    data: DataArgument,
    csv: Annotated[
        Path | None, typer.Option(help="Write the changed labels to this file, for `data relabel --csv`.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the versions of a dataset and their edits."""
    from tlcore.data.edits.operations import history as look_back
    from tlcore.data.edits.relabel_csv import label_changes
    from tlcore.files import write_bytes
    from tlcore.spreadsheet import as_file, table_as_csv

    dataset = _open(data)
    entries = look_back(dataset)
    shown = [_described(entry) for entry in entries]
    rows = [
        (str(entry.version), f"{entry.at:%Y-%m-%d %H:%M:%S}", "undone" if entry.undone else "", entry.name, entry.says)
        for entry in entries
    ]
    text = table(("version", "at (UTC)", "", "name", "what"), rows)
    content: dict[str, Any] = {"dataset": dataset.id, "history": shown}
    if csv is not None:
        changes = label_changes(dataset)
        write_bytes(expanded(csv), as_file(table_as_csv(changes)))
        content |= {"csv": str(csv), "changes": len(changes)}
        text += f"\nWrote {len(changes):,} changed labels to {csv}."
    Terminal(as_json=as_json).result(content, text)


@app.command("compare")
def compare(
    data: DataArgument,
    a: Annotated[int, typer.Argument(help="A version.")],
    b: Annotated[int, typer.Argument(help="Another version.")],
    as_json: AsJson = False,
) -> None:
    """Show the differences between two versions."""
    from tlcore.data.edits.operations import compare as difference

    dataset = _open(data)
    found = difference(dataset, a, b)
    items = dataset.all_items()
    sources = dict(zip(items["sha256"], items["source"], strict=True))
    named = [sources.get(sha, sha) for sha in found["sha256"]]
    cells = list(zip(named, found["what"], found["was"], found["is"], strict=True))
    text = table(("item", "what", "was", "is"), cells) if cells else "Nothing differs."
    rows = [{"item": item, "what": what, "was": was, "is": is_} for item, what, was, is_ in cells]
    Terminal(as_json=as_json).result({"dataset": dataset.id, "differences": rows}, text)


@app.command("name-version")
def name_version(
    data: DataArgument,
    version: Annotated[int, typer.Argument(help="One that `data history` lists.")],
    name: Annotated[str, typer.Argument(help="The name; '' removes it.")],
    as_json: AsJson = False,
) -> None:
    """Name a version."""
    from tlcore.data.edits.operations import name_version as give_name

    dataset = _open(data)
    give_name(dataset, version, name)
    content = {"dataset": dataset.id, "version": version, "name": name.strip()}
    Terminal(as_json=as_json).result(content, f"Version {version} is called '{name.strip()}'.")


def _open(data: str) -> Dataset:
    from tlcore.data.dataset import open_dataset

    return open_dataset(Workspace.default(), data)


def _find(dataset: Dataset, names: Sequence[str]) -> list[str]:
    from tlcore.data.lookup import Names

    return Names(dataset.all_items()).find(names)


def _apply(dataset: Dataset, change: Change, *, as_json: bool) -> None:
    from tlcore.data.edits.operations import apply

    _tell(dataset, apply(dataset, change), as_json=as_json)


def _tell(dataset: Dataset, entry: Entry, *, as_json: bool) -> None:
    """Print what was done and what the dataset now is."""
    counts = dataset.counts()
    content = {"dataset": dataset.id, "version": entry.version, "says": entry.says, "classes": counts}
    now = ", ".join(f"{one_line(label)} {count:,}" for label, count in counts.items())
    now = now or counted(dataset, dataset.size())
    Terminal(as_json=as_json).result(content, f"{entry.says} {dataset.info.name}: {now}.")


def _described(entry: Entry) -> dict[str, Any]:
    return {
        "version": entry.version,
        "at": entry.at.isoformat(),
        "kind": entry.change.kind,
        "says": entry.says,
        "undone": entry.undone,
        "name": entry.name,
    }
