"""The edits of a dataset on the disk: a log that is only appended to, what it began with, and what follows from both.

It knows which file is written when, so that a crash at any moment leaves the dataset as it was or the edit done. It
does not know which edits make sense.

    edits.jsonl                     one line for each edit, undo and redo; a line that is there is an edit that is made
    base.parquet, base.json         the table and what was known before the first of these lines
    additions/<version>.parquet     items that were added, and what became of the files that were given
    items.parquet, dataset.json     what follows from all these; made anew where a crash came between
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout
from pydantic import ValidationError

from tlcore import disk
from tlcore.data.edits.state import Contents
from tlcore.data.edits.types import Change, Line, Redo, Undo
from tlcore.data.info import TRIAGE_COLUMNS, DatasetInfo, fingerprint, read_table, write_table
from tlcore.errors import WorkspaceError
from tlcore.files import append_line, read_json, replacing, write_json

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Edit:
    """An edit that was made: a change, and the version of the line that holds it."""

    version: int
    change: Change


@contextmanager
def editing(path: Path) -> Iterator[None]:
    """Be the only one who changes the dataset in the folder `path`; what a crash left is put right first.

    Raises:
        WorkspaceError: Somebody else has been changing it for a minute, its history is damaged, or the disk is full.
    """
    with disk.writing(path), _alone(path):
        yield


def reading(path: Path) -> AbstractContextManager[None]:
    """Let nobody change the dataset in the folder `path` while it is read, where it can be changed at all."""
    return disk.reading(_alone(path))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=PATIENCE_SECONDS)
    try:
        lock.acquire()
    except Timeout as error:
        raise WorkspaceError(
            f"The dataset in {path} has been changed by somebody else for {PATIENCE_SECONDS:.0f} seconds. "
            "Wait until that has ended, then try again."
        ) from error
    try:
        _heal(path)
        yield
    finally:
        lock.release()


def settle(path: Path) -> DatasetInfo:
    """Let the tables follow the log, for a reader: nearly always they do, and this costs a look at two files."""
    info = read_json(path / "dataset.json", DatasetInfo)
    if _behind(path, info):
        with editing(path):
            info = read_json(path / "dataset.json", DatasetInfo)
    return info


def commit(path: Path, change: Change | Undo | Redo, contents: Contents) -> Line:
    """Write a change down, then the `contents` that it leads to; to be called within `editing`."""
    info = read_json(path / "dataset.json", DatasetInfo)
    if not (path / "base.json").exists():
        info = _begin(path, info)
    line = Line(version=info.version + 1, change=change)
    append_line(path / "edits.jsonl", line.model_dump_json())
    _follow(path, info, contents, line.version)
    return line


def present(path: Path) -> Contents:
    """What is in the dataset now; to be called within `editing`."""
    info = read_json(path / "dataset.json", DatasetInfo)
    return _contents(path, read_table(path / "items.parquet", info.columns), info)


def replay(path: Path, edits: Sequence[Edit]) -> Contents:
    """Make edits one after the other to what the dataset was before the first of them."""
    if not (path / "base.json").exists():
        return present(path)
    base = read_json(path / "base.json", DatasetInfo)
    contents = _contents(path, read_table(path / "base.parquet", base.columns), base)
    contents.look_up({sha for edit in edits for sha in edit.change.named})
    for edit in edits:
        try:
            contents.make(edit.change)
        except KeyError as error:
            raise WorkspaceError(
                f"The history of {path} names the item {error}, which was never part of it. Restore "
                f"{path / 'edits.jsonl'} from a copy."
            ) from error
    return contents


def standing(lines: Sequence[Line]) -> tuple[list[Edit], list[Edit]]:
    """Tell the edits that hold from those that were undone and can be made again, the next one last."""
    done: list[Edit] = []
    undone: list[Edit] = []
    for line in lines:
        match line.change:
            case Undo():
                undone.append(done.pop())
            case Redo():
                done.append(undone.pop())
            case change:
                done.append(Edit(line.version, change))
                undone = []
    return done, undone


def lines(path: Path) -> tuple[Line, ...]:
    """Every line since the base, in order.

    Raises:
        WorkspaceError: A line is damaged, or of a kind that this Graft does not know.
    """
    log = path / "edits.jsonl"
    if not (path / "base.json").exists() or not log.exists():
        return ()
    begin = read_json(path / "base.json", DatasetInfo).edits_bytes or 0
    stat = log.stat()
    return _parsed(log, begin, stat.st_size, stat.st_mtime_ns)


def first_version(path: Path) -> int:
    """The version that the history begins with: 1, or later where a Graft added items that could not undo it."""
    known = path / ("base.json" if (path / "base.json").exists() else "dataset.json")
    return read_json(known, DatasetInfo).version


def write_addition(path: Path, number: int, items: pd.DataFrame, triage: pd.DataFrame) -> None:
    """Keep the items of an addition and what became of its files; nothing holds before it is committed."""
    write_table(path / "additions" / f"{number}.parquet", items)
    write_table(path / "additions" / f"{number}-triage.parquet", triage)


def addition(path: Path, info: DatasetInfo, number: int) -> pd.DataFrame:
    """The items that an addition brought, as they came."""
    return read_table(path / "additions" / f"{number}.parquet", info.columns)


def triage(path: Path, info: DatasetInfo) -> pd.DataFrame:
    """What became of every file that was given, in the intakes that hold."""
    files = ["triage.parquet", *(f"additions/{number}-triage.parquet" for number in info.additions)]
    tables = [read_table(path / file, TRIAGE_COLUMNS) for file in files]
    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)


def _contents(path: Path, table: pd.DataFrame, info: DatasetInfo) -> Contents:
    return Contents(table, info, partial(addition, path, info))


def _begin(path: Path, info: DatasetInfo) -> DatasetInfo:
    """Keep what the log begins with; `base.json` comes last, and says by being there that all of it is."""
    _cut_torn(path)
    info = info.model_copy(update={"edits_bytes": _size(path)})
    with replacing(path / "base.parquet") as beside:
        shutil.copyfile(path / "items.parquet", beside)
    write_json(path / "base.json", info)
    # From now on a longer log means that the tables have to follow, also in a dataset of an older Graft.
    write_json(path / "dataset.json", info)
    return info


def _follow(path: Path, info: DatasetInfo, contents: Contents, version: int) -> None:
    table = contents.table()
    write_table(path / "items.parquet", table)
    in_use = table[table["state"] == ""] if "state" in table else table
    known = {
        "task": contents.task.key,
        "value_name": contents.value_name,
        "unit": contents.unit,
        "classes": tuple(contents.classes),
        "colours": contents.colours,
        "notes": contents.notes,
        "additions": contents.additions,
        "reading": contents.reading,
        "version": version,
        "fingerprint": fingerprint(in_use),
        "edits_bytes": _size(path),
    }
    write_json(path / "dataset.json", info.model_copy(update=known))


def _heal(path: Path) -> None:
    """Let the tables follow a line that came before a crash; one that the crash tore never was."""
    info = read_json(path / "dataset.json", DatasetInfo)
    if not _behind(path, info):
        return
    _cut_torn(path)
    for unfinished in (*path.glob(".items.parquet.*"), *path.glob(".dataset.json.*")):
        unfinished.unlink(missing_ok=True)
    if _behind(path, info):
        every = lines(path)
        if not every:
            raise WorkspaceError(
                f"What {path / 'edits.jsonl'} begins with is needed: base.json and base.parquet. They are not there. "
                "Restore them from a copy."
            )
        _follow(path, info, replay(path, standing(every)[0]), every[-1].version)


def _cut_torn(path: Path) -> None:
    log = path / "edits.jsonl"
    if not log.exists():
        return
    content = log.read_bytes()
    if content and not content.endswith(b"\n"):
        os.truncate(log, content.rfind(b"\n") + 1)


def _behind(path: Path, info: DatasetInfo) -> bool:
    return info.edits_bytes is not None and _size(path) > info.edits_bytes


def _size(path: Path) -> int:
    try:
        return (path / "edits.jsonl").stat().st_size
    except FileNotFoundError:
        return 0


# A page asks for the history at every touch; the log is parsed anew only when it has changed.
@lru_cache(maxsize=4)
def _parsed(log: Path, begin: int, size: int, changed: int) -> tuple[Line, ...]:
    whole, _, _torn = log.read_bytes()[begin:size].rpartition(b"\n")
    try:
        return tuple(Line.model_validate_json(text) for text in whole.split(b"\n") if text)
    except ValidationError as error:
        raise WorkspaceError(
            f"The history {log} has a line that this Graft cannot read: {error.errors()[0]['msg']}. "
            "Use the version of Graft that wrote it, or restore the file from a copy."
        ) from error
