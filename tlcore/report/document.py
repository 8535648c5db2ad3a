"""A report as data: sections of text, tables, figures and code, before they become a page, a PDF or CSV.

It knows what a report is made of and how a cell reads. It does not know runs, HTML or PDF.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tlcore.report.drawing import Drawing
from tlcore.tasks.evaluation import Figure as Interval

Cell: TypeAlias = str | int | float | Interval | None
Kind: TypeAlias = Literal["text", "count", "percent", "number"]
NOT_KNOWN = "–"


@dataclass(frozen=True)
class Column:
    """A column of a table; `kind` says how its cells read, and an interval takes three columns of a CSV."""

    title: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Text:
    """A paragraph; `tone` sets a remark or a warning apart."""

    text: str
    tone: Literal["plain", "note", "warning"] = "plain"


@dataclass(frozen=True)
class Table:
    """Rows of cells.

    Attributes:
        name: Of its CSV file, without the ending.
        most: Rows that are printed; the CSV has all.
    """

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    most: int = 60


@dataclass(frozen=True)
class Figure:
    """A chart and the table that it is drawn from; without a drawing there is nothing but the data."""

    drawing: Drawing | None
    caption: str
    data: Table


@dataclass(frozen=True)
class Items:
    """Small items with a line of text each: `(jpeg, caption)`."""

    each: tuple[tuple[bytes, str], ...]


@dataclass(frozen=True)
class Code:
    """Something to be typed or copied."""

    text: str


Block: TypeAlias = Text | Table | Figure | Items | Code


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A whole report; `subtitle` is one line below the title."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]

    def tables(self) -> Iterator[Table]:
        """Every table, and the data of every figure."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Table):
                    yield block
                elif isinstance(block, Figure):
                    yield block.data


def said(cell: Cell, kind: Kind) -> str:
    """A cell as a person reads it."""
    match cell:
        case None:
            return NOT_KNOWN
        case Interval(value=value, low=low, high=high):
            digits = "percent" if kind == "percent" else "digits"
            unit = " %" if kind == "percent" else ""
            return f"{_number(value, digits)}{unit} ({_number(low, digits)} to {_number(high, digits)})"
        case str():
            return cell
        case int() if kind != "percent":
            return f"{cell:,}"
        case _:
            return _number(float(cell), kind) + (" %" if kind == "percent" else "")


def flat(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> Iterator[tuple[str | int | float, ...]]:
    """A table for a machine, its head first: shares as they are, an interval in three columns, nothing for None."""
    wide = [any(isinstance(row[place], Interval) for row in rows) for place in range(len(columns))]
    head: list[str] = []
    for column, three in zip(columns, wide, strict=True):
        head += [column.title, f"{column.title} low", f"{column.title} high"] if three else [column.title]
    yield tuple(head)
    for row in rows:
        line: list[str | int | float] = []
        for cell, three in zip(row, wide, strict=True):
            if isinstance(cell, Interval):
                line += [cell.value, cell.low, cell.high]
            else:
                line += ["" if cell is None else cell, *(("", "") if three else ())]
        yield tuple(line)


def _number(value: float, kind: str) -> str:
    if kind == "percent":
        return f"{100 * value:.1f}"
    if kind == "digits":  # of a value and its bounds: as many behind the point
        return f"{value:.3f}"
    return f"{value:,.0f}" if kind == "count" else f"{value:.3g}"
