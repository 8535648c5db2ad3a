"""Ask a model: arrays or item files in, its outputs out: probabilities, or values.

It knows ONNX Runtime and threads. It does not know where the model comes from or how answers are shown.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from tlcore.contract import UNFAMILIARITY, Contract, read_contract
from tlcore.errors import RunError
from tlcore.inference.session import open_session
from tlcore.items import Arrays
from tlcore.modalities import find_modality
from tlcore.tasks import Reply
from tlcore.threads import cores, map_bounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

Scored = tuple["NDArray[np.float32]", float | None]
# The arrays of items by the names of the graph's inputs, or the one array that it takes in.
Given = Arrays | npt.NDArray[Any]


@dataclass(frozen=True)
class Answer:
    """What the model says of one item.

    Attributes:
        outputs: `(width,)`, float32, probabilities in the order of `Contract.classes` or a value; None where the
            item cannot be read.
        error: Why it cannot be read; empty otherwise.
        unfamiliarity: How unlike the training items it is; above 1 it is called unfamiliar. None where the model
            does not say, or the item cannot be read.
        seconds: Reading the item and asking the model.
    """

    source: Path
    outputs: NDArray[np.float32] | None
    error: str = ""
    seconds: float = 0.0
    unfamiliarity: float | None = None


class Predictor:
    """A graph ready to answer.

    Each item is answered alone, on one core, as many items at a time as there are threads: for many items it
    is the fastest way on a processor, and an answer never depends on what else was asked.

    Args:
        threads: Items at a time; one for each core where not given.

    Attributes:
        tells_unfamiliar: Whether the graph says how unlike its training items an item is; older ones do not.

    Raises:
        RunError: The graph is missing or damaged, or does not fit its labels.
    """

    def __init__(self, onnx: Path, labels: Contract, *, threads: int | None = None) -> None:
        self.labels = labels
        self.threads = threads or cores()
        self._session = open_session(onnx)
        answers = self._session.get_outputs()[0].shape[-1]
        width = self._width = labels.kind.width(len(labels.classes))
        if isinstance(answers, int) and answers != width:
            raise RunError(
                f"A model needs a label for each of its probabilities. {onnx.name} gives {answers}, its contract names "
                f"{width}. Train again, or restore the folder from a copy."
            )
        self._inputs = tuple(each.name for each in self._session.get_inputs())
        outputs = [output.name for output in self._session.get_outputs()]
        self.tells_unfamiliar = UNFAMILIARITY in outputs
        self._outputs = [outputs[0], *([UNFAMILIARITY] if self.tells_unfamiliar else [])]

    @classmethod
    def from_run(cls, path: Path, *, threads: int | None = None) -> Predictor:
        """The model of a run folder."""
        return cls(path / "model.onnx", read_contract(path), threads=threads)

    def reply(self, outputs: NDArray[np.float32]) -> Reply:
        """Say what outputs `(width,)` of one item mean."""
        return self.labels.kind.reply(outputs, self.labels.classes, self.labels.decision)

    def decode(self, source: Path | bytes | BinaryIO) -> Arrays:
        """Read an item as the model sees it.

        Raises:
            ValueError: The item cannot be read; the message is the reason.
        """
        return find_modality(self.labels.modality).decode(source, self.labels.input)

    def predict(self, items: Iterable[Given]) -> NDArray[np.float32]:
        """Give the outputs `(n, width)` of items."""
        answers = list(self.each(items))
        return np.stack(answers) if answers else np.empty((0, self._width), np.float32)

    def each(self, items: Iterable[Given]) -> Iterator[NDArray[np.float32]]:
        """The same, an item at a time and in order, for many items on the disk."""
        return (outputs for outputs, _ in self.each_scored(items))

    def each_scored(self, items: Iterable[Given]) -> Iterator[Scored]:
        """Outputs and unfamiliarity of each item, in order."""
        return map_bounded(self.score, items, threads=self.threads)

    def predict_files(self, paths: Iterable[Path]) -> Iterator[Answer]:
        """Answer for each file, in order; one that cannot be read has an answer that says why."""
        return map_bounded(self._answer_file, paths, threads=self.threads)

    def _answer_file(self, path: Path) -> Answer:
        began = time.perf_counter()
        try:
            outputs, unfamiliarity = self.score(self.decode(path))
        except (OSError, ValueError) as error:
            return Answer(path, None, str(error), time.perf_counter() - began)
        return Answer(path, outputs, "", time.perf_counter() - began, unfamiliarity)

    def score(self, item: Given) -> Scored:
        """Outputs `(width,)` and unfamiliarity of one item, on the calling thread."""
        answers, scores = self.answer({name: array[None] for name, array in self._named(item).items()})
        return answers[0], None if scores is None else float(scores[0])

    def answer(self, items: Given) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Outputs `(n, width)` and unfamiliarity `(n,)` of items, by one call of the graph on the calling thread."""
        given = self._named(items)
        answers, *scores = self._session.run(self._outputs, {name: used(given[name]) for name in self._inputs})
        return answers, scores[0] if scores else None

    def _named(self, given: Given) -> Arrays:
        return given if isinstance(given, Mapping) else {self._inputs[0]: given}


def used(array: NDArray[Any]) -> NDArray[Any]:
    """Give an array as a graph takes it in: bytes as numbers, all else as it is."""
    return array if array.dtype.kind in "ib" else array.astype(np.float32, copy=False)


def top(probabilities: NDArray[np.float32], labels: Contract, *, n: int = 5) -> list[tuple[str, float]]:
    """The likeliest classes with their probabilities, the likeliest first."""
    order = np.argsort(-probabilities, kind="stable")[:n]
    return [(labels.labels[int(index)], float(probabilities[index])) for index in order]
