"""Predictions as CSV: one layout for the command line and the Try page, a row for each item.

It knows the columns. It does not know which items there are, nor the model.

    path, label, confidence   the item, its likeliest class and that class' probability, 0 to 1
    says                      what the answer is worth: sure, not sure, none of these, cannot be read
    unfamiliarity             above 1 the item is unlike the training items; empty where the model does not say
    p_<class>                 the probability of each class
    error                     why an item cannot be read; its other columns are empty

A model of several labels has `labels` in place of `label`: those above their thresholds, joined by `|`; the confidence
is that of its least certain decision. A model that predicts a number has `value, low, high, unit` in place of `label,
confidence` and of the probabilities. Both say `out of distribution` instead of `none of these`, and the
latter `predicted` of any other item.
"""

from __future__ import annotations

import csv
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, TextIO

import numpy as np

from tlcore import spreadsheet
from tlcore.contract import Contract
from tlcore.errors import DataError
from tlcore.tasks import Reply

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tlcore.inference.predictor import Answer

Said = Literal["sure", "not sure", "none of these", "predicted", "out of distribution", "cannot be read"]
SAID: dict[str, tuple[Said, ...]] = {
    "classification": ("sure", "not sure", "none of these", "cannot be read"),
    "multilabel": ("sure", "not sure", "out of distribution", "cannot be read"),
    "regression": ("predicted", "out of distribution", "cannot be read"),
}
SURE_FROM = 0.5  # the probability from which an answer counts as sure, until somebody asks for another

LONGEST_ROW_BYTES = 1 << 20
FIRST: dict[str, tuple[str, ...]] = {
    "classification": ("path", "label", "confidence"),
    "multilabel": ("path", "labels", "confidence"),
    "regression": ("path", "value", "low", "high", "unit"),
}


def columns(contract: Contract) -> list[str]:
    """Name the columns of a table of a model's answers."""
    return [*FIRST[contract.task], "says", "unfamiliarity", *_shares(contract), "error"]


def _columns_before(contract: Contract) -> list[str]:
    """Name the columns that the command line wrote until it had those of the page."""
    return [*FIRST[contract.task], *_shares(contract), "unfamiliarity", "error"]


def _shares(contract: Contract) -> list[str]:
    return [f"p_{label}" for label in contract.classes]


def said(confidence: float, unfamiliarity: float | None, sure_from: float, task: str = "classification") -> Said:
    """What an answer is worth: an unfamiliar item is of none of the classes, however sure the model seems."""
    if unfamiliarity is not None and unfamiliarity > 1:
        return "none of these" if task == "classification" else "out of distribution"
    if task == "regression":
        return "predicted"
    return "sure" if confidence >= sure_from else "not sure"


def cells(
    path: str | Path,
    contract: Contract,
    outputs: NDArray[np.float32] | None,
    unfamiliarity: float | None,
    error: str,
    *,
    sure_from: float,
) -> dict[str, object]:
    """Give the row of an item, its values by the names of `columns` and in their order.

    Args:
        path: The item.
        contract: Of the model.
        outputs: `(width,)`; None where the item cannot be read.
        unfamiliarity: None or NaN where the model does not say.
        error: Why the item cannot be read; empty otherwise.
        sure_from: The confidence from which an answer counts as sure, 0 to 1.
    """
    if outputs is None:
        return {**dict.fromkeys(columns(contract), ""), "path": path, "says": "cannot be read", "error": error}
    strange = None if unfamiliarity is None or math.isnan(unfamiliarity) else unfamiliarity
    reply = contract.kind.reply(outputs, contract.classes, contract.decision)
    if reply.value is None:
        answer = dict(zip(FIRST[contract.task], (path, reply.label, outputs.dtype.type(reply.confidence)), strict=True))
    else:
        ends = ["" if each is None else f"{each:.6g}" for each in (reply.low, reply.high)]
        found = (path, outputs[0], *ends, contract.unit)
        answer = dict(zip(FIRST[contract.task], found, strict=True))
    return {
        **answer,
        "says": said(reply.confidence, strange, sure_from, contract.task),
        "unfamiliarity": "" if strange is None else f"{strange:.6g}",
        **({} if reply.value is not None else dict(zip(_shares(contract), outputs, strict=True))),
        "error": "",
    }


@dataclass(frozen=True)
class Row:
    """What the table has of an item.

    Attributes:
        outputs: Probabilities, or the value; empty where there is an `error`.
        reply: What they mean; None where there is an `error`.
    """

    path: str
    outputs: tuple[float, ...]
    reply: Reply | None
    unfamiliarity: float | None
    error: str


