"""Rows of cells from the text of a CSV, whatever its delimiter, quotes and line ends.

It knows how programs write such texts. It does not know encodings, nor what columns mean.

The delimiter is the one that gives most rows the same number of cells, the first one above all: decimal commas and
lists of labels are in the rows below the header only.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

Row = tuple[str, ...]
# What counts for a delimiter where others give as many rows the same number of cells.
_FAVOUR = {"\t": 0.05, ";": 0.04, "|": 0.03, ",": 0.02, ":": -1.0, " ": -1.0}
_FIRST_ROW = 0.2
_FILE_NAME = re.compile(r"[^.]\.\w{2,5}$")
_ORDINARY = ("\t", ";", "|", ",")
_SAMPLE_LETTERS = 200_000
_SAMPLE_ROWS = 1000
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[;,\t]*[ ]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
_MOST_LEAD_IN = 20


def parse(text: str, name: str = "") -> tuple[list[Row], str]:
    """Read the rows that are not empty, and tell the delimiter; `name` of the file may hint at it."""
    text = text.replace("\0", "")
    stated = _SEPARATOR_LINE.match(text)
    if stated:
        text = text[stated.end() :]
    delimiter = stated[1] if stated else _delimiter(text, name)
    rows = list(_rows(text, delimiter))
    if _is_unclosed(rows, text):
        rows = list(_rows(text, delimiter, quoted=False))
    return with_header(without_lead_in(rows)), delimiter


def without_lead_in(rows: list[Row]) -> list[Row]:
    """Leave out titles and comments above a table, where they are clearly no part of it."""
    width = usual_width(rows)
    if width < 2:
        return rows
    place = 0
    while place < min(len(rows) - 2, _MOST_LEAD_IN) and _is_lead_in(rows[place], width):
        place += 1
    # Below a title stands a header or a row of the table, with a cell in each column or nearly so.
    return rows[place:] if place == 0 or len(rows[place]) >= width - 1 else rows


def with_header(rows: list[Row]) -> list[Row]:
    """Give the first column an empty name where only the header lacks it: R and pandas write row names so."""
    width = usual_width(rows[1:])
    if len(rows) > 1 and len(rows[0]) == width - 1 >= 1 and all(len(row) == width for row in rows[1:]):
        trailing = all(not row[-1].strip() for row in rows[1:])  # a delimiter at the end of each row
        return rows if trailing else [("", *rows[0]), *rows[1:]]
    return rows


def usual_width(rows: list[Row]) -> int:
    """How many cells most rows have."""
    counts = Counter(len(row) for row in rows[:_SAMPLE_ROWS])
    return max(counts, key=lambda width: (counts[width], width), default=0)


def _is_lead_in(row: Row, width: int) -> bool:
    filled = sum(bool(cell.strip()) for cell in row)
    comment = row[0].lstrip().startswith("#") and len(row) != width
    # Excel fills up a row with delimiters; with two columns that may be a file without a class.
    return comment or len(row) == 1 or (filled == 1 and width > 2 and bool(row[0].strip()))


def _rows(text: str, delimiter: str, *, quoted: bool = True) -> Iterator[Row]:
    """Every row that is not empty; a cell may be of any length."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quotechar=_quote(text),
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        skipinitialspace=delimiter == " ",
    )
    for row in reader:
        if delimiter == " ":
            while row and not row[-1]:
                row.pop()
        if any(row):
            yield tuple(row)


def _quote(text: str) -> str:
    """The quotation mark: `"`, or `'` where every line begins and ends with one and there is no other."""
    lines = [line for line in text[:10_000].splitlines() if line]
    if len(text) > 10_000:
        lines = lines[:-1]
    single = bool(lines) and '"' not in text and all(line[0] == "'" and line.endswith("'") for line in lines)
    return "'" if single else '"'


def _is_unclosed(rows: list[Row], text: str) -> bool:
    """Whether a lone quotation mark, such as that of an inch, swallowed the rest of the text."""
    last = rows[-1][-1] if rows else ""
    return ("\n" in last or "\r" in last) and not text.rstrip().endswith(_quote(text))


def _delimiter(text: str, name: str) -> str:
    sample = text[:_SAMPLE_LETTERS]
    if len(sample) < len(text):
        sample = sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample
    rated: dict[str, float] = {}
    for delimiter, favour in _FAVOUR.items():
        if delimiter not in sample:
            continue
        rows = list(islice(_safely(_rows(sample, delimiter)), _SAMPLE_ROWS))
        if _is_unclosed(rows, sample):
            rows = list(islice(_safely(_rows(sample, delimiter, quoted=False)), _SAMPLE_ROWS))
        width = usual_width(rows)
        share = sum(len(row) == width for row in rows) / max(len(rows), 1)
        if width > 1 and (delimiter in _ORDINARY or (share > 0.95 and _name_files(rows, delimiter))):
            rated[delimiter] = share + favour + _FIRST_ROW * (len(rows[0]) == width)
            rated[delimiter] += delimiter == "\t" and name.casefold().endswith(".tsv")
    return max(rated, key=lambda delimiter: rated[delimiter], default=",")


def _name_files(rows: list[Row], delimiter: str) -> bool:
    """Whether most rows name a file: only then blanks and colons delimit, which are in names too.

    Blanks also delimit behind the number of a file, and where whole numbers follow one word: so Caltech's birds and
    Oxford's pets are listed.
    """
    if 2 * sum(_FILE_NAME.search(row[0]) is not None for row in rows) > len(rows):
        return True
    if delimiter != " ":
        return False
    behind = sum(row[0].isdecimal() and any(map(_FILE_NAME.search, row)) for row in rows)
    return 2 * behind > len(rows) or all(cell.lstrip("-").isdecimal() for row in rows[1:] for cell in row[1:])


def _safely(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows until one that cannot be read."""
    try:
        yield from rows
    except csv.Error:
        return
