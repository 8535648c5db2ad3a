"""Many items at once: a model's answer for every file of a zip or a folder, as one table.

It knows archives and when an answer is none. It does not know how the table is shown.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlcore import spreadsheet
from tlcore.contract import Contract
from tlcore.data.archive import Entry, Limits, Opened, opening, read
from tlcore.data.system_files import system_files
from tlcore.errors import DataError, ItemError
from tlcore.inference import predictions_csv
from tlcore.inference.predictions_csv import SAID, Said, cells, said
from tlcore.inference.predictor import Predictor, Scored
from tlcore.modalities import SUFFIXES, find_modality
from tlcore.progress import Pace, Progress
from tlcore.tasks import Reply
from tlcore.threads import map_bounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NO_ITEMS = "None of its files has the suffix of one, or there are none."


@dataclass(frozen=True)
class Answered:
    """The answers for the items of one source, in the order of their names.

    Attributes:
        names: Paths within the zip or the folder.
        outputs: `(n, width)`, float32; a row of zeros for an item that cannot be read.
        replies: What they mean; None for an item that cannot be read.
        unfamiliarity: `(n,)`, above 1 for an item unlike the training items; NaN where the model does not say.
        errors: Why an item cannot be read; empty for the others.
        ignored: Files that have no item's name, which were not asked about.
    """

    contract: Contract
    names: tuple[str, ...]
    outputs: NDArray[np.float32]
    unfamiliarity: NDArray[np.float32]
    errors: tuple[str, ...]
    ignored: int = 0

    @cached_property
    def replies(self) -> list[Reply | None]:
        """What each item's outputs mean."""
        contract = self.contract
        return [
            None if error else contract.kind.reply(row, contract.classes, contract.decision)
            for row, error in zip(self.outputs, self.errors, strict=True)
        ]

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """The confidence of each answer, 0 to 1; 0 for an item that cannot be read."""
        return np.array([reply.confidence if reply else 0.0 for reply in self.replies], np.float32)

    def said(self, sure_from: float) -> list[Said]:
        """What each answer is worth: from a confidence of `sure_from` on, 0 to 1, it counts as sure."""
        return [
            "cannot be read" if error else said(float(confidence), float(strange), sure_from, self.contract.task)
            for error, confidence, strange in zip(self.errors, self.confidence, self.unfamiliarity, strict=True)
        ]

    def csv(self, sure_from: float) -> str:
        """Write every answer as the CSV of `predictions_csv`."""
        stream = io.StringIO(newline="")
        writer = spreadsheet.Writer(stream)
        writer.writerow(predictions_csv.columns(self.contract))
        for name, outputs, strange, error in zip(
            self.names, self.outputs, self.unfamiliarity, self.errors, strict=True
        ):
            row = cells(name, self.contract, None if error else outputs, float(strange), error, sure_from=sure_from)
            writer.writerow(row.values())
        return stream.getvalue()


def answer_all(
    predictor: Predictor, source: Path, *, limits: Limits | None = None
) -> Generator[Progress, None, Answered]:
    """Ask about every item of a zip or a folder.

    Only the answers are kept; items are read, on as many threads as the predictor has, and forgotten.

    Raises:
        ArchiveError: The archive is damaged, too large or hostile.
        DataError: It is neither a zip nor a folder, or there is no item in it.
    """
    limits = limits or Limits()
    with opening(source, limits) as opened:
        systems = system_files([entry.path for entry in opened.entries])
        entries = [
            entry for entry in opened.entries if entry.path.suffix.lower() in SUFFIXES and entry.path not in systems
        ]
        if not entries:
            noun = find_modality(predictor.labels.modality).noun
            raise DataError(f"{noun.many.capitalize()} are needed. {source.name} has none. {_NO_ITEMS}")
        contract = predictor.labels
        outputs = np.zeros((len(entries), contract.kind.width(len(contract.classes))), np.float32)
        unfamiliarity = np.full(len(entries), np.nan, np.float32)
        errors = [""] * len(entries)
        pace = Pace(len(entries), "Asking the model")
        yield pace.at(0)

        def ask(entry: Entry) -> Scored | str:
            try:
                return predictor.score(predictor.decode(read(opened, entry, most=limits.file_bytes)))
            except (DataError, ValueError, OSError) as error:
                return str(error)

        for place, answer in enumerate(map_bounded(ask, entries, threads=predictor.threads)):
            if isinstance(answer, str):
                errors[place] = answer
            else:
                outputs[place], unfamiliarity[place] = answer[0], np.nan if answer[1] is None else answer[1]
            if pace.due():
                yield pace.at(place + 1)
        yield pace.at(len(entries))
    return Answered(
        contract=contract,
        names=tuple(entry.name for entry in entries),
        outputs=outputs,
        unfamiliarity=unfamiliarity,
        errors=tuple(errors),
        ignored=len(opened.entries) - len(entries),
    )


def counts(worth: Sequence[Said], task: str = "classification") -> dict[Said, int]:
    """How many answers are worth what."""
    counted = Counter(worth)
    return {kind: counted[kind] for kind in SAID[task]}


def contents(source: Path, names: Sequence[str], *, limits: Limits | None = None) -> list[bytes]:
    """The bytes of some files of a zip or a folder, in the order of `names`; none for a file that cannot be read.

    Raises:
        DataError: The source, or one of the files, is no longer there.
    """
    limits = limits or Limits()
    with opening(source, limits) as opened:
        there = {entry.name: entry for entry in opened.entries}
        if gone := [name for name in names if name not in there]:
            raise DataError(f"Every file is needed once more. {gone[0]} is no longer there. Give them again.")
        return [_content(opened, there[name], limits) for name in names]


def _content(opened: Opened, entry: Entry, limits: Limits) -> bytes:
    try:
        return read(opened, entry, most=limits.file_bytes)
    except ItemError:
        return b""
