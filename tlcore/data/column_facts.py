"""What is in each column of a table, and how well it would serve as the class.

It knows tables of text. It does not know what the columns are taken for; `label_columns` chooses.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise

from tlcore.data.number_format import are_amounts
from tlcore.data.tables import EMPTY_LIST, Table
from tlcore.data.value_kinds import (
    has_shapes,
    is_date,
    is_file_type,
    is_group,
    is_number,
    is_whole,
    is_yes_no,
    says_parts,
    separator_of,
    without_fraction,
)
from tlcore.modalities import SUFFIXES

# What the column of the class is called, whatever else there is.
CLASS_NAMES = (
    "label", "labels", "class", "classes", "class_name", "classname", "label_name", "category", "category_name",
    "target", "class_id", "classid", "label_id", "diagnosis", "dx", "species", "breed", "ground_truth", "choice",
)  # fmt: skip
_CLASS_HINTS = re.compile(
    r"label|class(?!room)|categ|species|diagnos|klasse|clase|classe|категор|класс|类|類|ラベル|クラス"
)
# What is hardly a class, even where its values come back.
_OTHER_NAMES = re.compile(
    r"(?:un(?:named)?_?)?(?:id|idx|index|nr|no|number|row)|.*_(?:id|idx|index|uid|url|path|file|name_orig)|width|height"
    r"|size|w|h|x|y|lat|lon|latitude|longitude|fold|k_?fold|split|set|subset|partition|age|year|month|day|date|time"
    r"|.*timestamp.*|.*_at|lead_time|count|confidence|score|prob.*|url|path|license|author|view_position|.*_(?:age|sex|gender)|annotator|labeler|rater|user"
    r"|source|device|camera|sex|gender|.*_type|type|format|mode|channels?|md5|sha\d*|hash"
)
# What numbers the rows, or says where and how an item was taken: no amount that a person would want to predict.
_ID_NAMES = re.compile(
    r"(?:un(?:named)?_?)?(?:id|idx|index|nr|no|number|row)|.*_(?:id|idx|index|uid)|width|height|size|w|h|x|y|lat|lon"
    r"|latitude|longitude|fold|k_?fold|split|set|subset|partition|date|time|.*timestamp.*|lead_time|confidence|channels?"
)
_TAG_NAMES = re.compile(r"(?:.*_)?(?:tags|keywords|attributes|genres|findings)")
# How well a column serves as the class.
STRONG, FAIR, WEAK = 3, 2, 1
_MOST_SHARE = 0.5
_LOOKED_AT = 2000  # values; of more the first ones tell


@dataclass(frozen=True)
class ColumnFacts:
    """What is in one column, over the rows that name a file.

    Attributes:
        index: From 0 on.
        title: As the table has it; empty where it has none.
        values: Of each row, without blanks around.
        holds_lists: Whether cells were lists, now with `|` between their elements.
        empty_lists: The rows whose cell was an empty list; their value is empty.
    """

    index: int
    title: str
    values: tuple[str, ...]
    holds_lists: bool = False
    empty_lists: frozenset[int] = frozenset()

    @property
    def name(self) -> str:
        """Give the title, or the number from 1 on."""
        return self.title or str(self.index + 1)

    @cached_property
    def key(self) -> str:
        return re.sub(r"\W+", "_", self.title.strip().casefold()).strip("_")

    @cached_property
    def counts(self) -> Counter[str]:
        return Counter(value for value in self.values if value)

    @cached_property
    def kind(self) -> str:
        """Say what the values are: a word that the preview shows."""
        values, rows = self.counts, sum(self.counts.values())
        if not values:
            return "empty"
        if says_parts(values):
            return "parts of a split"
        if has_shapes(values):
            return "boxes or outlines"
        if len(values) == 1:
            return "lists of labels" if self.holds_lists and self.separator else "one value"
        if is_yes_no(values):
            return "yes or no"
        if all(map(is_number, values)):
            if _all_dates(self):
                return "dates"
            return "whole numbers" if all(map(is_whole, values)) else "decimal numbers"
        if self._mostly(is_date):
            return "dates"
        if self._mostly(is_file_type):
            return "types of files"
        if are_amounts(self.counts):
            return "decimal numbers"
        if self.separator:
            return "lists of labels"
        if self._mostly(_is_file) or self._mostly(_is_address):
            return "file names"
        if self._mostly(is_group):
            return "patients, sessions or the like"
        if len(values) > _MOST_SHARE * rows and rows > 3:
            return "texts"
        return "words"

    @cached_property
    def separator(self) -> str:
        """Give what separates several labels in the cells; empty where they hold one."""
        if self.holds_lists:
            return "|" if any("|" in value for value in self.counts) else ""
        return separator_of(self.counts, words=_TAG_NAMES.fullmatch(self.key) is not None)

    @property
    def told(self) -> str:
        """Say what is in the column, for the preview."""
        return f"{self.kind}, {len(self.counts):,} different" if len(self.counts) > 1 else self.kind

    @property
    def names_class(self) -> bool:
        return self.key in CLASS_NAMES or bool(_CLASS_HINTS.search(self.key))

    @cached_property
    def strength(self) -> int:
        """Rate how well the column serves as the class; 0 where it does not."""
        rows, distinct = sum(self.counts.values()), len(self.counts)
        repeats = distinct <= max(2, _MOST_SHARE * rows)
        if self.kind in {"words", "texts"}:
            if self.names_class:
                return STRONG  # a class of its own for each item is asked about later
            return (WEAK if self.is_other else FAIR) if repeats else 0
        if self.kind in {"yes or no", "whole numbers"}:
            if not repeats or (self.is_other and not self.names_class):
                return 0
            return STRONG if self.names_class else FAIR if self.kind == "yes or no" else WEAK
        return STRONG if self.kind == "one value" and self.names_class else 0

    @property
    def is_other(self) -> bool:
        return _OTHER_NAMES.fullmatch(self.key) is not None

    @property
    def is_id(self) -> bool:
        return _ID_NAMES.fullmatch(self.key) is not None or self._counts_rows

    @property
    def _counts_rows(self) -> bool:
        """Tell whether values without a title count the rows."""
        numbers = self.values if not self.title and all(map(is_whole, self.values)) else ()
        return len(numbers) > 1 and all(int(b) - int(a) == 1 for a, b in pairwise(numbers))

    def _mostly(self, says: Callable[[str], bool]) -> bool:
        some = list(islice(self.counts, _LOOKED_AT))
        return sum(map(says, some)) >= 0.8 * len(some)


def file_column(columns: Sequence[ColumnFacts], named: Mapping[int, Collection[str]]) -> int | None:
    """Find the column that names the files; None where none does.

    Args:
        columns: Of the table.
        named: Of each column, the different cells, its title among them, that name a file.
    """
    best, most = None, (False, 0)
    for column in columns:
        values = {column.title, *column.counts} - {""}  # a lone row may be all there is
        # Different names count, not rows: a column of 0 and 1 also "names" 0.jpg and 1.jpg.
        matched = len(values & set(named[column.index]))
        some = list(islice(values, _LOOKED_AT))
        looks_like_files = sum(map(_is_file, some)) > len(some) / 2
        fits = matched and (looks_like_files or matched >= (len(values) - 1) / 2)
        if fits and (looks_like_files, matched) > most:
            best, most = column.index, (looks_like_files, matched)
    return best


def decimal(text: str) -> float:
    """Read a number with a decimal point or a decimal comma."""
    return float(text.replace(",", "."))


def are_corners(columns: Sequence[ColumnFacts]) -> bool:
    """Tell whether four columns of numbers beside each other are left, top, right and bottom of a box in each row."""
    rows = [row for row in zip(*(column.values for column in columns), strict=True) if any(row)]
    beside = columns[3].index - columns[0].index == 3
    full = beside and all(map(all, rows)) and len(set(rows)) > 1
    return full and all(decimal(a) < decimal(c) and decimal(b) < decimal(d) for a, b, c, d in rows)


def facts_of(table: Table, rows: Sequence[Sequence[str]]) -> list[ColumnFacts]:
    """Give the facts of every column over some rows."""
    found = []
    for column in range(table.width):
        title = table.header[column].strip() if column < len(table.header) else ""
        values = [table.cell(row, column) for row in rows]
        is_list = column in table.lists
        empty = frozenset(row for row, value in enumerate(values) if is_list and value == EMPTY_LIST)
        values = ["" if row in empty else value for row, value in enumerate(values)] if empty else values
        found.append(ColumnFacts(column, title, tuple(without_fraction(values)), is_list, empty))
    return found


def _all_dates(column: ColumnFacts) -> bool:
    """Tell whether numbers are days such as 20230501; years are numbers unless the title says that they are dates."""
    days = all(len(text) == 8 and is_date(text) for text in column.counts)
    return days or (
        all(map(is_date, column.counts)) and re.search(r"date|year|month|day|jahr|datum", column.key) is not None
    )


def _is_file(text: str) -> bool:
    _, dot, suffix = text.partition("?")[0].rstrip().rpartition(".")
    return f"{dot}{suffix.casefold()}" in SUFFIXES


def _is_address(text: str) -> bool:
    return "://" in text or text.startswith(("/", "\\\\"))
