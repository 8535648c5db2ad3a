"""What a table's labels are for: the task that the chosen columns hold, and what has to be asked about it.

It knows columns, and what a person chose. It does not know which columns could hold labels (`label_columns`), nor how
cells are read (`label_cells`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from tlcore.data.column_facts import CLASS_NAMES, FAIR, STRONG, ColumnFacts
from tlcore.data.column_roles import ColumnRoles, Option
from tlcore.data.import_plan import ImportChoices
from tlcore.data.label_cells import (
    CLASSIFICATION,
    MULTILABEL,
    NONE,
    REGRESSION,
    UNLABELED,
    LabelReading,
    labels_of_flags,
)
from tlcore.data.number_format import COMMA, POINT, find_format, is_missing, read_number, value_and_unit
from tlcore.data.value_kinds import is_mark, labels_in, separators_of, truth
from tlcore.modalities import NOUN
from tlcore.numbers import plural

# One row in a hundred may be a slip; of rows for each file, one file in twenty.
_MOST_SLIPS, _MOST_SEVERAL, _MOST_NONE = 0.01, 0.05, 0.5
ONE_CLASS, SEVERAL, NUMBER = (
    f"One class for each {NOUN.one}",
    f"Several labels for each {NOUN.one}",
    f"A number for each {NOUN.one}",
)
SEPARATORS = {"|": "vertical bar", ";": "semicolon", ",": "comma", " ": "blank", "[": "list"}
OBJECTS = "objects"
AMOUNTS = "they may be classes, or amounts such as an age or a count."


@dataclass(frozen=True)
class Taking:
    """Takes columns of a table for its labels.

    Attributes:
        roles: Gets what was taken.
        columns: Of the whole table.
        files: Of each row, the file that it names.
        choices: What a person chose; its task, where there is one, is the one that is taken.
    """

    roles: ColumnRoles
    columns: Sequence[ColumnFacts]
    files: Sequence[Hashable]
    choices: ImportChoices

    def classes(self, candidates: Sequence[ColumnFacts], numbers: Sequence[ColumnFacts]) -> None:
        """Take the best column of classes; others that serve as well and divide the files otherwise are its rivals.

        Args:
            candidates: That could be the class, the best first.
            numbers: That could be a number for each item instead.
        """
        roles, best = self.roles, candidates[0]
        # Two columns that divide the files alike, a number and a name of each class: the names.
        same = [column for column in candidates[1:] if _same_partition(best, column)]
        if best.kind != "words":
            best = next((column for column in same if column.kind == "words"), best)
        roles.strength = best.strength
        near = [column for column in candidates if column is not best and not _same_partition(best, column)]
        near = [column for column in near if column.strength >= (STRONG if best.strength >= STRONG else FAIR)]
        # `label` beside `category_description`: a name that is on the list against one that only sounds like it.
        if best.key in CLASS_NAMES:
            near = [column for column in near if column.key in CLASS_NAMES]
        self.chosen(best)
        roles.rivals = [column.index for column in near]
        if best.kind == "whole numbers" and best.strength < STRONG and not self.choices.task:
            roles.doubt = f"Column '{best.name}' has whole numbers: {AMOUNTS}"
            roles.options = [
                (ONE_CLASS, ImportChoices(task=CLASSIFICATION, label_column=best.name)),
                *(
                    (f"{NUMBER}: column '{one.name}'", ImportChoices(task=REGRESSION, label_column=one.name))
                    for one in [best, *(other for other in numbers if other is not best)]
                ),
            ]

    def chosen(self, column: ColumnFacts) -> None:
        """Take one column with a class in each cell; several rows of a file may each give it a label."""
        task = self.choices.task
        said: dict[Hashable, set[str]] = {}
        for file, value in zip(self.files, column.values, strict=True):
            if value:
                said.setdefault(file, set()).add(value)
        several = sum(len(values) > 1 for values in said.values())
        told = f"{several:,} of {len(said):,} {NOUN.many} have several labels, one in each row"
        if task == MULTILABEL or (not task and several > max(1.0, _MOST_SEVERAL * len(said))):
            self._take(
                [column], MULTILABEL, "rows", reason=told if several else f"each {NOUN.one} may have several labels"
            )
            self._ask_about_blanks(column)
            return
        self._take([column], CLASSIFICATION, "cell", reason=f"each {NOUN.one} has one class")
        if several and not task:
            self._ask(f"{told}.", self._either(CLASSIFICATION, MULTILABEL))

    def flags(self, flags: Sequence[ColumnFacts]) -> None:
        """Take one column for each label; where hardly a row has several, they may be classes instead."""
        roles, task = self.roles, self.choices.task
        ticked = all(is_mark(column.counts) for column in flags)
        counts = [len(labels) for labels in labels_of_flags(flags)]
        several, none = sum(count > 1 for count in counts), counts.count(0)
        names = [column.name for column in flags]
        shown = ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
        told = f"{several:,} of {len(counts):,} {NOUN.many} have several of the {len(flags)} labels ({shown})"
        if none:
            told += f", {none:,} {'has' if none == 1 else 'have'} none"
        columns = f"{len(flags)} columns of yes or no"
        one_each = f"{columns}, with one yes in each row"
        if task == CLASSIFICATION:
            reason = f"{columns}; {NOUN.many} with several are left out" if several else one_each
            self._take(flags, CLASSIFICATION, "flags", ticked=ticked, reason=reason)
            roles.taken = f"one column for each class ({shown})"
        else:
            reason = f"{columns}, and {told}" if several or none else one_each
            self._take(flags, MULTILABEL, "flags", ticked=ticked, reason=reason)
            roles.taken = f"one column for each label ({shown})"
            self._note_flags(flags)
        if not task and 0 < several <= _MOST_SLIPS * len(counts) and none <= _MOST_NONE * len(counts):
            self._ask(f"{told}.", self._either(MULTILABEL, CLASSIFICATION))
        elif not task and not several:
            left_out = ": the others are left out" if none else ""
            roles.others = [(f"{ONE_CLASS}{left_out}", ImportChoices(task=CLASSIFICATION))]
        roles.strength = STRONG

    def or_flags(self, flags: Sequence[ColumnFacts]) -> None:
        """Ask whether the labels are one in each of several columns, where another column was taken for the class."""
        if self.choices.task or self.roles.rivals or self.roles.doubt or self.roles.label is None:
            return
        names = [column.name for column in flags]
        column = self.columns[self.roles.label].name
        shown = ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
        self._ask(
            f"Column '{column}' could be the class, and {len(flags)} columns of yes or no could be labels ({shown}).",
            [
                (f"{ONE_CLASS}: column '{column}'", ImportChoices(task=CLASSIFICATION, label_column=column)),
                (f"{SEVERAL}: {shown}", ImportChoices(task=MULTILABEL)),
            ],
        )

    def lists(self, column: ColumnFacts, *, strength: int) -> None:
        """Take cells that are lists: a class where each has one element, else several labels."""
        roles, task = self.roles, self.choices.task
        separators = "" if column.holds_lists or column.separator == "[" else separators_of(column.counts)
        separator = self.choices.separator or column.separator or ("|" if column.holds_lists else "")
        pieces = [labels_in(value, separator) for value in column.values]
        several = sum(len(set(one)) > 1 for one in pieces)
        roles.strength = strength
        if task == CLASSIFICATION and several:
            self._take([column], CLASSIFICATION, "cell", reason="each combination of labels is a class of its own")
        elif task != MULTILABEL and not several and not column.empty_lists:
            self._take([column], CLASSIFICATION, "list", separator=separator, reason=f"each {NOUN.one} has one class")
        else:
            example = next((value for value in column.values if len(set(labels_in(value, separator))) > 1), "")
            such = f", such as '{example[:60]}'" if example else ""
            told = f"column '{column.name}' gives {several:,} of {len(pieces):,} {NOUN.many} several labels{such}"
            self._take([column], MULTILABEL, "list", separator=separator, reason=told)
            if not column.holds_lists:
                sign = SEPARATORS.get(separator, f"'{separator}'")
                roles.notes.append(f"Labels in column '{column.name}' are separated by a {sign}.")
            self._ask_how_to_split(column, separators, pieces)
            self._ask_about_blanks(column)

    def cells(self, columns: Sequence[ColumnFacts]) -> None:
        """Take labels in cells beside each other, as many in a row as an item has."""
        rows = list(zip(*(column.values for column in columns), strict=True))
        several = sum(sum(map(bool, row)) > 1 for row in rows)
        reason = f"{several:,} of {len(rows):,} {NOUN.many} have several labels, one behind the other"
        self._take(columns, self.choices.task or MULTILABEL, "cells", reason=reason)
        self.roles.taken, self.roles.strength = f"the columns from number {columns[0].name} on", STRONG

    def numbers(self, numbers: Sequence[ColumnFacts]) -> None:
        """Take a column of numbers, the others being its rivals; a person may have wanted something else of it."""
        roles, column = self.roles, numbers[0]
        roles.strength = STRONG if column.names_class else FAIR
        if self.choices.task in {CLASSIFICATION, MULTILABEL}:
            self.chosen(column)
            return
        found = find_format(column.counts)
        decimal = self.choices.decimal or found.decimal
        values = {text: value for text in column.counts if (value := read_number(text, decimal)) is not None}
        if not values:
            roles.label, roles.refusal = column.index, f"column '{column.name}' has no numbers"
            return
        low, high = min(values, key=lambda one: values[one]), max(values, key=lambda one: values[one])
        reason = f"column '{column.name}' has a number for each {NOUN.one}, from {low} to {high}"
        self._take([column], REGRESSION, "number", decimal=decimal, reason=reason)
        roles.rivals = [other.index for other in numbers[1:]]
        if found.comma:
            value = read_number(found.comma, decimal)
            roles.notes.append(f"In column '{column.name}', {found.comma} is read as {value:.12g}.")
        strange = sum(n for text, n in column.counts.items() if text not in values and not is_missing(text))
        empty = len(column.values) - sum(n for text, n in column.counts.items() if not is_missing(text))
        if empty:
            are = "is" if empty == 1 else "are"
            roles.notes.append(f"{plural(empty, 'row')} without a number in column '{column.name}' {are} not labelled.")
        if strange:
            say = "says" if strange == 1 else "say"
            roles.notes.append(
                f"{plural(strange, 'row')} of column '{column.name}' {say} something else than a number."
            )
        if found.doubtful and not self.choices.decimal:
            options: list[Option] = [
                (f"{found.doubtful} is {read_number(found.doubtful, sign):.12g}", ImportChoices(decimal=sign))
                for sign in (decimal, COMMA if decimal == POINT else POINT)
            ]
            self._ask(
                f"Column '{column.name}' has numbers such as {found.doubtful}, which may mean two things.", options
            )

    def or_classes(self, numbers: Sequence[ColumnFacts], column: ColumnFacts) -> None:
        """Ask whether whole numbers in another column are the class, where decimal numbers were taken."""
        self._ask(
            f"Column '{numbers[0].name}' has a number for each {NOUN.one}, and column '{column.name}' has whole "
            f"numbers: {AMOUNTS}",
            [
                *(
                    (f"{NUMBER}: column '{one.name}'", ImportChoices(task=REGRESSION, label_column=one.name))
                    for one in [*numbers, column]
                ),
                (f"{ONE_CLASS}: column '{column.name}'", ImportChoices(task=CLASSIFICATION, label_column=column.name)),
            ],
        )
        self.roles.rivals = []

    def objects(self, column: ColumnFacts, told: str) -> None:
        """Take rows that are one object each: which classes occur in an item, or how many objects."""
        roles, task = self.roles, self.choices.task
        roles.strength = STRONG
        said: dict[Hashable, set[str]] = {}
        for file, value in zip(self.files, column.values, strict=True):
            said.setdefault(file, set()).update([value] if value else [])
        several, none = sum(len(one) > 1 for one in said.values()), sum(not one for one in said.values())
        classes = set().union(*said.values())
        shows = f"{several:,} of {len(said):,} {NOUN.many} show several of {len(classes):,} classes"
        if none:
            shows += f", and {none:,} none"
        single = not several and not none and len(classes) > 1
        if task == REGRESSION:
            self._take([column], REGRESSION, "count", reason=f"the objects in each {NOUN.one} are counted")
        elif task == CLASSIFICATION or (not task and single):
            # Objects of one class are one label, however many they are.
            rest = f"; {NOUN.many} with several are left out" if several else ""
            self._take([column], CLASSIFICATION, "rows", reason=f"each {NOUN.one} shows objects of one class{rest}")
        else:
            self._take([column], MULTILABEL, "rows", blank=NONE, reason=shows)
        roles.notes.append(f"{told}. Where the objects lie is not used.")
        if not task and not single:
            self._ask(
                f"{told}{', and {NOUN.many} show several classes at once' if several else ''}. What should be learned?",
                [
                    (f"Which classes occur in each {NOUN.one}", ImportChoices(task=MULTILABEL)),
                    (f"How many objects each {NOUN.one} has", ImportChoices(task=REGRESSION)),
                ],
            )

    def _take(self, columns: Sequence[ColumnFacts], task: str, way: str, *, reason: str, **more: Any) -> None:
        roles, first = self.roles, columns[0]
        usual = more.pop("blank", UNLABELED)
        blank = self.choices.blank or usual
        roles.reading = LabelReading(task, way, tuple(one.index for one in columns), blank=blank, **more)  # type: ignore[arg-type]
        roles.label, roles.taken, roles.reason = first.index, _told(first), reason
        roles.cells = roles.reading.read(self.columns, self.files)

    def _ask(self, sentence: str, options: Sequence[Option]) -> None:
        if not self.roles.doubt:
            self.roles.doubt, self.roles.options = sentence, list(options)

    def _either(self, *tasks: str) -> list[Option]:
        titles = {CLASSIFICATION: f"{ONE_CLASS}: the others are left out", MULTILABEL: SEVERAL}
        return [(titles[task], ImportChoices(task=task)) for task in tasks]

    def _ask_how_to_split(self, column: ColumnFacts, separators: str, pieces: Sequence[Sequence[str]]) -> None:
        """Ask where two separators could be meant, or where whole cells may be the classes: `red, large`."""
        if self.choices.separator:
            return
        if len(separators) > 1:
            options = [
                (f"Separated by a {SEPARATORS[one]}", ImportChoices(task=MULTILABEL, separator=one))
                for one in separators
            ]
            self._ask(f"The labels in column '{column.name}' could be separated in two ways.", options)
        elif separators in {",", ""} and self.roles.reading.separator in {",", " "} and not self.choices.task:
            sizes = {len(one) for one in pieces if one}
            if sizes and sizes == {max(sizes)} and max(sizes) > 1:
                self._ask(
                    f"Every cell of column '{column.name}' has {max(sizes)} parts: each part may be a label, or each "
                    "whole cell a class.",
                    [(SEVERAL, ImportChoices(task=MULTILABEL)), (ONE_CLASS, ImportChoices(task=CLASSIFICATION))],
                )

    def _ask_about_blanks(self, column: ColumnFacts) -> None:
        """Ask what an empty cell among lists of labels means: none of them, or not labelled yet."""
        blank = sum(not value and row not in column.empty_lists for row, value in enumerate(column.values))
        if not blank:
            return
        meanings = {NONE: "taken as having none of the labels", UNLABELED: "not labelled, and left out"}
        if self.choices.blank:
            told = f"{blank:,} rows with nothing in column '{column.name}' are {meanings[self.choices.blank]}."
            self.roles.notes.append(told)
            return
        self._ask(
            f"{blank:,} of {len(column.values):,} rows have nothing in column '{column.name}'.",
            [
                (f"These {NOUN.many} are not labelled yet, and are left out", ImportChoices(blank=UNLABELED)),
                (f"These {NOUN.many} have none of the labels", ImportChoices(blank=NONE)),
            ],
        )

    def _note_flags(self, flags: Sequence[ColumnFacts]) -> None:
        never = [one.name for one in flags if not is_mark(one.counts) and not any(map(truth, one.counts))]
        if never:
            self.roles.notes.append(f"No {NOUN.one} has {_quoted(never)}, so that cannot be learned.")
        unsure = [one.name for one in flags if {"-1", "0"} <= {text.removesuffix(".0") for text in one.counts}]
        if unsure:
            self.roles.notes.append(f"-1 beside 0 in {_quoted(unsure)} is read as no.")


def name_of_value(roles: ColumnRoles, columns: Sequence[ColumnFacts]) -> tuple[str, str]:
    """Give the name and the unit of a number, as the column's title has them."""
    if roles.task != REGRESSION:
        return "", ""
    return (OBJECTS, "") if roles.reading.way == "count" else value_and_unit(columns[roles.class_columns[0]].title)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names[:5]) + (", …" if len(names) > 5 else "")


def _same_partition(first: ColumnFacts, second: ColumnFacts) -> bool:
    pairs = set(zip(first.values, second.values, strict=True))
    return len(pairs) == len(set(first.values)) == len(set(second.values))


def _told(column: ColumnFacts) -> str:
    return f"column '{column.title}'" if column.title else f"column number {column.name}"
