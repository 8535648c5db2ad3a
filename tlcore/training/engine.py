"""Chooses the engine that runs a trunk over the items, forward only.

On an accelerator Keras answers, many items at once; on a processor ONNX Runtime, a few on each core, through
OpenVINO's execution provider where that is installed. It knows arrays and runtimes. It does not know where arrays come
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
from tlcore.items import Arrays, count, join, take
from tlcore.memmap import MappedArrays
from tlcore.threads import cores, map_bounded
from tlcore.training import device

ON_ACCELERATOR = 64
Features = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Engine:
    """A way to run a trunk, ready to answer.

    Attributes:
        title: For people.
        at_once: Items in one call.
        threads: Calls at a time.
        answer: Takes the arrays of items, `(n, …)` each, and gives what crosses the cut.
    """

    title: str
    at_once: int
    threads: int
    answer: Answer

    def __call__(self, inputs: MappedArrays) -> Features:
        """Compute the features of many items, in order."""
        starts = range(0, len(inputs), self.at_once)

        def part(first: int) -> Features:
            return self.answer(inputs[first : first + self.at_once])

        return join(list(map_bounded(part, starts, threads=self.threads)))


def engine_of(trunk: keras.Model, graph: Callable[[], onnx.ModelProto]) -> Engine:
    """Make the engine of this machine ready.

    Args:
        trunk: For Keras.
        graph: Gives the same as ONNX; asked only on a processor.
    """
    return keras_engine(trunk) if device.on_accelerator() else on_processor(graph())


def on_processor(graph: onnx.ModelProto) -> Engine:
    """Make ONNX Runtime ready: a call of few items on each core."""
    title = "ONNX Runtime with OpenVINO" if has_openvino() else "ONNX Runtime"
    return Engine(title, AT_ONCE, cores(), start(graph.SerializeToString()))


def keras_engine(trunk: keras.Model) -> Engine:
    """Let Keras answer on whatever device its backend has; several get a share of each call.

    Args:
        trunk: Takes in arrays by name, and gives what crosses the cut by name.
    """
    wanted = {tensor.name: tensor.dtype for tensor in trunk.inputs}

    def given(arrays: Arrays) -> Features:
        return {name: np.asarray(arrays[name], dtype) for name, dtype in wanted.items()}

    def together(arrays: Arrays) -> Features:
        return {name: np.asarray(each) for name, each in trunk.predict_on_batch(given(arrays)).items()}

    def shared_out(arrays: Arrays) -> Features:
        number = count(arrays)
        filled, weights = device.fill(given(arrays), np.ones(number, np.float32))
        # Only `predict` shares a batch out.
        return take(trunk.predict(filled, batch_size=len(weights), verbose=0), slice(number))

    return Engine("Keras", ON_ACCELERATOR, 1, together if device.count() == 1 else shared_out)
