"""What the tables of a source say of its files: which table counts, and the class, part and group of each file.

It knows tables and the places of files. It does not read bytes, nor does it know folders that name classes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath

from tlcore.data.column_facts import CLASS_NAMES, ColumnFacts, facts_of, file_column
from tlcore.data.column_roles import ColumnRoles
from tlcore.data.file_names import ColumnMatches, FileIndex
from tlcore.data.import_plan import (
    NO_COLUMN,
    Column,
    ImportChoices,
    Question,
    Reading,
    TableSeen,
)
from tlcore.data.label_cells import MULTILABEL, REGRESSION
from tlcore.data.label_columns import choose_roles, use_column
from tlcore.data.label_tasks import Taking
from tlcore.data.tables import Table
from tlcore.data.value_kinds import part_in, part_of
from tlcore.errors import DataError
from tlcore.modalities import NOUN
from tlcore.tasks import find_task

_SHOWN_ROWS = 5
_LOOKED_AT = 100
_FORM = re.compile(r"submi(?:ssion|t)|sample_?sub|placeholder|template")


@dataclass
class LabelTable:
    """One table, its columns told apart.

    Attributes:
        path: Where it lies in the source.
        table: As it was read; without a header where the first row is a file's.
        roles: What its columns were taken for; None where none names the files.
        columns: What is in each.
        files: Of each row, the file that it names, and how many folders of its path agree.
        missing: Names of files that are not there, or that several files have.
        matches: How the names were matched.
        choices: What a person chose.
        file_column: The place of the column that names the files.
    """

    path: PurePosixPath
    table: Table
    roles: ColumnRoles | None = None
    columns: list[ColumnFacts] = field(default_factory=list)
    files: list[tuple[PurePosixPath, int]] = field(default_factory=list)
    missing: list[tuple[str, bool]] = field(default_factory=list)
    matches: ColumnMatches = field(default_factory=lambda: ColumnMatches({}))
    choices: ImportChoices = field(default_factory=ImportChoices)
    file_column: int = 0

    @property
    def title(self) -> str:
        """Name the table: its path, and the sheet where a workbook has several."""
        return f"{self.path} / {self.table.sheet}" if self.table.sheet else str(self.path)

    @property
    def usable(self) -> bool:
        """Tell whether it gives classes."""
        return self.roles is not None and self.roles.label is not None and not self.roles.refusal

    @cached_property
    def class_of(self) -> dict[PurePosixPath, str]:
        """Give the label of each file; files that have several, or none of the labels, are missing."""
        best: dict[PurePosixPath, tuple[int, str]] = {}
        several = set()
        for (file, fit), label in zip(self.files, self.roles.labels if self.roles else (), strict=False):
            known = best.get(file)
            if not label or (known and known[0] > fit):
                continue
            if known and known[0] == fit and known[1] != label:
                several.add(file)
            elif known and known[0] < fit:
                several.discard(file)
            best[file] = (fit, label)
        return {file: label for file, (_, label) in best.items() if file not in several}

    @property
    def names_class_exactly(self) -> bool:
        """Tell whether the column of the class is called what such columns are called."""
        return self.usable and self.roles is not None and self.columns[self.roles.label or 0].key in CLASS_NAMES

    @property
    def is_submission(self) -> bool:
        """Tell whether its name says that it is a form to fill in, as competitions hand out."""
        return _FORM.search(self.path.stem.casefold()) is not None

    @property
    def fault(self) -> str:
        """Say why it gives no classes, in a sentence; empty where it does."""
        if self.table.fault:
            return self.table.fault
        if self.roles is None:
            return f"No column of this table names the {NOUN.many}."
        if self.roles.refusal:
            return f"It does not label the {NOUN.many}: {self.roles.refusal}."
        if self.roles.placeholder:
            return f"Every {NOUN.one} has the same value in it, as in a sample submission, so it says nothing."
        if self.usable:
            return ""
        numbers = [column.name for column in self.columns if column.kind == "decimal numbers"]
        more = (
            f" Column '{numbers[0]}' has numbers: choose it and the task if it is to be predicted." if numbers else ""
        )
        return f"No column of this table looks like classes: few values that come back.{more}"

    def seen(self, *, used: bool, reason: str = "") -> TableSeen:
        """Show the table with what its columns were taken for."""
        roles: dict[int, str] = {}
        if self.roles is not None:
            taken = {"file": self.roles.file, "split": self.roles.split, "group": self.roles.group}
            roles = {column: role for role, column in taken.items() if column is not None}
            if used:
                roles |= dict.fromkeys(self.roles.class_columns, "class")
        columns = tuple(
            Column(facts.name, roles.get(facts.index, ""), facts.told)  # type: ignore[arg-type]
            for facts in self.columns or facts_of(self.table, self.table.rows[:1000])
        )
        return TableSeen(
            path=self.title,
            columns=columns,
            rows=self.table.rows[:_SHOWN_ROWS],
            count=len(self.table.rows),
            encoding=self.table.encoding,
            guessed=self.table.guessed,
            delimiter=self.table.delimiter,
            used=used,
            reason=reason,
            program=self.table.origin,
        )

    def values(self) -> dict[PurePosixPath, dict[str, str]]:
        """Give what the table says of each file beside the file itself, by the titles of its columns."""
        if self.roles is None:
            return {}
        titled = [column for column in self.columns if column.title and column.index != self.roles.file]
        return {
            file: {_kept(column.title): column.values[row] for column in titled}
            for row, (file, _) in enumerate(self.files)
            if titled
        }

    def unmatched(self) -> list[tuple[str, str]]:
        """List the rows whose file is not there, each with the reason."""
        reasons = ("The table names this file, but it is not there.", "Several files have this name.")
        return [(f"{self.title}: {name}", reasons[several]) for name, several in self.missing]

    def question(self) -> Question | None:
        """Ask which of several columns is the class; None where one is."""
        if self.roles is None or self.roles.label is None:
            return None
        if self.roles.rivals:
            readings = [self._reading(column) for column in (self.roles.label, *self.roles.rivals)]
            noun = "number" if self.roles.task == REGRESSION else "class"
            return Question(f"Several columns of {self.title} could be the {noun}.", tuple(readings))
        if self.roles.options:
            return Question(self.roles.doubt, tuple(self._option(title, one) for title, one in self.roles.options))
        if self.roles.doubt:
            return Question(self.roles.doubt, (self._reading(self.roles.label),))
        return None

    def others(self) -> list[Reading]:
        """Give what the labels could be for as well, where nothing is asked."""
        return [self._option(title, one) for title, one in self.roles.others] if self.roles else []

    def _option(self, title: str, choices: ImportChoices) -> Reading:
        """Give an answer to the doubt, with what comes of it."""
        roles = roles_of(self, replace(self.choices, **{k: v for k, v in vars(choices).items() if v}))
        said: dict[PurePosixPath, set[str]] = {}
        for (file, _), label in zip(self.files, roles.labels, strict=True):
            said.setdefault(file, set()).update([label] if label else [])
        sure = [next(iter(labels)) for labels in said.values() if len(labels) == 1]
        counts = Counter(name for label in sure for name in find_task(roles.task).names(label))
        return Reading(title, choices, dict(counts.most_common()))

    def _reading(self, column: int) -> Reading:
        facts = self.columns[column]
        choice = ImportChoices(label_column=facts.name)
        if self.roles is not None and self.roles.task == REGRESSION:
            return Reading(f"Column '{facts.name}'", replace(choice, task=REGRESSION))
        if self.roles is not None and column == self.roles.label:
            counts = Counter(label for label in self.roles.labels if label)
        else:
            counts = facts.counts
        shown = ", ".join(label for label, _ in counts.most_common(4)) + (", …" if len(counts) > 4 else "")
        return Reading(f"Column '{facts.name}': {shown}", choice, dict(counts.most_common()))

    def sentence(self) -> str:
        """Say which columns were taken, for the notes of the dataset."""
        if self.roles is None:
            return ""
        labels, one = {REGRESSION: ("numbers", "number"), MULTILABEL: ("labels", "labels")}.get(
            self.roles.task, ("classes", "class")
        )
        if self.table.origin:
            return f"The {labels} come from {self.title}: {self.table.origin}."
        part = "" if self.roles.split is None else f", {_called(self.columns[self.roles.split])} the part of the split"
        group = "" if self.roles.group is None else f", {_called(self.columns[self.roles.group])} the group"
        file = _called(self.columns[self.roles.file])
        if self.roles.reading.way == "flags":
            return f"The {labels} come from {self.title}: {file} names the file, {self.roles.taken}{part}{group}."
        return f"The {labels} come from {self.title}: {file} names the file, {self.roles.taken} the {one}{part}{group}."


def read_label_table(path: PurePosixPath, table: Table, names: FileIndex, choices: ImportChoices) -> LabelTable:
    """Match a table's rows with the files, and tell its columns apart.

    Raises:
        DataError: A column that was chosen is not there.
    """
    found = LabelTable(path, table, choices=choices)
    found.columns = facts_of(table, table.rows)
    part = part_in(path.stem)[0]
    matches = {one.index: names.match_column(one.values, path.parent, part) for one in found.columns}
    # The title of a column is a file's name where a table has no titles.
    titles = {one.title for one in found.columns if names.find(one.title, path.parent).file is not None}
    file = _chosen(found, choices.file_column)
    if file is None:
        file = file_column(found.columns, {column: titles.union(files.files) for column, files in matches.items()})
    if file is None:
        several = [
            one
            for one, its in matches.items()
            if 2 * sum(each.several for each in its.matches.values()) > len(its.matches)
        ]
        file = next((one for one in several if _with_folder(found, found.columns[one].values, names)), None)
    if file is None:
        return found
    found.matches, header = matches[file], table.header
    if table.header and table.cell(table.header, file) in titles:
        table = found.table = table.without_header()
        found.matches = names.match_column([table.cell(row, file) for row in table.rows], path.parent, part)
    cells = [table.cell(row, file) for row in table.rows]
    if 2 * sum(match.several for match in found.matches.matches.values()) > len(found.matches.matches):
        cells = _with_folder(found, cells, names) or cells
    rows = []
    for cell, row in zip(cells, table.rows, strict=True):
        match = found.matches.find(cell)
        if match.file is None:
            found.missing.append((cell, match.several))
        else:
            found.files.append((match.file, match.fit))
            rows.append(row)
    if table.header != header or len(rows) < len(table.rows):
        found.columns = facts_of(table, rows)
    found.file_column = file
    found.roles = roles_of(found, choices)
    return found


def roles_of(found: LabelTable, choices: ImportChoices) -> ColumnRoles:
    """Tell what the columns of a table are for, by what is in them and by what a person chose."""
    files = [file for file, _ in found.files]
    roles = choose_roles(found.columns, found.file_column, files, found.path.stem, choices)
    if found.table.objects:
        roles = ColumnRoles(found.file_column, parts=[""] * len(files))
        Taking(roles, found.columns, files, choices).objects(found.columns[1], f"This is {found.table.objects}")
    _apply(found, roles, choices)
    return roles


def same_task(tables: Sequence[LabelTable]) -> None:
    """Read tables of the same columns for the same task: in one of them, no item may have several labels."""
    by_titles: dict[tuple[str, ...], list[LabelTable]] = {}
    for table in tables:
        if table.usable:
            by_titles.setdefault(tuple(column.title.casefold() for column in table.columns), []).append(table)
    for alike in by_titles.values():
        tasks = {table.roles.task for table in alike if table.roles}
        task = next((task for task in (MULTILABEL, REGRESSION) if task in tasks), "")
        for table in alike:
            if task and len(tasks) > 1 and table.roles and table.roles.task != task:
                table.roles = roles_of(table, replace(table.choices, task=task))


def _with_folder(found: LabelTable, cells: Sequence[str], names: FileIndex) -> list[str]:
    """Put a column of folders before the names of files where several files have each name; empty where none fits."""

    def joined(column: ColumnFacts, rows: int | None = None) -> list[str]:
        return [f"{folder}/{cell}" for folder, cell in zip(column.values[:rows], cells[:rows], strict=False)]

    for column in found.columns:
        some = joined(column, _LOOKED_AT)
        matches = names.match_column(some, found.path.parent).matches.values()
        if len(column.values) != len(cells) or 2 * sum(match.fit > 0 for match in matches) <= len(some):
            continue
        whole = joined(column)
        found.matches = names.match_column(whole, found.path.parent)
        if 2 * len(found.matches.files) > len(whole):  # not one file in each folder
            return whole
    return []


def _apply(found: LabelTable, roles: ColumnRoles, choices: ImportChoices) -> None:
    """Put the columns that a person chose in the place of those that evidence chose."""
    if choices.split_column is not None:
        roles.split = _chosen(found, choices.split_column)
        values = found.columns[roles.split].values if roles.split is not None else ("",) * len(found.files)
        roles.parts = [part_of(value) for value in values]
    if choices.group_column is not None:
        roles.group = _chosen(found, choices.group_column)
    label = _chosen(found, choices.label_column)
    if label is not None:
        use_column(roles, found.columns, found.columns[label], [file for file, _ in found.files], choices)
    for taken in ("split", "group"):
        if getattr(roles, taken) == roles.label is not None:
            setattr(roles, taken, None)


def _chosen(found: LabelTable, name: str | None) -> int | None:
    """Find a column by its title or its number; None where none was chosen or the table has no such column."""
    if name is None or name == NO_COLUMN:
        return None
    for same in (str.strip, lambda text: text.strip().casefold()):
        for column in found.columns:
            if column.title and same(column.title) == same(name):
                return column.index
    number = int(name) if name.strip().isdecimal() else 0
    return number - 1 if 0 < number <= len(found.columns) else None


def check_columns(tables: Sequence[LabelTable], choices: ImportChoices) -> None:
    """Refuse a column that no table has.

    Raises:
        DataError: It lists the columns that there are.
    """
    for name in (choices.file_column, choices.label_column, choices.split_column, choices.group_column):
        if name is None or name == NO_COLUMN or any(_chosen(table, name) is not None for table in tables):
            continue
        there = "; ".join(f"{table.title}: {', '.join(one.name for one in table.columns)}" for table in tables)
        raise DataError(
            f"The name or the number of a column is needed. No table has '{name}'. "
            + (f"There is {there}." if there else "There is no table.")
        )


def _called(column: ColumnFacts) -> str:
    return f"column '{column.title}'" if column.title else f"column number {column.name}"


def _kept(title: str) -> str:
    """Keep the name of the key of every table of ours free."""
    return f"{title} (of the table)" if title == "sha256" else title
