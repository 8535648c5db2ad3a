"""What is in a dataset at one version, in memory, where one change after the other is made to it.

It knows what each change does. It does not know files, but for the tables of added items that it asks for, nor
whether a change makes sense; that is `fitting`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.data.edits.types import (
    Add,
    AddLabel,
    Change,
    ChangeTask,
    Colour,
    Delete,
    Exclude,
    Group,
    MergeClasses,
    Relabel,
    RemoveLabel,
    RenameClass,
    Restore,
    SetLabels,
    SetReading,
    SetValues,
)
from tlcore.data.info import DatasetInfo, places
from tlcore.items import Reading
from tlcore.tasks import Task, find_task
from tlcore.tasks.conversion import converted
from tlcore.tasks.multilabel.labels import with_label, without_label

IN_USE, EXCLUDED, DELETED = STATES = ("", "excluded", "deleted")
Rows = npt.NDArray[np.int64]


class _Words:
    """A column of text as numbers of its few words: quick to change and to count."""

    def __init__(self, column: pd.Series[Any]) -> None:
        codes, words = pd.factorize(column.fillna(""))
        self.codes = codes.astype(np.int64)
        self.words = [str(word) for word in words]
        self._numbers = {word: number for number, word in enumerate(self.words)}

    def number(self, word: str) -> int:
        if word not in self._numbers:
            self._numbers[word] = len(self.words)
            self.words.append(word)
        return self._numbers[word]

    def put(self, rows: Rows, words: Iterable[str]) -> None:
        self.codes[rows] = [self.number(word) for word in words]

    def change(self, changed: Callable[[str], str], rows: Rows | None = None) -> None:
        """Change every word, or those of some rows."""
        there = np.unique(self.codes if rows is None else self.codes[rows])
        to = np.arange(len(self.words))
        to[there] = [self.number(changed(self.words[code])) for code in there]
        self.codes[slice(None) if rows is None else rows] = to[self.codes if rows is None else self.codes[rows]]

    def column(self) -> Any:
        return pd.array(self.words, dtype="str").take(self.codes)


class Contents:
    """The items and classes of a dataset.

    Args:
        table: The columns of a dataset's items, and `state` where an item is out of use.
        info: Whose classes, colours, notes, additions and reading hold for the table.
        added: Gives the table of the items that came with an addition, by its number.
    """

    def __init__(self, table: pd.DataFrame, info: DatasetInfo, added: Callable[[int], pd.DataFrame]) -> None:
        self.classes = list(info.classes)
        self.colours = dict(info.colours)
        self.notes = info.notes
        self.additions = info.additions
        self.reading, self.modality = info.reading, info.kind
        self._columns = list(info.columns)
        self.task = find_task(info.task)
        self.value_name, self.unit = info.value_name, info.unit
        self._added = added
        self._sought: set[str] = set()
        self._take(table)

    def _take(self, table: pd.DataFrame) -> None:
        self._table = table
        self._labels, self._groups = _Words(table["label"]), _Words(table["group"])
        self._states = _Words(table["state"] if "state" in table else pd.Series([""] * len(table), dtype="str"))
        self._places: dict[str, int] = {}
        if self._sought:
            self.look_up(self._sought)
        self._count()

    def look_up(self, shas: Iterable[str]) -> None:
        """Find items ahead of the changes that name them: many at once take hardly longer than one."""
        self._sought |= set(shas)
        rows = places(self._sought, self._table["sha256"])
        self._places = {sha: int(row) for sha, row in zip(self._sought, rows, strict=True) if row >= 0}

    def without(self, shas: Collection[str]) -> list[str]:
        """Those of the items that are not there."""
        self.look_up(shas)
        return [sha for sha in shas if sha not in self._places]

    def labels(self, shas: Collection[str]) -> list[str]:
        return [self._labels.words[code] for code in self._labels.codes[self._rows(shas)]]

    def groups(self, shas: Collection[str]) -> list[str]:
        return [self._groups.words[code] for code in self._groups.codes[self._rows(shas)]]

    def states(self, shas: Collection[str]) -> list[str]:
        return [self._states.words[code] for code in self._states.codes[self._rows(shas)]]

    def concerned(self) -> int:
        """Count the items that decide together how they are read, of those that are not deleted."""
        settling = self.modality.settling
        return int((self._there() & settling.concerns(self._table).to_numpy()).sum()) if settling else 0

    def _there(self) -> npt.NDArray[np.bool_]:
        there: npt.NDArray[np.bool_] = self._states.codes != self._states.number(DELETED)
        return there

    def in_use(self) -> int:
        """Count the items that are neither excluded nor deleted."""
        return self._used

    def table(self) -> pd.DataFrame:
        """Every item; with a column `state` only where one is out of use, as in a dataset that knows no edits."""
        table = self._table.assign(label=self._labels.column(), group=self._groups.column())[self._columns]
        return table if self.in_use() == len(table) else table.assign(state=self._states.column())

    def make(self, change: Change) -> None:
        """Make a change that fits; every item and class in it is there."""
        match change:
            case Relabel(labels=labels) | SetLabels(labels=labels) | SetValues(labels=labels):
                with self._counting(rows := self._rows(labels)):
                    self._labels.put(rows, labels.values())
            case AddLabel(label=label, shas=shas):
                self._toggle(shas, lambda text: with_label(text, label))
            case RemoveLabel(label=label, shas=shas):
                self._toggle(shas, lambda text: without_label(text, label))
            case Group(groups=groups):
                self._groups.put(self._rows(groups), groups.values())
            case Exclude(shas=shas):
                self._set_state(shas, EXCLUDED)
            case Restore(shas=shas):
                self._set_state(shas, IN_USE)
            case Delete(shas=shas):
                self._set_state(shas, DELETED)
            case RenameClass(old=old, new=new):
                self._merge((old,), new)
            case MergeClasses(classes=classes, into=into):
                self._merge(classes, into)
            case Colour(label=label, colour=colour):
                self.colours.pop(label, None)
                self.colours |= {label: colour} if colour else {}
            case SetReading(reading=reading):
                self._set_reading(reading)
            case ChangeTask(task=task, value_name=value_name, unit=unit):
                self._set_task(find_task(task))
                self.value_name, self.unit = value_name, unit
            case Add():
                self._add(change)
        self._renew_classes()

    def _rows(self, shas: Collection[str]) -> Rows:
        if not self._sought.issuperset(shas):
            self.look_up(shas)
        return np.array([self._places[sha] for sha in shas], dtype=np.int64)

    def _set_state(self, shas: Sequence[str], state: str) -> None:
        with self._counting(rows := self._rows(shas)):
            self._states.codes[rows] = self._states.number(state)

    def _toggle(self, shas: Sequence[str], changed: Callable[[str], str]) -> None:
        with self._counting(rows := self._rows(shas)):
            self._labels.change(changed, rows)

    def unfit(self, task: Task) -> tuple[int, str]:
        """Count the items whose labels cannot be those of another task, deleted ones too, with the reason for one."""
        number, reason = 0, ""
        for code, count in zip(*np.unique(self._labels.codes, return_counts=True), strict=True):
            try:
                converted(self._labels.words[code], self.task, task)
            except ValueError as error:
                number, reason = number + int(count), str(error)
        return number, reason

    def distinct(self) -> int:
        """Count the different labels."""
        return len(np.unique(self._labels.codes))

    def _set_task(self, task: Task) -> None:
        before, self.task = self.task, task
        if before != task:
            self._labels.change(lambda text: converted(text, before, task))
            self._count()

    def _count(self) -> None:
        every = np.arange(len(self._table))
        self._counts, self._used = self._counted(every), self._number_used(every)

    @contextmanager
    def _counting(self, rows: Rows) -> Iterator[None]:
        """Keep count of the items in use while those in some rows change: counting all would take its time."""
        self._counts -= self._counted(rows)
        self._used -= self._number_used(rows)
        yield
        self._counts += self._counted(rows)
        self._used += self._number_used(rows)

    def _number_used(self, rows: Rows) -> int:
        return int((self._states.codes[rows] == self._states.number(IN_USE)).sum())

    def _counted(self, rows: Rows) -> Counter[str]:
        used = rows[self._states.codes[rows] == self._states.number(IN_USE)]
        numbers, counts = np.unique(self._labels.codes[used], return_counts=True)
        found: Counter[str] = Counter()
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            for name in self.task.names(self._labels.words[number]):
                found[name] += count
        return found

    def _merge(self, classes: Sequence[str], into: str) -> None:
        """Let `into` have what the classes had: their items, and where it is new also the first one's place."""
        new = dict.fromkeys(classes, into)
        self._labels.change(lambda text: self.task.renamed(text, new))
        self._count()
        for label in classes:
            colour = self.colours.pop(label, None)
            if colour and into not in self.colours:
                self.colours[into] = colour
        if into not in self.classes:
            self.classes = [into if label == classes[0] else label for label in self.classes]
        self.classes = [label for label in self.classes if label == into or label not in classes]

    def _add(self, change: Add) -> None:
        self._set_state(change.removed, DELETED)
        before, new = self.table(), self._added(change.number)
        # An item that was deleted comes back as it was given this time.
        kept = before[~before["sha256"].isin(new["sha256"])]
        table = pd.concat([kept, new], ignore_index=True)
        self._take(table.assign(state=table["state"].fillna(IN_USE)) if "state" in table else table)
        self.notes = tuple(dict.fromkeys((*self.notes, *change.notes)))
        self.additions = (*self.additions, change.number)
        self.reading = change.reading or self.reading

    def _set_reading(self, reading: Reading) -> None:
        """Let the items be read another way, and the notes say so."""
        if settling := self.modality.settling:
            there = int(self._there().sum())
            self.notes = settling.renoted(self.notes, self.reading, reading, self.concerned(), there)
        self.reading = reading

    def _renew_classes(self) -> None:
        """A class is one that an item in use has; a new one, or one that comes back, is put after the others."""
        filled = self._counts.keys()
        self.classes = [label for label in self.classes if label in filled] + sorted(filled - set(self.classes))
