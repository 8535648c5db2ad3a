"""Tables of text, read from CSVs of any encoding and from Excel workbooks.

It knows bytes and cells. It does not know what the columns are for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tlcore import spreadsheet
from tlcore.data import csv_text
from tlcore.data.encodings import decode
from tlcore.data.workbooks import WorkbookError, is_workbook, read_sheets
from tlcore.errors import DataError

MOST_BYTES = 200 * 10**6
EMPTY_LIST = "[]"


@dataclass(frozen=True)
class Table:
    """Rows of text; `header` is empty where the first row is already an item's.

    Attributes:
        origin: Which program's words these are, where the columns are not the file's own.
        fault: Why there are no rows, in a sentence.
        encoding: What a person calls the encoding of the text, such as "Shift-JIS (cp932)"; empty for other kinds.
        codec: What Python calls it; give this to `read_table` to choose it.
        guessed: Whether the encoding is a guess.
        alternatives: Other codecs that can read the text, the likeliest first.
        delimiter: Between two cells of the text.
        sheet: The name of the sheet, in a workbook with several.
        lists: The columns in which a cell held several values, here with `|` between them; `EMPTY_LIST` for none.
        objects: What the rows are one object each of, such as "a COCO set with boxes"; empty for other tables.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    origin: str = ""
    fault: str = ""
    encoding: str = ""
    codec: str = ""
    guessed: bool = False
    alternatives: tuple[str, ...] = ()
    delimiter: str = ""
    sheet: str = ""
    lists: frozenset[int] = frozenset()
    objects: str = ""

    @property
    def width(self) -> int:
        return max((len(row) for row in (self.header, *self.rows)), default=0)

    @staticmethod
    def cell(row: Sequence[str], column: int) -> str:
        return row[column].strip() if column < len(row) else ""

    def without_header(self) -> Table:
        """Take the first row for a row like the others."""
        return replace(self, header=(), rows=(self.header, *self.rows))


def read_table(content: bytes, encoding: str | None = None, name: str = "") -> Table:
    """Read the table in a CSV or an Excel workbook; of several sheets the first. What cannot be read has no rows."""
    return read_tables(content, encoding, name)[0]


def read_tables(content: bytes, encoding: str | None = None, name: str = "") -> list[Table]:
    """Read every table in a CSV (always one) or an Excel workbook (one for each sheet with cells); at least one.

    Args:
        content: Of the file.
        encoding: Of its text, as a person chose it; else it is found or guessed.
        name: Of the file.
    """
    if len(content) > MOST_BYTES:
        return [Table((), (), fault=f"This table is larger than {MOST_BYTES // 10**6} MB. Give it in parts.")]
    if is_workbook(content):
        return _sheets(content)
    try:
        decoded = decode(content, encoding)
    except DataError as error:
        return [Table((), (), fault=str(error))]
    cells, delimiter = csv_text.parse(decoded.text, name)
    # An apostrophe before a formula keeps spreadsheets from running it; it is no part of the text.
    rows = [tuple(map(spreadsheet.text_of, row)) for row in cells]
    return [
        Table(
            rows[0] if rows else (),
            tuple(rows[1:]),
            encoding=decoded.encoding,
            codec=decoded.codec,
            guessed=decoded.guessed,
            alternatives=decoded.alternatives,
            delimiter=delimiter,
        )
    ]


def _sheets(content: bytes) -> list[Table]:
    try:
        sheets = read_sheets(content)
    except WorkbookError as error:
        return [Table((), (), fault=str(error))]
    found = [(sheet.name, csv_text.without_lead_in(sheet.rows)) for sheet in sheets]
    several = len(found) > 1
    return [Table(rows[0], tuple(rows[1:]), sheet=name if several else "") for name, rows in found] or [
        Table((), (), fault="No sheet of this workbook has cells.")
    ]
