"""Writes CSV files that a spreadsheet neither runs nor garbles, and reads them back exactly.

It knows cells and bytes. It does not know what is in a table. CSV that only programs read is not written here.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING, TextIO, TypeVar

if TYPE_CHECKING:
    import pandas as pd

# Without the mark a spreadsheet takes UTF-8 for the encoding of the country that the machine is in.
ENCODING = "utf-8-sig"
MARK = "\ufeff".encode()
# What begins so is a formula to a spreadsheet (OWASP: "CSV injection"); the wide ones are to some.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
T = TypeVar("T")


def cell(value: T) -> T | str:
    """A cell that a spreadsheet does not run: text that begins like a formula gets an apostrophe; numbers stay."""
    text = str(value) if isinstance(value, str | PurePath) else ""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else value


def text_of(written: str) -> str:
    """Return the text that was given to `cell`."""
    return written[1:] if written.startswith("'") and cell(written[1:]) == written else written


class Writer:
    """A `csv.writer` that passes every cell through `cell`."""

    def __init__(self, stream: TextIO, *, lineterminator: str = "\r\n") -> None:
        self._writer = csv.writer(stream, lineterminator=lineterminator)

    def writerow(self, cells: Iterable[object]) -> None:
        self._writer.writerow([cell(each) for each in cells])

    def writerows(self, rows: Iterable[Iterable[object]]) -> None:
        for row in rows:
            self.writerow(row)


def table_as_csv(table: pd.DataFrame) -> str:
    """A table with its head, without its index."""
    safe = {cell(str(name)): [cell(each) for each in table[name].tolist()] for name in table.columns}
    return str(table.__class__(safe, dtype=object).to_csv(index=False, lineterminator="\n"))


def as_file(text: str) -> bytes:
    """CSV as the bytes of a file: UTF-8 with the byte-order mark."""
    return MARK + text.encode(errors="surrogateescape")
