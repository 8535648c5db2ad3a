"""Many pictures at once: a model's answer for every file of a zip or a folder, as one table.

It knows archives and when an answer is none. It does not know how the table is shown.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

import numpy as np

from tlcore.data.archive import Entry, Limits, Opened, opening, read
from tlcore.data.pixels import SUFFIXES
from tlcore.data.progress import Pace, Progress
from tlcore.errors import DataError, PictureError
from tlcore.inference.predictor import Predictor

if TYPE_CHECKING:
    from numpy.typing import NDArray

Said = Literal["sure", "not sure", "none of these", "cannot be read"]
SAID: tuple[Said, ...] = ("sure", "not sure", "none of these", "cannot be read")
STRETCH = 64
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
        """Every answer as CSV: the columns of `predict --csv`, with what the answer is worth and the unfamiliarity."""
        stream = io.StringIO(newline="")
        writer = csv.writer(stream)
        shares = [f"p_{label}" for label in self.labels]
        writer.writerow(["path", "label", "confidence", "says", "unfamiliarity", *shares, "error"])
        rows = zip(self.names, self.answers, self.said(sure_from), self.unfamiliarity, self.errors, strict=True)
        for row, (name, answer, worth, strange, error) in enumerate(rows):
            if error:
                writer.writerow([name, "", "", worth, "", *("" for _ in shares), error])
                continue
            chances = self.probabilities[row]
            unfamiliar = "" if np.isnan(strange) else f"{strange:.4f}"
            writer.writerow([name, self.labels[answer], chances[answer], worth, unfamiliar, *chances, ""])
        return stream.getvalue()


def said(confidence: float, unfamiliarity: float | None, sure_from: float) -> Said:
    """What an answer is worth: an unfamiliar picture is of none of the classes, however sure the model seems."""
    if unfamiliarity is not None and unfamiliarity > 1:
        return "none of these"
    return "sure" if confidence >= sure_from else "not sure"


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
    with opening(source, limits) as opened, ThreadPoolExecutor(predictor.threads) as pool:
        entries = [entry for entry in opened.entries if _is_picture(entry.path)]
        if not entries:
            raise DataError(f"Pictures are needed. {source.name} has none. {_NO_PICTURES}")
        classes = len(predictor.labels.labels)
        probabilities = np.zeros((len(entries), classes), np.float32)
        unfamiliarity = np.full(len(entries), np.nan, np.float32)
        errors = [""] * len(entries)
        pace = Pace(len(entries), "Asking the model")
        yield pace.at(0)
        for start in range(0, len(entries), STRETCH):
            some = entries[start : start + STRETCH]
            pictures = list(pool.map(lambda entry: _pixels(predictor, opened, entry, limits), some))
            good = [place for place, picture in enumerate(pictures, start) if not isinstance(picture, str)]
            found = predictor.each_scored(picture for picture in pictures if not isinstance(picture, str))
            for place, (chances, strange) in zip(good, found, strict=True):
                probabilities[place] = chances
                unfamiliarity[place] = np.nan if strange is None else strange
            for place, picture in enumerate(pictures, start):
                if isinstance(picture, str):
                    errors[place] = picture
            yield pace.at(start + len(some))
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


def _is_picture(path: PurePosixPath) -> bool:
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return path.suffix.lower() in SUFFIXES and not hidden


def _pixels(predictor: Predictor, opened: Opened, entry: Entry, limits: Limits) -> NDArray[np.uint8] | str:
    """A picture as the model sees it, or the reason why it has none."""
    try:
        return predictor.pixels(read(opened, entry, most=limits.file_bytes))
    except (DataError, ValueError, OSError) as error:
        return str(error)
