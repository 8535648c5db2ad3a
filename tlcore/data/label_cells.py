"""What the cells of a table say of each file, as the label of a task: one class, any number of labels, or a number.

It knows columns that were chosen and how labels are written (`tlcore.tasks`). It does not choose columns, which is
`label_columns`', nor does it know files.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tlcore.data.column_facts import ColumnFacts
from tlcore.data.number_format import POINT, is_missing, read_number
from tlcore.data.value_kinds import labels_in, truth
from tlcore.tasks import find_task
from tlcore.tasks.multilabel.labels import join

CLASSIFICATION, MULTILABEL, REGRESSION = "classification", "multilabel", "regression"
# What a label is called where a file has none, and where it has two different ones.
NOUNS = {CLASSIFICATION: "class", MULTILABEL: "set of labels", REGRESSION: "number"}
MISSING = {CLASSIFICATION: "no class", MULTILABEL: "no labels", REGRESSION: "no number"}
UNKNOWN = {CLASSIFICATION: "its class is", MULTILABEL: "its labels are", REGRESSION: "its number is"}
NONE, UNLABELED = "none", "unlabeled"
Way = Literal["cell", "list", "flags", "cells", "rows", "number", "count"]


@dataclass(frozen=True)
class CellLabel:
    """What a row says of its file.

    Attributes:
        text: The label, as its task writes it.
        none: Whether the file is said to have none of the labels.
        fault: Why the row cannot be read, in a sentence; empty where it can, or says nothing.
    """

    text: str = ""
    none: bool = False
    fault: str = ""

    @property
    def known(self) -> bool:
        """Tell whether the row labels its file."""
        return bool(self.text) or self.none


@dataclass(frozen=True)
class LabelReading:
    """How labels are read from the columns of a table.

    Attributes:
        task: A key of `tasks.TASKS`.
        way: `cell`, one class in a cell; `list`, labels in a cell; `flags`, a column for each label; `cells`, labels in
            cells beside each other; `rows`, a row for each label of a file; `number`; `count`, a row for each object.
        columns: The places of the columns.
        separator: Between the labels of a list.
        decimal: The sign before the fraction of a number.
        blank: What an empty cell means where labels are several: `none` of them, or `unlabeled`.
        ticked: Whether an empty cell among flags says no, as in a list that is ticked off.
    """

    task: str = CLASSIFICATION
    way: Way = "cell"
    columns: tuple[int, ...] = ()
    separator: str = ""
    decimal: str = POINT
    blank: str = UNLABELED
    ticked: bool = False

    def read(self, columns: Sequence[ColumnFacts], files: Sequence[Hashable]) -> list[CellLabel]:
        """Read the label of every row.

        Args:
            columns: Of the whole table.
            files: Of each row, the file that it names.
        """
        taken = [columns[place] for place in self.columns]
        first = taken[0]
        if self.way == "number":
            return [_number(text, first.name, self.decimal) for text in first.values]
        if self.way in {"rows", "count"}:
            return self._joined(first, files)
        if self.way == "cell":
            # A class is given as it is written; one label of several may have to be marked.
            found = [[text] if text else [] for text in first.values]
        elif self.way == "list":
            found = [labels_in(text, self.separator) for text in first.values]
        elif self.way == "cells":
            found = [[text for text in row if text] for row in zip(*(one.values for one in taken), strict=True)]
        else:
            return self._flags(taken)
        said = [row in first.empty_lists or bool(text) for row, text in enumerate(first.values)]
        return [self._of(labels, said=one) for labels, one in zip(found, said, strict=True)]

    def _of(self, labels: Sequence[str], *, said: bool) -> CellLabel:
        """Make a label of the names that a row gives; `said` where the row says something, be it that there is none."""
        if self.task == MULTILABEL:
            return CellLabel(join(labels), none=not labels and (said or self.blank == NONE))
        different = sorted(set(labels))
        if len(different) > 1:
            return CellLabel(fault=f"The table gives this file more than one class: {', '.join(different)}.")
        return CellLabel(different[0] if different else "")

    def _flags(self, taken: Sequence[ColumnFacts]) -> list[CellLabel]:
        reading = replace(self, blank=UNLABELED)
        said = map(any, zip(*(column.values for column in taken), strict=True))
        return [
            reading._of(labels, said=self.ticked or one)
            for labels, one in zip(labels_of_flags(taken), said, strict=True)
        ]

    def _joined(self, column: ColumnFacts, files: Sequence[Hashable]) -> list[CellLabel]:
        """Join the rows of each file, so that each of them has the label of the whole file."""
        by_file: dict[Hashable, list[str]] = {}
        for file, text in zip(files, column.values, strict=True):
            by_file.setdefault(file, []).extend([text] if text else [])
        if self.way == "count":
            return [CellLabel(repr(float(len(by_file[file])))) for file in files]
        whole = {file: self._of(labels, said=False) for file, labels in by_file.items()}
        return [whole[file] for file in files]


def labels_of_flags(columns: Sequence[ColumnFacts]) -> list[list[str]]:
    """List the names of the columns that say yes in each row, where each column stands for one label."""
    found: list[list[str]] = [[] for _ in columns[0].values]
    for column in columns:
        yes = {text for text in column.counts if truth(text) is not False}
        for labels, value in zip(found, column.values, strict=True) if yes else ():
            if value in yes:
                labels.append(column.name)
    return found


def _number(text: str, column: str, decimal: str) -> CellLabel:
    if is_missing(text):
        return CellLabel()
    value = read_number(text, decimal)
    if value is None:
        return CellLabel(fault=f"A number is needed in column '{column}', but it says '{text[:60]}'.")
    try:
        return CellLabel(find_task(REGRESSION).read(repr(value)))
    except ValueError as error:
        return CellLabel(fault=f"In column '{column}', {error}.")
