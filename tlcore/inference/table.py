"""Answers as a CSV, a row for each picture, written as they come and taken up again where they ended.

It knows the columns. It does not know which pictures there are, nor the model.
"""

from __future__ import annotations

import csv
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from tlcore.errors import DataError

if TYPE_CHECKING:
    from tlcore.inference.predictor import Answer

LONGEST_ROW_BYTES = 1 << 20
FIRST = ("path", "label", "confidence")


@dataclass(frozen=True)
class Row:
    """What the table has of a picture; `probabilities` is empty where there is an `error`."""

    path: str
    label: str
    confidence: float
    probabilities: tuple[float, ...]
    unfamiliarity: float | None
    error: str


class AnswerTable:
    """The table, to be used in a `with` block.

    Each row is handed to the system at once: what was answered outlives a process that is killed.

    Args:
        path: The file; None keeps the rows in a temporary one, for who reads them once and is done.
        labels: The classes, in the order of the probabilities.
        resume: Keep the rows that are there, but for a torn last one.

    Raises:
        DataError: The file cannot be written, is something else than a table of answers, which is never written over,
            or what is to be taken up is not a table of these classes.
    """

    def __init__(self, path: Path | None, labels: Sequence[str], *, resume: bool = False) -> None:
        self._path, self._labels = path, tuple(labels)
        self._head = [*FIRST, *(f"p_{label}" for label in labels), "unfamiliarity", "error"]
        try:
            self._stream = self._open(resume)
        except OSError as error:
            raise self._unwritable(error) from error
        if not self._stream.tell():
            self._put(self._head)

    def __enter__(self) -> AnswerTable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def write(self, answer: Answer) -> None:
        """Add what was said of a picture.

        Raises:
            DataError: The disk is full, or the file cannot be written any more.
        """
        shares = answer.probabilities
        if shares is None:
            self._put([answer.source, "", "", *("" for _ in self._labels), "", answer.error])
        else:
            best = int(shares.argmax())
            strange = "" if answer.unfamiliarity is None else f"{answer.unfamiliarity:.6g}"
            self._put([answer.source, self._labels[best], shares[best], *shares, strange, ""])

    def rows(self) -> Iterator[Row]:
        """Every row from the first on; do not write meanwhile."""
        self._stream.seek(0)
        try:
            for cells in csv.reader(self._stream):
                if cells and cells != self._head:
                    yield self._row(cells)
        except (csv.Error, ValueError) as error:
            raise DataError(
                f"A table of answers is needed. {self._path} is damaged: {error}. Mend it, or begin anew without "
                "--resume."
            ) from error
        self._stream.seek(0, 2)

    def _row(self, cells: list[str]) -> Row:
        if len(cells) != len(self._head):
            raise DataError(
                f"A row of the table has {len(self._head)} columns. {self._path} has one with {len(cells)}. Mend it, "
                "or begin anew without --resume."
            )
        path, label, confidence, *shares, unfamiliarity, error = cells
        if error:
            return Row(path, "", math.nan, (), None, error)
        strange = float(unfamiliarity) if unfamiliarity else None
        return Row(path, label, float(confidence), tuple(map(float, shares)), strange, "")

    def _open(self, resume: bool) -> TextIO:
        if self._path is None:
            return tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogateescape", newline="")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        there = self._path.is_file()
        if there:
            self._check_is_table(self._path)
        kept = resume and there
        if kept:
            self._check_head(self._path)
            self._cut_torn_row(self._path)
        # Names of files need not be text: what is not, is written as it is.
        stream = self._path.open("r+" if kept else "w+", encoding="utf-8", errors="surrogateescape", newline="")
        stream.seek(0, 2)
        return stream

    @staticmethod
    def _check_is_table(path: Path) -> None:
        """A slip, such as `--csv *.jpg`, must not cost a file."""
        first = ",".join(FIRST).encode()
        with path.open("rb") as stream:
            begin = stream.read(len(first))
        if not first.startswith(begin):
            raise DataError(
                f"--csv needs a new file, or a table of answers. {path} is something else, and is left as it is. Name "
                "another file."
            )

    def _check_head(self, path: Path) -> None:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
            line = stream.readline(LONGEST_ROW_BYTES)
            if not line.endswith("\n") and len(line) < LONGEST_ROW_BYTES:
                return  # it was killed with its first line
            stream.seek(0)
            head = next(csv.reader(stream), None)
        if head != self._head:
            raise DataError(
                f"--resume goes on with a table of this run's classes. The columns of {path} are "
                f"{', '.join(head or ())[:200]}. Name another file, or leave out --resume to write it anew."
            )

    @staticmethod
    def _cut_torn_row(path: Path) -> None:
        with path.open("r+b") as stream:
            size = stream.seek(0, 2)
            begin = stream.seek(max(0, size - LONGEST_ROW_BYTES))
            stream.truncate(begin + stream.read().rfind(b"\n") + 1)

    def _put(self, cells: Sequence[object]) -> None:
        try:
            csv.writer(self._stream).writerow(cells)
            self._stream.flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> DataError:
        reason = (error.strerror or str(error)).rstrip(".")
        return DataError(f"A file that can be written is needed. {self._path} cannot: {reason}.")
