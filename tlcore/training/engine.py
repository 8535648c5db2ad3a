"""Chooses the engine that runs a trunk over the pictures, forward only.

On an accelerator Keras answers, many pictures at once; on a processor ONNX Runtime, a few on each core, through
OpenVINO's execution provider where that is installed. It knows arrays and runtimes. It does not know where pixels come
from, nor where features go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import onnx

from tlcore.inference.session import has_openvino
from tlcore.inference.trunk import AT_ONCE, Answer, start
from tlcore.threads import cores, map_bounded
from tlcore.training import device

ON_ACCELERATOR = 64
Features = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Engine:
    """A way to run a trunk, ready to answer.

    Attributes:
        title: For people.
        at_once: Pictures in one call.
        threads: Calls at a time.
        answer: Takes pixels `(n, size, size, 3)` and gives features `(n, …)`.
    """

    title: str
    at_once: int
    threads: int
    answer: Answer

    def __call__(self, pixels: Any) -> Features:
        """Compute the features of many pictures, in order."""
        starts = range(0, len(pixels), self.at_once)

        def part(first: int) -> Features:
            return self.answer(np.asarray(pixels[first : first + self.at_once]))

        return np.concatenate(list(map_bounded(part, starts, threads=self.threads)))


def engine_of(trunk: keras.Model, graph: Callable[[], onnx.ModelProto]) -> Engine:
    """Make the engine of this machine ready.

    Args:
        trunk: For Keras.
        graph: Gives the same as ONNX; asked only on a processor.
    """
    return keras_engine(trunk) if device.on_accelerator() else on_processor(graph())


def on_processor(graph: onnx.ModelProto) -> Engine:
    """Make ONNX Runtime ready: a call of few pictures on each core."""
    title = "ONNX Runtime with OpenVINO" if has_openvino() else "ONNX Runtime"
    return Engine(title, AT_ONCE, cores(), start(graph.SerializeToString()))


def keras_engine(trunk: keras.Model) -> Engine:
    """Let Keras answer on whatever device its backend has; several get a share of each call."""

    def together(pixels: npt.NDArray[Any]) -> Features:
        return np.asarray(trunk.predict_on_batch(pixels.astype(np.float32)), np.float32)

    def shared_out(pixels: npt.NDArray[Any]) -> Features:
        filled, _ = device.fill(pixels.astype(np.float32), np.ones(len(pixels), np.float32))
        # Only `predict` shares a batch out.
        return np.asarray(trunk.predict(filled, batch_size=len(filled), verbose=0), np.float32)[: len(pixels)]

    return Engine("Keras", ON_ACCELERATOR, 1, together if device.count() == 1 else shared_out)
