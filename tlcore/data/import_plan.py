"""The import plan: what was understood of a source before anything is made, what was chosen, what has to be asked.

It holds the words that the command line, the Data page and the readers of folders and tables share. It reads nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import PurePosixPath
from typing import Literal
from unicodedata import normalize

from tlcore.modalities import SUFFIXES
from tlcore.shell_words import quote
from tlcore.tasks import find_task

PARTS = ("", "train", "val", "test")
FOLDERS = ""  # as `ImportChoices.table`: the folders name the classes
_SHOWN = 5
NO_COLUMN = ""  # as a column of `ImportChoices`: none


@dataclass(frozen=True)
class ImportChoices:
    """What a person chose; None leaves a choice to the evidence.

    Attributes:
        label: The class of files that neither a folder nor a table gives one.
        table: The path of the table that names the classes; `FOLDERS` for the folders.
        class_level: The folder that names the class: 1 is the outermost of a path, -1 the one that holds the file.
        file_column, label_column, split_column, group_column: The title of a table's column, or its number from 1 on;
            `NO_COLUMN` for none, where none is possible (split, group).
        encoding: Of names and tables that do not say it themselves: a codec of Python's, such as `cp932`.
        task: What an answer is: a key of `tasks.TASKS`.
        value_name, unit: Of the number that each item has; an empty unit for none.
        separator: Between several labels in a cell.
        decimal: What stands before the fraction of a number: `point` or `comma`.
        blank: What an empty cell among lists of labels means: `none` of them, or `unlabeled`.
        confirmed: Whether the proposed answers to all questions are right.
    """

    label: str | None = None
    table: str | None = None
    class_level: int | None = None
    file_column: str | None = None
    label_column: str | None = None
    split_column: str | None = None
    group_column: str | None = None
    encoding: str | None = None
    task: str | None = None
    value_name: str | None = None
    unit: str | None = None
    separator: str | None = None
    decimal: str | None = None
    blank: str | None = None
    confirmed: bool = False

    def with_(self, other: ImportChoices) -> ImportChoices:
        """Give these choices with those that `other` makes in the place of older ones."""
        made = {each.name: getattr(other, each.name) for each in fields(other)}
        return replace(self, **{name: value for name, value in made.items() if value not in {None, False}})


@dataclass(frozen=True)
class Place:
    """What is known about one file; a file without a label has the reason.

    Attributes:
        label: As the task writes it.
        none: Whether the file is known to have none of the labels.
    """

    label: str = ""
    split: str = ""
    reason: str = ""
    group: str = ""
    none: bool = False

    @property
    def known(self) -> bool:
        """Tell whether the file is labelled, be it with none of the labels."""
        return bool(self.label) or self.none


@dataclass(frozen=True)
class Level:
    """The folders at one depth.

    Attributes:
        number: As in `ImportChoices.class_level`, from 1 on.
        names: The first of them in alphabetical order, at most 20.
        count: How many different names there are.
        doubt: Why these are hardly classes, in a clause such as "they are dates"; empty where they may be.
    """

    number: int
    names: tuple[str, ...]
    count: int
    doubt: str = ""


@dataclass(frozen=True)
class Column:
    """One column of a table, as the preview shows it.

    Attributes:
        name: Its title, or its number from 1 on where the table has no titles.
        role: What it was taken for.
        kind: What its values are, for people: "3 values", "dates", "numbers", "file names", ….
    """

    name: str
    role: Literal["file", "class", "split", "group", ""] = ""
    kind: str = ""


@dataclass(frozen=True)
class TableSeen:
    """A table of the source, as the preview shows it.

    Attributes:
        path: Where it lies in the source.
        columns: In their order.
        rows: The first five rows.
        count: How many rows there are.
        encoding: The codec that it was decoded with; empty where its format says it.
        guessed: Whether the encoding was guessed.
        delimiter: Between the fields; empty where there is none.
        used: Whether classes come from it.
        reason: Why it was not used, in a sentence.
        program: Whose format it is, where it is a known one.
    """

    path: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    count: int = 0
    encoding: str = ""
    guessed: bool = False
    delimiter: str = ""
    used: bool = False
    reason: str = ""
    program: str = ""


@dataclass(frozen=True)
class Reading:
    """One way to understand a source.

    Attributes:
        title: For a person: "The outer folders: cats, dogs".
        choices: What has to be chosen for it.
        counts: How many files each class would have.
    """

    title: str
    choices: ImportChoices
    counts: Mapping[str, int] = field(default_factory=dict)

    def option(self, encoding: str = "utf-8") -> str:
        """Give the option of the command line that chooses it, for a terminal; empty where `--yes` does."""
        chosen = {each.name: getattr(self.choices, each.name) for each in fields(self.choices)}
        options = [
            f"--{name.replace('_', '-')} {quote(str(value) if value != '' else 'none', encoding)}"
            for name, value in chosen.items()
            if value is not None and name != "confirmed"
        ]
        return " ".join(options)


@dataclass(frozen=True)
class Question:
    """What has to be asked.

    Attributes:
        sentence: Why, in sentences.
        readings: What could be meant; the first one is what the plan has taken.
    """

    sentence: str
    readings: tuple[Reading, ...]


@dataclass
class ImportPlan:
    """What is known about all files of a source.

    Attributes:
        places: Of every file that may be an item, also by mistake: content decides later.
        skipped: Files that are not looked into, and rows of a table without a file; with the reason.
        loose: Whether no file has a class, so that a person must be asked for one.
        notes: Sentences for a person that stay with the dataset.
        layout: What the source is, as a title: "One folder per class", "Table labels.csv".
        levels: Of the folders, the outermost first.
        tables: Every table that was seen.
        questions: What is not sure. Empty where the import can go on.
        others: What the labels could be for as well, where nothing has to be asked.
        seen: What else there is and was not used, in sentences, for a refusal: masks, tables that cannot be read.
        refusal: Why the source cannot be taken in as it is, in sentences; empty where it can.
        choices: What was taken, by choice or by evidence.
        values: Gives what the columns of tables say of files, by title.
        task: What an answer is: a key of `tasks.TASKS`.
        reason: Why it is this task, in a clause.
        value_name, unit: Of a number, for people.
        united: Whether each place of an item names one of its labels, as folders do: the same item in several
            places has all of them.
    """

    places: dict[PurePosixPath, Place] = field(default_factory=dict)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    loose: bool = False
    notes: list[str] = field(default_factory=list)
    layout: str = ""
    levels: list[Level] = field(default_factory=list)
    tables: list[TableSeen] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    others: list[Reading] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    refusal: str = ""
    choices: ImportChoices = field(default_factory=ImportChoices)
    values: Callable[[], dict[PurePosixPath, dict[str, str]]] = dict
    task: str = "classification"
    reason: str = ""
    value_name: str = ""
    unit: str = ""
    united: bool = False

    @property
    def sure(self) -> bool:
        """Tell whether the import can go on without a person."""
        return not (self.questions or self.refusal or self.loose)

    def files_of(self) -> dict[str, list[PurePosixPath]]:
        """Give the files of each class, the largest class first, files in the order of the source."""
        found: dict[str, list[PurePosixPath]] = defaultdict(list)
        names = find_task(self.task).names
        for path, place in self.places.items():  # in the order of the source, which is that of the paths
            if place.label and is_likely(path):
                for name in names(place.label):
                    found[name].append(path)
        return dict(sorted(found.items(), key=lambda one: (-len(one[1]), one[0])))

    def counts(self) -> dict[str, int]:
        """Give the number of files of each class, the largest class first."""
        names = find_task(self.task).names
        found = Counter(name for label in self.labels() if label for name in names(label))
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))

    def labels(self) -> list[str]:
        """List the labels of the files that are labelled, an empty one for none of the labels."""
        return [place.label for path, place in self.places.items() if place.known and is_likely(path)]

    def parts(self) -> dict[str, int]:
        """Give the number of files in each part of a given split; empty without one."""
        found = Counter(place.split for path, place in self.places.items() if place.known and is_likely(path))
        return {part: found[part] for part in PARTS if found[part]} if set(found) - {""} else {}

    def without_class(self) -> list[tuple[str, str]]:
        """List the files that get no label, each with the reason."""
        return [(str(path), place.reason) for path, place in self.places.items() if not place.known]


def is_likely(path: PurePosixPath) -> bool:
    """Tell whether a file's name says that it is an item, or does not say what it is."""
    stem, dot, suffix = path.name.rpartition(".")
    return not (dot and stem) or f".{suffix.casefold()}" in SUFFIXES


def listed(texts: Sequence[str]) -> str:
    """Name the first of several."""
    return ", ".join(texts[:_SHOWN]) + (f" and {len(texts) - _SHOWN:,} more" if len(texts) > _SHOWN else "")


def alike(labels: Mapping[str, int]) -> list[list[str]]:
    """Find classes that differ only in case, blanks or Unicode form."""
    same: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        same[" ".join(normalize("NFKC", label).casefold().split())].append(label)
    return [sorted(group) for group in same.values() if len(group) > 1]
