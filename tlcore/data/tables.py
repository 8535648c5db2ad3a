"""Which column of a CSV names the files, which the class and which the part of a split, whatever they are called.

It knows tables of text. It does not know where the files are; it asks.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from tlcore.data.pixels import SUFFIXES

# What label columns are called, the surest first.
LABEL_NAMES = (
    "label", "labels", "class", "classes", "class_name", "classname", "label_name", "category", "target", "y",
    "class_id", "label_id", "diagnosis", "dx", "species", "breed", "type", "kind", "choice", "tag", "tags", "group",
    "name",
)  # fmt: skip
# Pictures of one group stay on one side of every split.
GROUP = "group"
_ENCODINGS = ("utf-8-sig", "cp1252", "latin-1")
_MOST_CLASSES_SHARE = 0.5


@dataclass(frozen=True)
class Table:
    """Rows of text; `header` is empty where the first row is already a picture's.

    Attributes:
        origin: Which program's words these are, where the columns are not the file's own.
        fault: Why there are no rows, in a sentence.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    origin: str = ""
    fault: str = ""

    @property
    def width(self) -> int:
        return max((len(row) for row in (self.header, *self.rows)), default=0)

    @staticmethod
    def cell(row: Sequence[str], column: int) -> str:
        return row[column].strip() if column < len(row) else ""

    def name(self, column: int) -> str:
        return f"'{self.header[column]}'" if column < len(self.header) else f"number {column + 1}"


@dataclass(frozen=True)
class Taken:
    """The columns that were taken; `sure` where the label column is called what such columns are called."""

    table: Table
    file: int
    label: int
    split: int | None
    group: int | None
    sure: bool

    def sentence(self, source: str) -> str:
        if self.table.origin:
            return f"The classes come from {source}: {self.table.origin}."
        part = "" if self.split is None else f", column {self.table.name(self.split)} the part of the split"
        return (
            f"The classes come from {source}: column {self.table.name(self.file)} names the file, "
            f"column {self.table.name(self.label)} the class{part}."
        )


def read_table(content: bytes) -> Table:
    """Read a CSV of any encoding and separator that are common; what cannot be read has no rows."""
    text = _decode(content)
    try:
        separator = csv.Sniffer().sniff(text[:64_000], ",;\t|").delimiter
    except csv.Error:
        separator = ","
    try:
        rows = [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(row)]
    except csv.Error:
        rows = []
    return Table(rows[0], tuple(rows[1:])) if rows else Table((), ())


def _decode(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return ""


def takings(table: Table, is_file: Callable[[str], bool], part_of: Callable[[str], str]) -> Taken | None:
    """Choose the columns; nothing where none names the files or none is left to name the class.

    The table that was taken has no header where the first row turned out to be a picture's.
    """
    file = file_column(table, is_file)
    if file is None:
        return None
    if is_file(table.cell(table.header, file)):
        table = Table((), (table.header, *table.rows), table.origin)
    others = [column for column in range(table.width) if column != file]
    values = {column: [value for row in table.rows if (value := table.cell(row, column))] for column in others}
    split = next((column for column in others if _says_parts(values[column], part_of)), None)
    candidates = [column for column in others if column != split and values[column]]
    if not candidates:
        return None
    label = max(candidates, key=lambda column: (_label_score(table, column, values[column]), -column))
    named = _named(table, label) in LABEL_NAMES
    group = next((column for column in others if column != label and _named(table, column) == GROUP), None)
    return Taken(table, file, label, split, group if named else None, named)


def _named(table: Table, column: int) -> str:
    return table.header[column].strip().casefold() if column < len(table.header) else ""


def file_column(table: Table, is_file: Callable[[str], bool]) -> int | None:
    """The column that names the files; None where none does."""
    best, most = None, 0
    for column in range(table.width):
        values = {value for row in table.rows if (value := table.cell(row, column))}
        if table.header:  # a lone row may be all there is
            values.add(table.cell(table.header, column))
        # Different names count, not rows: a column of 0 and 1 also "names" 0.jpg and 1.jpg.
        matched = sum(is_file(value) for value in values)
        looks_like_files = sum(PurePosixPath(value).suffix.casefold() in SUFFIXES for value in values) > len(values) / 2
        if matched > most and (looks_like_files or matched >= (len(values) - 1) / 2):
            best, most = column, matched
    return best


def _says_parts(values: Sequence[str], part_of: Callable[[str], str]) -> bool:
    different = set(values)
    return len(different) > 1 and all(part_of(value) for value in different)


def _label_score(table: Table, column: int, values: Sequence[str]) -> float:
    """Rate how much a column looks like classes: by its name, else by few values that come back and are words."""
    name = _named(table, column).replace(" ", "_")
    if name in LABEL_NAMES:
        return 100.0 - LABEL_NAMES.index(name)
    different = len(set(values))
    score = 0.0
    if any(hint in name for hint in ("label", "class", "categ")):
        score += 50
    if 1 < different <= max(2, _MOST_CLASSES_SHARE * len(values)):
        score += 10 - 5 * different / len(values)
    if not any(_is_number(value) for value in list(set(values))[:100]):
        score += 4
    return score


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
