"""Edits of a dataset: made, undone, made again, and looked back at.

It knows the order of checking, writing down and telling. It does not know what a change does (`contents`), whether it
fits (`fitting`) or which files hold it (`edit_log`).

Edits are undone in the order in which they were made, the latest first, whoever made them: two tabs share one history.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from tlcore.data.dataset import Dataset
from tlcore.data.edits import log
from tlcore.data.edits.log import editing, settle
from tlcore.data.edits.state import Contents
from tlcore.data.edits.types import Change, Line, Made, Redo, Undo
from tlcore.data.edits.validate import fit, why_not
from tlcore.data.info import places
from tlcore.errors import DataError
from tlcore.files import read_json, write_json
from tlcore.items import Reading
from tlcore.tasks import TASKS

_WORDS = {"": "in use", "excluded": "excluded", "deleted": "deleted"}


@dataclass(frozen=True)
class Entry:
    """A version of a dataset, and what made it.

    Attributes:
        version: 1 as it was made, one more with every edit, undo and redo.
        at: When.
        says: A sentence for a person.
        undone: Whether it is an edit that does not hold now.
        name: What a person called the version; mostly empty.
    """

    version: int
    at: datetime
    change: Change | Undo | Redo | Made
    says: str
    undone: bool = False
    name: str = ""


class _Names(BaseModel):
    """`version-names.json`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    names: dict[int, str] = Field(default_factory=dict)


def apply(dataset: Dataset, change: Change) -> Entry:
    """Make a change; it is made once its line is on the disk, and only as a whole.

    Raises:
        DataError: It names an item or a class that is not there, changes nothing, or leaves no item in use.
    """
    with editing(dataset.path):
        contents = log.present(dataset.path)
        fitting = fit(change, contents)
        contents.make(fitting)
        line = log.commit(dataset.path, fitting, contents)
    return Entry(line.version, line.at, fitting, fitting.says(contents.modality))


def task_faults(dataset: Dataset) -> dict[str, str]:
    """Say of every other task why the labels of a dataset cannot be those of it; empty where they can."""
    with log.reading(dataset.path):
        contents = log.present(dataset.path)
    return {key: why_not(task, contents) for key, task in TASKS.items() if key != contents.task.key}


def undo(dataset: Dataset) -> Entry | None:
    """Take back the latest edit that holds; None where there is none."""
    with editing(dataset.path):
        done, _ = log.standing(log.lines(dataset.path))
        if not done:
            return None
        contents = log.replay(dataset.path, done[:-1])
        line = log.commit(dataset.path, Undo(of=done[-1].version), contents)
    return Entry(line.version, line.at, line.change, f"Undid: {done[-1].change.says(contents.modality)}")


def redo(dataset: Dataset) -> Entry | None:
    """Make the edit again that was undone last; None where there is none, or another edit was made since."""
    with editing(dataset.path):
        _, undone = log.standing(log.lines(dataset.path))
        if not undone:
            return None
        contents = log.present(dataset.path)
        contents.make(undone[-1].change)
        line = log.commit(dataset.path, Redo(of=undone[-1].version), contents)
    return Entry(line.version, line.at, line.change, f"Did again: {undone[-1].change.says(contents.modality)}")


def history(dataset: Dataset) -> list[Entry]:
    """Every version, the first one first: how it was made, each edit, each undo and redo.

    Where a Graft added items that could not undo it, the first version is the one after that.
    """
    info = settle(dataset.path)
    first, lines, names = log.first_version(dataset.path), log.lines(dataset.path), _names(dataset)
    held = {edit.version for edit in log.standing(lines)[0]}
    says = {line.version: line.change.says(info.kind) for line in lines if not isinstance(line.change, Undo | Redo)}
    made = Made(additions=first - 1)
    entries = [Entry(first, info.created, made, made.says(info.kind), name=names.get(first, ""))]
    for line in lines:
        undone = line.version in says and line.version not in held
        name = names.get(line.version, "")
        entries.append(Entry(line.version, line.at, line.change, _said(line, says), undone, name))
    return entries


def next_undo(dataset: Dataset) -> Entry | None:
    """The edit that `undo` would take back; None where there is none."""
    return _entry_of(dataset, log.standing(log.lines(dataset.path))[0])


