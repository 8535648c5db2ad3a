"""Rows of cells from Excel workbooks.

It knows their files, and that one may be made to harm who reads it. It does not know what columns mean.

A workbook is a zip: its size is checked before it is read, and a reader of its own gets only what was checked. A sheet
with a cell in its farthest corner is refused, since its cells are laid out as a full rectangle.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

SUFFIXES = frozenset({".xlsx", ".xlsm", ".xls"})
_OLD_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_UNPACKED_BYTES = 400 * 10**6
_MOST_CELLS = 5 * 10**6
_CELL = re.compile(rb"""<(?:\w+:)?c(\s[^>]*?)?(?<!/)>""")  # not an empty one, which is closed at once
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3})(\d{1,7})["']""")
_ROW = re.compile(rb"""<(?:\w+:)?row[\s>]""")
_NUMBER = re.compile(rb"""<(?:\w+:)?row\s[^>]*?\br\s*=\s*["'](\d{1,7})["']""")
_SHARED = re.compile(rb"""<(?:\w+:)?si[\s>]""")
_SHARES = re.compile(rb"""\st\s*=\s*["']s["'][^>]*>\s*<(?:\w+:)?v>\s*(\d{1,9})""")
_BYTES_OF_CELL = 12  # at least, in a sheet
_EXACT = 10**15


class WorkbookError(Exception):
    """A workbook cannot be read; the message is the reason, in sentences."""


@dataclass(frozen=True)
class Sheet:
    """The cells of one sheet as text, without empty rows."""

    name: str
    rows: list[tuple[str, ...]]


def is_workbook(content: bytes) -> bool:
    """Whether these are the bytes of a workbook, also of a kind that is not read here."""
    return content.startswith((_OLD_MAGIC, b"PK\x03\x04"))


def read_sheets(content: bytes) -> list[Sheet]:
    """Read every sheet that has cells, those that Excel shows first.

    Raises:
        WorkbookError: It is damaged, protected, too large or of a kind that is not read.
    """
    if not content.startswith(_OLD_MAGIC):
        content = _checked(content)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            known = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
            known.sort(key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible)
            sheets = [Sheet(sheet.name, _texts(book.get_sheet_by_name(sheet.name).to_python())) for sheet in known]
    except PasswordError as error:
        raise WorkbookError("This workbook is protected by a password. Save it without one.") from error
    except (CalamineError, OSError, ValueError) as error:
        raise WorkbookError(f"This workbook is damaged: {error}. Save it again, or as CSV.") from error
    except BaseException as error:
        # What goes wrong deep in the reader is no `Exception`.
        if type(error).__name__ != "PanicException":
            raise
        raise WorkbookError("This workbook is damaged. Save it again, or as CSV.") from error
    return [sheet for sheet in sheets if sheet.rows]


def _checked(content: bytes) -> bytes:
    """The same workbook with every part unpacked once, so that it is known to be no larger than allowed."""
    checked = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(checked, "w") as taken:
            names = set(given.namelist())
            if "xl/workbook.xml" not in names:
                raise WorkbookError("This is no Excel workbook that can be read. Save its table as .xlsx or CSV.")
            if sum(info.file_size for info in given.infolist()) > _MOST_UNPACKED_BYTES:
                raise WorkbookError(
                    f"This workbook unpacks to more than {_MOST_UNPACKED_BYTES // 10**6} MB. Save its table as CSV."
                )
            # Never more than the list says, since what is more is a fault; without items, fonts and programs.
            parts = {name: given.read(name) for name in sorted(names) if name.endswith((".xml", ".rels"))}
            sheets = [part for name, part in parts.items() if name.startswith("xl/worksheets/")]
            for sheet in sheets:
                _check_extent(sheet)
            _check_texts(parts.get("xl/sharedStrings.xml", b""), sheets)
            for name, part in parts.items():
                taken.writestr(name, part)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise WorkbookError(f"This workbook is damaged: {error}. Save it again, or as CSV.") from error
    return checked.getvalue()


def _check_extent(sheet: bytes) -> None:
    """Refuse a sheet whose farthest cell makes the rectangle of all cells too large."""
    rows = columns = unplaced = count = 0
    for row in _ROW.split(sheet):
        count, width = count + 1, 0
        for attributes in _CELL.findall(row):
            if place := _PLACE.search(attributes):
                rows, columns = max(rows, int(place[2])), max(columns, _column(place[1]))
            else:
                width += 1
        unplaced = max(unplaced, width)
    if unplaced:  # cells that do not tell their place stand behind the one before
        rows = max(rows, *(int(number) for number in _NUMBER.findall(sheet)), 0) + count
        columns += unplaced
    if rows * columns > _MOST_CELLS:
        raise WorkbookError(
            f"A sheet of this workbook has cells as far as row {rows:,} and column {columns:,}, more than can be read. "
            "Delete what lies far from the table, or save the table as CSV."
        )


def _check_texts(shared: bytes, sheets: Sequence[bytes]) -> None:
    """Refuse long texts that many cells share: each cell gets a copy."""
    lengths = [len(text) for text in _SHARED.split(shared)[1:]]
    longest = max(lengths, default=0)
    if longest * sum(map(len, sheets)) // _BYTES_OF_CELL <= _MOST_UNPACKED_BYTES:
        return
    total = 0
    for sheet in sheets:
        total += sum(lengths[int(number)] for number in _SHARES.findall(sheet) if int(number) < len(lengths))
    if total > _MOST_UNPACKED_BYTES:
        raise WorkbookError("The texts in this workbook are larger than can be read. Save its table as CSV.")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _texts(rows: Sequence[Sequence[object]]) -> list[tuple[str, ...]]:
    texts = (tuple(map(as_typed, row)) for row in rows)
    return [row for row in texts if any(cell.strip() for cell in row)]


def as_typed(value: object) -> str:
    """Write a cell as a person would type it: 7, not 7.0; dates as 2026-05-31."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return "" if value is None else str(value).replace("\0", "")
