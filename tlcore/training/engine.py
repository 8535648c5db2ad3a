"""Runs a trunk over pictures: forward only, as fast as this machine can.

On a processor ONNX Runtime answers several times faster than Keras (docs/benchmarks.md); on an accelerator Keras stays
there. It knows arrays. It does not know where pixels come from, nor where features go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

Pixels = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float32]
# Small enough that what lies between two layers stays in a core's cache.
PICTURES_AT_ONCE = 1
PICTURES_AT_ONCE_ON_ACCELERATOR = 64


def onnx_engine(graph: onnx.ModelProto) -> Callable[[Pixels], Features]:
    """Answer on the calling thread alone: callers bring one thread for each core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def answer(pixels: Pixels) -> Features:
        features: Features = session.run(None, {name: pixels.astype(np.float32)})[0]
        return features

    return answer


def keras_engine(model: keras.Model) -> Callable[[Pixels], Features]:
    """Answer with Keras, on whatever device its backend has."""

    def answer(pixels: Pixels) -> Features:
        found: Any = model.predict_on_batch(pixels.astype(np.float32))
        return np.asarray(found, np.float32)

    return answer
