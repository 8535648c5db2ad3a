"""Engines: what runs a trunk over pictures, forward only.

ONNX Runtime and OpenVINO answer on the processor for few pictures on each core; Keras answers on whatever device its
backend has. Which is fastest differs from machine to machine: `choice` measures. It knows arrays and runtimes. It does
not know where pixels come from, nor where features go.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from tlcore.training import device

Pixels = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float32]
Answer = Callable[[Pixels], Features]
Precision = Literal["float32", "bfloat16"]
TITLES = {"keras": "Keras", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}
ON_ACCELERATOR = 64
BY_KERAS = 8


@dataclass(frozen=True)
class Engine:
    """A way to run a trunk.

    Attributes:
        key: A key of `TITLES`.
        precision: Of what lies between pixels and features; the features themselves are float32.
        at_once: Pictures in one call. Few, so that what lies between two layers stays in a core's cache.
        threads: Calls at a time; each then has one core.
        start: Makes it ready, which may take a second; give pixels to what it returns.
    """

    key: str
    precision: Precision
    at_once: int
    threads: int
    start: Callable[[], Answer]

    @property
    def name(self) -> str:
        """Tells engines apart, in files and in sentences."""
        precision = "" if self.precision == "float32" else f" in {self.precision}"
        return f"{TITLES[self.key]}{precision}" + (f", {self.at_once} at a time" if self.at_once > 1 else "")


def engines(trunk: keras.Model, graph: Callable[[], onnx.ModelProto], *, lower: bool) -> Iterator[Engine]:
    """Every engine that there is on this machine, those that are usually fast first.

    Args:
        trunk: For Keras.
        graph: Gives the same as ONNX, for the others.
        lower: Whether engines of lower precision may be among them.
    """
    cores = device.cores()
    keras_engine = (
        Engine("keras", "float32", ON_ACCELERATOR, 1, lambda: _compiled_keras(trunk))
        if device.on_accelerator()
        else Engine("keras", "float32", BY_KERAS, 1, lambda: _eager_keras(trunk))
    )
    if device.on_accelerator():
        yield keras_engine
    for at_once in (1, 4):
        yield Engine("onnxruntime", "float32", at_once, cores, lambda: onnx_answer(graph()))
    if openvino_precisions():
        yield Engine("openvino", "float32", 1, cores, lambda: openvino_answer(graph(), "float32"))
    if lower and "bfloat16" in openvino_precisions():
        yield Engine("openvino", "bfloat16", 1, cores, lambda: openvino_answer(graph(), "bfloat16"))
    if not device.on_accelerator() and keras.backend.backend() == "tensorflow":
        yield keras_engine  # JAX would compile every layer first, and be slower afterwards


def openvino_precisions() -> tuple[Precision, ...]:
    """In which precisions OpenVINO is fast on this processor; empty where it is not installed."""
    if importlib.util.find_spec("openvino") is None:
        return ()
    able = _openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ("float32", "bfloat16") if "BF16" in able else ("float32",)


def onnx_answer(graph: onnx.ModelProto) -> Answer:
    """Answer by ONNX Runtime on the calling thread alone: callers bring one thread for each core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def answer(pixels: Pixels) -> Features:
        features: Features = session.run(None, {name: pixels.astype(np.float32)})[0]
        return features

    return answer


def openvino_answer(graph: onnx.ModelProto, precision: Precision) -> Answer:
    """Answer by OpenVINO, a stream on each core; every calling thread has a request of its own."""
    openvino = _openvino()
    core, cores = openvino.Core(), device.cores()
    compiled = core.compile_model(
        core.read_model(graph.SerializeToString()),
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": "f32" if precision == "float32" else "bf16",
            "NUM_STREAMS": cores,
            "INFERENCE_NUM_THREADS": cores,
        },
    )
    own = threading.local()
    # Asked by one thread first: two that ask for the first time at once wait for each other for ever, one for Python's
    # lock, the other for the guard of a static of OpenVINO's.
    openvino.Type.f32.to_dtype()

    def answer(pixels: Pixels) -> Features:
        if not hasattr(own, "request"):
            own.request = compiled.create_infer_request()
        return np.array(own.request.infer([pixels.astype(np.float32)], share_inputs=True)[0], np.float32)

    return answer


def _openvino() -> Any:
    """The package, imported so that it reports to nobody: with its telemetry out of reach it uses a stub of its own."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def _eager_keras(trunk: keras.Model) -> Answer:
    # Not compiled: on a processor that takes seconds for each trunk, and the layers take as long afterwards.
    return lambda pixels: np.asarray(
        keras.ops.convert_to_numpy(trunk(pixels.astype(np.float32), training=False)), np.float32
    )


def _compiled_keras(trunk: keras.Model) -> Answer:
    if device.count() == 1:
        return lambda pixels: np.asarray(trunk.predict_on_batch(pixels.astype(np.float32)), np.float32)

    def answer(pixels: Pixels) -> Features:
        filled, _ = device.fill(pixels.astype(np.float32), np.ones(len(pixels), np.float32))
        # Only `predict` shares a batch out.
        return np.asarray(trunk.predict(filled, batch_size=len(filled), verbose=0), np.float32)[: len(pixels)]

    return answer


def answer_all(answer: Answer, pixels: Any, *, at_once: int, threads: int) -> Features:
    """Features of many pictures, in order."""
    starts = range(0, len(pixels), at_once)
    with ThreadPoolExecutor(threads) as pool:
        found = pool.map(lambda start: answer(np.asarray(pixels[start : start + at_once])), starts)
        return np.concatenate(list(found))
