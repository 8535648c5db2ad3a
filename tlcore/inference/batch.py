"""Many pictures at once: a model's answer for every file of a zip or a folder, as one table.

It knows archives and when an answer is none. It does not know how the table is shown.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlcore import spreadsheet
from tlcore.data.archive import Entry, Limits, Opened, opening, read
from tlcore.data.system_files import system_files
from tlcore.errors import DataError, PictureError
from tlcore.inference import predictions_csv
from tlcore.inference.predictions_csv import SAID, Said, cells, said
from tlcore.inference.predictor import Predictor, Scored
from tlcore.modalities import SUFFIXES
from tlcore.progress import Pace, Progress
from tlcore.threads import map_bounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NO_PICTURES = "The files in it have no picture's name, or there are none."


@dataclass(frozen=True)
class Answered:
    """The answers for the pictures of one source, in the order of their names.

    Attributes:
        names: Paths within the zip or the folder.
        probabilities: `(n, classes)`, float32; a row of zeros for a picture that cannot be read.
        unfamiliarity: `(n,)`, above 1 for a picture unlike the training pictures; NaN where the model does not say.
        errors: Why a picture cannot be read; empty for the others.
        ignored: Files that have no picture's name, which were not asked about.
    """

    labels: tuple[str, ...]
    names: tuple[str, ...]
    probabilities: NDArray[np.float32]
    unfamiliarity: NDArray[np.float32]
    errors: tuple[str, ...]
    ignored: int = 0

    @property
    def answers(self) -> NDArray[np.int64]:
        """The position of each picture's likeliest class."""
        found: NDArray[np.int64] = np.argmax(self.probabilities, axis=1).astype(np.int64)
        return found

    @property
    def confidence(self) -> NDArray[np.float32]:
        """The probability of each picture's likeliest class, 0 to 1."""
        found: NDArray[np.float32] = self.probabilities.max(axis=1)
        return found

    def said(self, sure_from: float) -> list[Said]:
        """What each answer is worth: from a confidence of `sure_from` on, 0 to 1, it counts as sure."""
        return [
            "cannot be read" if error else said(float(confidence), float(strange), sure_from)
            for error, confidence, strange in zip(self.errors, self.confidence, self.unfamiliarity, strict=True)
        ]

    def csv(self, sure_from: float) -> str:
        """Write every answer as the CSV of `predictions_csv`."""
        stream = io.StringIO(newline="")
        writer = spreadsheet.Writer(stream)
        writer.writerow(predictions_csv.columns(self.labels))
        for name, shares, strange, error in zip(
            self.names, self.probabilities, self.unfamiliarity, self.errors, strict=True
        ):
            row = cells(name, self.labels, None if error else shares, float(strange), error, sure_from=sure_from)
            writer.writerow(row.values())
        return stream.getvalue()


def answer_all(
    predictor: Predictor, source: Path, *, limits: Limits | None = None
) -> Generator[Progress, None, Answered]:
    """Ask about every picture of a zip or a folder.

    Only the answers are kept; pictures are read, on as many threads as the predictor has, and forgotten.

    Raises:
        ArchiveError: The archive is damaged, too large or hostile.
        DataError: It is neither a zip nor a folder, or there is no picture in it.
    """
    limits = limits or Limits()
    with opening(source, limits) as opened:
        systems = system_files([entry.path for entry in opened.entries])
        entries = [
            entry for entry in opened.entries if entry.path.suffix.lower() in SUFFIXES and entry.path not in systems
        ]
        if not entries:
            raise DataError(f"Pictures are needed. {source.name} has none. {_NO_PICTURES}")
        classes = len(predictor.labels.labels)
        probabilities = np.zeros((len(entries), classes), np.float32)
        unfamiliarity = np.full(len(entries), np.nan, np.float32)
        errors = [""] * len(entries)
        pace = Pace(len(entries), "Asking the model")
        yield pace.at(0)

        def ask(entry: Entry) -> Scored | str:
            try:
                return predictor.score(predictor.pixels(read(opened, entry, most=limits.file_bytes)))
            except (DataError, ValueError, OSError) as error:
                return str(error)

        for place, answer in enumerate(map_bounded(ask, entries, threads=predictor.threads)):
            if isinstance(answer, str):
                errors[place] = answer
            else:
                probabilities[place], unfamiliarity[place] = answer[0], np.nan if answer[1] is None else answer[1]
            if pace.due():
                yield pace.at(place + 1)
        yield pace.at(len(entries))
    return Answered(
        labels=predictor.labels.labels,
        names=tuple(entry.name for entry in entries),
        probabilities=probabilities,
        unfamiliarity=unfamiliarity,
        errors=tuple(errors),
        ignored=len(opened.entries) - len(entries),
    )


def counts(worth: Sequence[Said]) -> dict[Said, int]:
    """How many answers are worth what."""
    counted = Counter(worth)
    return {kind: counted[kind] for kind in SAID}


def contents(source: Path, names: Sequence[str], *, limits: Limits | None = None) -> list[bytes]:
    """The bytes of some files of a zip or a folder, in the order of `names`; none for a file that cannot be read.

    Raises:
        DataError: The source, or one of the files, is no longer there.
    """
    limits = limits or Limits()
    with opening(source, limits) as opened:
        there = {entry.name: entry for entry in opened.entries}
        if gone := [name for name in names if name not in there]:
            raise DataError(f"The pictures are needed once more. {gone[0]} is no longer there. Give them again.")
        return [_content(opened, there[name], limits) for name in names]


def _content(opened: Opened, entry: Entry, limits: Limits) -> bytes:
    try:
        return read(opened, entry, most=limits.file_bytes)
    except PictureError:
        return b""
