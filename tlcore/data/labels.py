"""Which class each file has, and which part of a split, as its place or a CSV says.

It knows paths and tables of text. It does not know pictures.

The folder that directly holds a file names its class. Folders named like the parts of a split, `train` beside `val` or
`test`, name the part instead. A CSV that names the files, or what another program exported, goes before the folders.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePosixPath
from unicodedata import normalize

from tlcore.data.annotations import (
    MOST_FILES,
    SUFFIXES_OF_EXPORTS,
    SUFFIXES_OF_TABLES,
    as_table,
    without_upload_mark,
)
from tlcore.data.pixels import SUFFIXES
from tlcore.data.tables import Table, takings

PARTS = ("", "train", "val", "test")

_SYSTEM_NAMES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "icon\r"})
_PART = re.compile(
    r"(?:(train|training|trn)|(val|valid|validation|dev)|(test|testing|tst))(?:[ _-]?(?:set|data|images|imgs|split))?"
)
LOOSE = "It lies outside the class folders, so its class is not known. Put it into a folder named for its class."


@dataclass(frozen=True)
class Place:
    """What is known about one file; a file without a class has the reason."""

    label: str = ""
    split: str = ""
    reason: str = ""
    group: str = ""


@dataclass
class Plan:
    """What is known about all of them.

    Attributes:
        places: Of every file that may be a picture, also by mistake: content decides later.
        skipped: Files that are not looked into, and rows of a CSV without a file; with the reason.
        loose: Whether no file has a class, so that a person must be asked for one.
        notes: Sentences for a person.
    """

    places: dict[PurePosixPath, Place] = field(default_factory=dict)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    loose: bool = False
    notes: list[str] = field(default_factory=list)


def part_of(name: str) -> str:
    """The part of a split that a name says: `train`, `val`, `test`, or nothing."""
    match = _PART.fullmatch(name.strip().casefold())
    if match is None:
        return ""
    return "train" if match[1] else "val" if match[2] else "test"


def plan(
    paths: Sequence[PurePosixPath],
    read: Callable[[PurePosixPath], bytes],
    label: str | None = None,
    known: Mapping[PurePosixPath, Place] | None = None,
) -> Plan:
    """Find the class and the part of every file; `label` is for files that nothing else gives a class.

    `read` gives the bytes of a file; it is called for tables only. `known` has the files that brought their class with
    them, as the rows of a Parquet file do; nothing is asked about those.
    """
    found, known = Plan(), known or {}
    files = []
    for path in paths:
        if path in known:
            continue
        if any(part.casefold() in _SYSTEM_NAMES or part.startswith(".") for part in path.parts):
            found.skipped.append((str(path), "The operating system made this file; it is not a picture of yours."))
        else:
            files.append(path)
    tables = _tables(files, read)
    others = [path for path in files if path not in tables]
    by_folder = _from_folders(others)
    by_table = _from_tables(tables, others, by_folder, found)
    if by_table:
        found.places = {path: _with_label(by_table.get(path), label) for path in others}
    else:
        unused = "This table was not used: the folders name the classes."
        found.skipped += [(str(path), table.fault or unused) for path, table in tables.items()]
        found.places = {path: _with_label(place, label) for path, place in by_folder.items()}
    found.places |= {path: _with_label(place, label) for path, place in known.items()}
    likely = [place for path, place in found.places.items() if path.suffix.casefold() in SUFFIXES]
    found.loose = not any(place.label for place in likely or found.places.values())
    _val_without_test(found)
    return found


def _tables(files: Sequence[PurePosixPath], read: Callable[[PurePosixPath], bytes]) -> dict[PurePosixPath, Table]:
    """Every file that may say which class others have, read."""
    exports = [path for path in files if path.suffix.casefold() in SUFFIXES_OF_EXPORTS]
    few = exports if len(exports) <= MOST_FILES else []
    likely = [path for path in files if path.suffix.casefold() in SUFFIXES_OF_TABLES]
    read_in = ((path, as_table(path, read(path))) for path in (*likely, *few))
    return {path: table for path, table in read_in if table is not None}


def _with_label(place: Place | None, label: str | None) -> Place:
    if place is None:
        place = Place(reason="The table does not name this file, so its class is not known.")
    if place.label or not label:
        return place
    return Place(label, place.split, group=place.group)


def _val_without_test(found: Plan) -> None:
    splits = {place.split for place in found.places.values() if place.label}
    if "val" in splits and "test" not in splits:
        found.places = {
            path: replace(place, split="test") if place.split == "val" else place
            for path, place in found.places.items()
        }
        found.notes.append(
            "The pictures come with a validation part but no test part. The validation part is used as the test part, "
            "and validation pictures are drawn from the training part."
        )
    if splits & {"val", "test"}:
        found.notes.append("The split into parts that the pictures came with is kept.")


# === Folders ===


def _from_folders(paths: Sequence[PurePosixPath]) -> dict[PurePosixPath, Place]:
    likely = [path for path in paths if path.suffix.casefold() in SUFFIXES] or paths
    levels = _split_levels(likely)
    places = {path: _place(path, levels) for path in paths}
    if any(place.label for place in places.values()):
        return places
    # cats/train/1.jpg: the parts are inside the classes. One such folder is a wrapping, not a class.
    outer = {path: _place(path, levels, outward=True) for path in paths}
    return outer if len({outer[path].label for path in likely} - {""}) > 1 else places


def _split_levels(paths: Sequence[PurePosixPath]) -> set[PurePosixPath]:
    """Find the folders with `train` and another part in them, as parts, not as classes that happen to be named so."""
    children: dict[PurePosixPath, set[str]] = defaultdict(set)
    holding: set[PurePosixPath] = set()
    for folder in {path.parent for path in paths}:
        holding.add(folder)
        for above in (folder, *folder.parents):
            if above.name:
                children[above.parent].add(above.name)
    levels = set()
    for parent, names in children.items():
        parts = {part_of(name) for name in names} - {""}
        if "train" not in parts or len(parts) < 2:
            continue
        # {bus, car, train, test}, all full of pictures and flat: vehicles, not a split.
        flat = all(not children.get(parent / name) for name in names if part_of(name))
        if flat and any(not part_of(name) and parent / name in holding for name in names):
            continue
        levels.add(parent)
    return levels


def _place(path: PurePosixPath, levels: set[PurePosixPath], *, outward: bool = False) -> Place:
    split = label = ""
    for folder in path.parents:
        if not folder.name:
            break
        is_part = folder.parent in levels and part_of(folder.name)
        if is_part:
            split = split or part_of(folder.name)
        elif not label and (outward or folder == path.parent):
            label = folder.name.strip()
    return Place(label, split, "" if label else LOOSE)


# === Tables ===


def _from_tables(
    tables: Mapping[PurePosixPath, Table],
    paths: Sequence[PurePosixPath],
    by_folder: Mapping[PurePosixPath, Place],
    found: Plan,
) -> dict[PurePosixPath, Place]:
    """Take what the tables say; empty where none of them names the files and their classes."""
    index = index_of(paths)
    # Of each file, how well the best row fits its path, and what the rows that fit so well say.
    said: dict[PurePosixPath, tuple[int, set[Place]]] = {}
    notes, skipped, used = [], [], set()
    folders_name_classes = len({place.label for place in by_folder.values()} - {""}) > 1
    for path, table in tables.items():
        taken = takings(table, partial(_names_one, folder=path.parent, index=index), part_of)
        if taken is None or (folders_name_classes and not taken.sure):
            continue
        used.add(path)
        notes.append(taken.sentence(str(path)))
        for row in taken.table.rows:
            name, label = taken.table.cell(row, taken.file), normalize("NFC", taken.table.cell(row, taken.label))
            file, fit = find_file(name, path.parent, index)
            if file is None:
                skipped.append((f"{path}: {name}", "The table names this file, but it is not there."))
                continue
            said_part = taken.table.cell(row, taken.split) if taken.split is not None else path.stem
            split = part_of(said_part) or by_folder[file].split
            group = taken.table.cell(row, taken.group) if taken.group is not None else ""
            best, places = said.get(file, (fit, set()))
            if fit >= best:
                place = Place(label, split, "" if label else "The table gives this file no class.", group)
                said[file] = (fit, {*places, place} if fit == best else {place})
    if folders_name_classes and len(said) < len(by_folder) / 2:
        return {}
    found.notes += notes
    found.skipped += skipped
    unused = "No column of this table names the pictures."
    found.skipped += [(str(path), table.fault or unused) for path, table in tables.items() if path not in used]
    return {path: _agreed(places) for path, (_, places) in said.items()}


def _agreed(places: set[Place]) -> Place:
    labels = sorted({place.label for place in places} - {""})
    if len(labels) > 1:
        return Place(reason=f"The table gives this file more than one class: {', '.join(labels)}.")
    # Named twice with one class: as elsewhere, the part that training does not see is kept.
    return max(places, key=lambda place: (bool(place.label), PARTS.index(place.split)))


def index_of(paths: Sequence[PurePosixPath]) -> dict[str, list[PurePosixPath]]:
    """Find files by their name, with and without suffix."""
    index: dict[str, list[PurePosixPath]] = defaultdict(list)
    for path in paths:
        for name in {path.name.casefold(), path.stem.casefold()}:
            index[name].append(path)
    return index


def _names_one(text: str, *, folder: PurePosixPath, index: Mapping[str, list[PurePosixPath]]) -> bool:
    return find_file(text, folder, index)[0] is not None


def find_file(
    text: str, folder: PurePosixPath, index: Mapping[str, list[PurePosixPath]]
) -> tuple[PurePosixPath | None, int]:
    """Find the one file that a cell names, and how many folders of its path agree with what the cell says.

    Tables name files from where they lie, from the top or from a place on another machine; the end of the path tells.
    """
    wanted = [part for part in normalize("NFC", text).replace("\\", "/").split("/") if part not in {"", ".", ".."}]
    name = wanted[-1].strip().casefold() if wanted else ""
    files = index.get(name) or index.get(without_upload_mark(name), [])
    if not files:
        return None, 0
    full = [*folder.parts, *wanted]
    fits = {file: (_agreeing(file, wanted), _agreeing(file, full)) for file in files}
    best = max(fits.values())
    chosen = [file for file, fit in fits.items() if fit == best]
    return (chosen[0], best[0]) if len(chosen) == 1 else (None, 0)


def _agreeing(file: PurePosixPath, parts: Sequence[str]) -> int:
    count = 0
    for ours, theirs in zip(reversed(file.parts[:-1]), reversed(parts[:-1]), strict=False):
        if ours != theirs:
            break
        count += 1
    return count