class AnswerTable:
    """The table, to be used in a `with` block.

    Each row is handed to the system at once: what was answered outlives a process that is killed.

    Args:
        path: The file; None keeps the rows in a temporary one, for who reads them once and is done.
        contract: Of the model whose answers it holds.
        resume: Keep the rows that are there, but for a torn last one. A table of the command line of before keeps its
            columns.
        sure_from: The confidence from which an answer counts as sure, 0 to 1.

    Raises:
        DataError: The file cannot be written, is something else than a table of answers, which is never written over,
            or what is to be taken up is not a table of such a model.
    """

    def __init__(
        self, path: Path | None, contract: Contract, *, resume: bool = False, sure_from: float = SURE_FROM
    ) -> None:
        self._path, self._contract, self._sure_from = path, contract, sure_from
        self._head = columns(contract)
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
        """Add what was said of an item.

        Raises:
            DataError: The disk is full, or the file cannot be written any more.
        """
        row = cells(
            answer.source,
            self._contract,
            answer.outputs,
            answer.unfamiliarity,
            answer.error,
            sure_from=self._sure_from,
        )
        self._put([row[name] for name in self._head])

    def rows(self) -> Iterator[Row]:
        """Every row from the first on; do not write meanwhile."""
        self._stream.seek(0)
        try:
            for written in csv.reader(self._stream):
                found = [spreadsheet.text_of(each) for each in written]
                if found and found != self._head:
                    yield self._row(found)
        except (csv.Error, ValueError) as error:
            raise DataError(
                f"A table of answers is needed. {self._path} is damaged: {error}. Mend it, or begin anew without "
                "--resume."
            ) from error
        self._stream.seek(0, 2)

    def _row(self, found: list[str]) -> Row:
        if len(found) != len(self._head):
            raise DataError(
                f"A row of the table has {len(self._head)} columns. {self._path} has one with {len(found)}. Mend it, "
                "or begin anew without --resume."
            )
        row = dict(zip(self._head, found, strict=True))
        if row["error"]:
            return Row(row["path"], (), None, None, row["error"])
        contract = self._contract
        outputs = tuple(float(row[name]) for name in _shares(contract) or ["value"])
        strange = float(row["unfamiliarity"]) if row["unfamiliarity"] else None
        reply = contract.kind.reply(np.array(outputs, np.float32), contract.classes, contract.decision)
        return Row(row["path"], outputs, reply, strange, "")

    def _open(self, resume: bool) -> TextIO:
        if self._path is None:
            return tempfile.TemporaryFile("w+", encoding=spreadsheet.ENCODING, errors="surrogateescape", newline="")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        there = self._path.is_file()
        if there:
            self._check_is_table(self._path)
        kept = resume and there
        if kept:
            self._check_head(self._path)
            self._cut_torn_row(self._path)
        # Names of files need not be text: what is not, is written as it is.
        stream = self._path.open(
            "r+" if kept else "w+", encoding=spreadsheet.ENCODING, errors="surrogateescape", newline=""
        )
        stream.seek(0, 2)
        return stream

    @staticmethod
    def _check_is_table(path: Path) -> None:
        """A slip, such as `--csv *.jpg`, must not cost a file."""
        firsts = [",".join(names).encode() for names in FIRST.values()]
        with path.open("rb") as stream:
            begin = stream.read(len(spreadsheet.MARK) + max(map(len, firsts)))
        torn = spreadsheet.MARK.startswith(begin)  # it was killed with its first letter
        there = begin.removeprefix(spreadsheet.MARK)
        if not torn and not any(first.startswith(there[: len(first)]) for first in firsts):
            raise DataError(
                f"--csv needs a new file, or a table of answers. {path} is something else, and is left as it is. Name "
                "another file."
            )

    def _check_head(self, path: Path) -> None:
        with path.open(encoding=spreadsheet.ENCODING, errors="surrogateescape", newline="") as stream:
            line = stream.readline(LONGEST_ROW_BYTES)
            if not line.endswith("\n") and len(line) < LONGEST_ROW_BYTES:
                return  # it was killed with its first line
            stream.seek(0)
            head = [spreadsheet.text_of(each) for each in next(csv.reader(stream), [])]
        if head == _columns_before(self._contract):
            self._head = head
        elif head != self._head:
            raise DataError(
                f"--resume goes on with a table of this run's columns. The columns of {path} are "
                f"{', '.join(head)[:200]}. Name another file, or leave out --resume to write it anew."
            )

    @staticmethod
    def _cut_torn_row(path: Path) -> None:
        with path.open("r+b") as stream:
            size = stream.seek(0, 2)
            begin = stream.seek(max(0, size - LONGEST_ROW_BYTES))
            stream.truncate(begin + stream.read().rfind(b"\n") + 1)

    def _put(self, row: Sequence[object]) -> None:
        try:
            spreadsheet.Writer(self._stream).writerow(row)
            self._stream.flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> DataError:
        reason = (error.strerror or str(error)).rstrip(".")
        return DataError(f"A file that can be written is needed. {self._path} cannot: {reason}. Name another one.")