def next_redo(dataset: Dataset) -> Entry | None:
    """The edit that `redo` would make again; None where there is none."""
    return _entry_of(dataset, log.standing(log.lines(dataset.path))[1])


def at_version(dataset: Dataset, version: int) -> pd.DataFrame:
    """The table of a version, as `Dataset.all_items` gives it for the present.

    Raises:
        DataError: There is no such version in the history.
    """
    with log.reading(dataset.path):
        table = _contents_at(dataset, version).table()
    return table if "state" in table else table.assign(state="")


def reading_at(dataset: Dataset, version: int) -> Reading:
    """How each item of a version was read, as far as all of them decide it.

    Raises:
        DataError: As for `at_version`.
    """
    with editing(dataset.path):
        return _contents_at(dataset, version).reading


def compare(dataset: Dataset, a: int, b: int) -> pd.DataFrame:
    """What differs between two versions, one row for each difference.

    Its columns: `sha256`, `file`, `what` (`label`, `group`, `state`, or what an item is called where only one
    version has it), `was` in version `a` and `is` in version `b`.

    Raises:
        DataError: As for `at_version`.
    """
    before, after, noun = at_version(dataset, a), at_version(dataset, b), dataset.modality.noun.one
    rows = places(after["sha256"], before["sha256"])
    both = rows >= 0
    was, now = before.iloc[rows[both]].reset_index(drop=True), after[both].reset_index(drop=True)
    parts = [_differences(was, now, what) for what in ("label", "group", "state")]
    parts[-1] = parts[-1].replace({"was": _WORDS, "is": _WORDS})
    gone = before.drop(before.index[rows[both]])
    parts.append(gone[["sha256", "file"]].assign(what=noun, was="there").assign(**{"is": ""}))
    new = after[~both]
    parts.append(new[["sha256", "file"]].assign(what=noun, was="").assign(**{"is": "there"}))
    return pd.concat(parts, ignore_index=True)


def _differences(was: pd.DataFrame, now: pd.DataFrame, what: str) -> pd.DataFrame:
    different = (was[what] != now[what]).to_numpy(dtype=bool)
    found = now.loc[different, ["sha256", "file"]].assign(what=what, was=was.loc[different, what])
    return found.assign(**{"is": now.loc[different, what]})


def given_labels(dataset: Dataset) -> pd.Series[str]:
    """The class that each item came with, by its SHA-256, before any edit."""
    with editing(dataset.path):
        first = log.replay(dataset.path, ()).table()
        added = [log.addition(dataset.path, dataset.info, number) for number in dataset.info.additions]
    return pd.concat([first, *added]).drop_duplicates("sha256", keep="last").set_index("sha256")["label"]


def name_version(dataset: Dataset, version: int, name: str) -> None:
    """Call a version by a name, such as 'before cleaning'; an empty one takes the name away.

    Raises:
        DataError: There is no such version.
    """
    with editing(dataset.path):
        _check_version(dataset, version)
        names = {number: old for number, old in _names(dataset).items() if number != version}
        if name.strip():
            names[version] = name.strip()
        write_json(dataset.path / "version-names.json", _Names(names=names))


def _names(dataset: Dataset) -> dict[int, str]:
    path = dataset.path / "version-names.json"
    return read_json(path, _Names).names if path.exists() else {}


def _said(line: Line, says: dict[int, str]) -> str:
    match line.change:
        case Undo(of=of):
            return f"Undid: {says[of]}"
        case Redo(of=of):
            return f"Did again: {says[of]}"
        case _:
            return says[line.version]


def _entry_of(dataset: Dataset, edits: list[log.Edit]) -> Entry | None:
    if not edits:
        return None
    return next(entry for entry in history(dataset) if entry.version == edits[-1].version)


def _contents_at(dataset: Dataset, version: int) -> Contents:
    _check_version(dataset, version)
    if version == dataset.info.version:
        return log.present(dataset.path)
    done, _ = log.standing([line for line in log.lines(dataset.path) if line.version <= version])
    return log.replay(dataset.path, done)


def _check_version(dataset: Dataset, version: int) -> None:
    first, last = log.first_version(dataset.path), dataset.info.version
    if not first <= version <= last:
        raise DataError(
            f"A version of the dataset is needed, {first} to {last}. Received {version}. Its history lists them."
        )
