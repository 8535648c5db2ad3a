"""Ask a model: pixels or item files in, its outputs out: probabilities, or values.

It knows ONNX Runtime and threads. It does not know where the model comes from or how answers are shown.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from tlcore.contract import UNFAMILIARITY, Contract, read_contract
from tlcore.errors import RunError
from tlcore.inference.session import open_session
from tlcore.modalities.image.pixels import read_pixels
from tlcore.tasks import Reply
from tlcore.threads import cores, map_bounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

Scored = tuple["NDArray[np.float32]", float | None]


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
        self._input: str = self._session.get_inputs()[0].name
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

    def pixels(self, source: Path | bytes | BinaryIO) -> NDArray[np.uint8]:
        """An item as the model sees it: `(size, size, 3)`, RGB, 0–255.

        Raises:
            ValueError: The item cannot be read; the message is the reason.
        """
        labels = self.labels
        return read_pixels(source, labels.input.size, labels.input.resize, labels.input.value_range)

    def predict(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Outputs `(n, width)` of pixels `(n, size, size, 3)`, 0–255."""
        answers = list(self.each(pixels))
        return np.stack(answers) if answers else np.empty((0, self._width), np.float32)

    def each(self, pixels: Iterable[NDArray[Any]]) -> Iterator[NDArray[np.float32]]:
        """The same, an item at a time and in order, for many items on the disk."""
        return (outputs for outputs, _ in self.each_scored(pixels))

    def each_scored(self, pixels: Iterable[NDArray[Any]]) -> Iterator[Scored]:
        """Outputs and unfamiliarity of each item, in order."""
        return map_bounded(self.score, pixels, threads=self.threads)

    def predict_files(self, paths: Iterable[Path]) -> Iterator[Answer]:
        """Answer for each file, in order; one that cannot be read has an answer that says why."""
        return map_bounded(self._answer_file, paths, threads=self.threads)

    def _answer_file(self, path: Path) -> Answer:
        began = time.perf_counter()
        try:
            outputs, unfamiliarity = self.score(self.pixels(path))
        except (OSError, ValueError) as error:
            return Answer(path, None, str(error), time.perf_counter() - began)
        return Answer(path, outputs, "", time.perf_counter() - began, unfamiliarity)

    def score(self, pixels: NDArray[Any]) -> Scored:
        """Outputs `(width,)` and unfamiliarity of one item, on the calling thread."""
        answers, scores = self.answer(pixels[None])
        return answers[0], None if scores is None else float(scores[0])

    def answer(self, pixels: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Outputs `(n, width)` and unfamiliarity `(n,)` of pixels, by one call of the graph on the calling thread."""
        answers, *scores = self._session.run(self._outputs, {self._input: pixels.astype(np.float32)})
        return answers, scores[0] if scores else None


def top(probabilities: NDArray[np.float32], labels: Contract, *, n: int = 5) -> list[tuple[str, float]]:
    """The likeliest classes with their probabilities, the likeliest first."""
    order = np.argsort(-probabilities, kind="stable")[:n]
    return [(labels.labels[int(index)], float(probabilities[index])) for index in order]
