"""Ask a model: pixels or picture files in, probabilities out.

It knows ONNX Runtime, batches and threads. It does not know where the model comes from or how answers are shown.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from tlcore.data.pixels import read_pixels
from tlcore.errors import RunError
from tlcore.inference.labels import Labels, read_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 32


@dataclass(frozen=True)
class Answer:
    """What the model says of one picture.

    Attributes:
        probabilities: `(classes,)`, float32, in the order of `Labels.labels`; None where the picture cannot be read.
        error: Why it cannot be read; empty otherwise.
        seconds: Reading the picture and its share of the batch.
    """

    source: Path
    probabilities: NDArray[np.float32] | None
    error: str = ""
    seconds: float = 0.0


class Predictor:
    """A graph ready to answer.

    Args:
        threads: Of one answer; all cores where not given.

    Raises:
        RunError: The graph is missing or damaged, or does not fit its labels.
    """

    def __init__(self, onnx: Path, labels: Labels, *, threads: int | None = None) -> None:
        self.labels = labels
        self._session = _session(onnx, threads)
        answers = self._session.get_outputs()[0].shape[-1]
        if isinstance(answers, int) and answers != len(labels.labels):
            raise RunError(
                f"A model needs a label for each of its probabilities. {onnx.name} gives {answers}, labels.json names "
                f"{len(labels.labels)}. Train again, or restore the folder from a copy."
            )
        self._input: str = self._session.get_inputs()[0].name
        self._output: str = self._session.get_outputs()[0].name

    @classmethod
    def from_run(cls, path: Path, *, threads: int | None = None) -> Predictor:
        """The model of a run folder."""
        return cls(path / "model.onnx", read_labels(path), threads=threads)

    def pixels(self, source: Path | bytes | BinaryIO) -> NDArray[np.uint8]:
        """A picture as the model sees it: `(size, size, 3)`, RGB, 0–255.

        Raises:
            ValueError: The picture cannot be read; the message is the reason.
        """
        return read_pixels(source, self.labels.image_size, self.labels.resize)

    def predict(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Probabilities `(n, classes)` of pixels `(n, size, size, 3)`, 0–255; rows sum to 1."""
        batches = list(self.batches(pixels))
        return np.concatenate(batches) if batches else np.empty((0, len(self.labels.labels)), np.float32)

    def batches(self, pixels: NDArray[Any]) -> Iterator[NDArray[np.float32]]:
        """The same, a batch at a time, for many pictures on the disk."""
        for start in range(0, len(pixels), BATCH):
            yield self._run(pixels[start : start + BATCH])

    def predict_files(self, paths: Iterable[Path]) -> Iterator[Answer]:
        """Answer for each picture file, in order; one that cannot be read has an answer that says why."""
        waiting = iter(paths)
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            while batch := list(islice(waiting, BATCH)):
                yield from self._answers(batch, list(pool.map(self._read, batch)))

    def _answers(self, batch: list[Path], read: list[tuple[NDArray[np.uint8] | None, str, float]]) -> Iterator[Answer]:
        good = [pixels for pixels, _, _ in read if pixels is not None]
        began = time.perf_counter()
        probabilities = iter(self._run(np.stack(good)) if good else ())
        share = (time.perf_counter() - began) / max(1, len(good))
        for source, (pixels, error, seconds) in zip(batch, read, strict=True):
            if pixels is None:
                yield Answer(source, None, error, seconds)
            else:
                yield Answer(source, next(probabilities), "", seconds + share)

    def _read(self, path: Path) -> tuple[NDArray[np.uint8] | None, str, float]:
        began = time.perf_counter()
        try:
            return self.pixels(path), "", time.perf_counter() - began
        except (OSError, ValueError) as error:
            return None, str(error), time.perf_counter() - began

    def _run(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        answer: NDArray[np.float32] = self._session.run(
            [self._output], {self._input: np.ascontiguousarray(pixels, dtype=np.float32)}
        )[0]
        return answer


def top(probabilities: NDArray[np.float32], labels: Labels, *, n: int = 5) -> list[tuple[str, float]]:
    """The likeliest classes with their probabilities, the likeliest first."""
    order = np.argsort(-probabilities, kind="stable")[:n]
    return [(labels.labels[int(index)], float(probabilities[index])) for index in order]


def _session(onnx: Path, threads: int | None) -> Any:
    import onnxruntime  # not before somebody asks a model: the first page needs none

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
    if not onnx.is_file():
        raise RunError(f"A model is needed at {onnx}, but it is not there. The run may not have come that far.")
    try:
        return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # ONNX Runtime's own exceptions have no common base that it makes public.
        raise RunError(
            f"The model {onnx} cannot be loaded: {error}. Train again, or restore it from a copy."
        ) from error
