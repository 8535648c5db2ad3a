"""A graph in 8 bits: calibrated on training items, chosen by validation items, and more careful step by step.

It knows ONNX Runtime's static quantization (weights and activations as 8-bit numbers between QuantizeLinear and
DequantizeLinear, so that any runtime can run it). It does not know test items: they prove what was chosen.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from tlcore.contract import read_contract
from tlcore.export.calibration_data import Sample, sample
from tlcore.export.graph_split import Halves, tidied
from tlcore.export.onnx_files import OnnxFile
from tlcore.inference.ood import FAMILIAR_SHARE, SMALLEST
from tlcore.inference.session import open_session
from tlcore.items import Arrays, count, take
from tlcore.runs.formats import FORMATS
from tlcore.runs.run import Run
from tlcore.tasks import Task
from tlcore.threads import map_bounded

Floats = npt.NDArray[np.float32]
# So much may an attempt lose on validation items to be the last one: half of what the bar allows.
ENOUGH = 0.01
FEW, MANY = 100, 300
VALIDATED = 300
# What is computed with weights, or is fast in 8 bits; everything between two of them stays in 8 bits, too.
KINDS = (
    "Conv",
    "MatMul",
    "Gemm",
    "Add",
    "Mul",
    "Clip",
    "Relu",
    "GlobalAveragePool",
    "AveragePool",
    "MaxPool",
    "Concat",
)
WITH_WEIGHTS = ("Conv", "MatMul", "Gemm")


@dataclass(frozen=True)
class Attempt:
    """How to go about it. Each channel of a weight has a scale of its own always: one for all ruins depthwise layers.

    Attributes:
        items: To calibrate by.
        exact_ends: So many of the first layers with weights, and of the last, stay in 32 bits.
    """

    items: int
    exact_ends: tuple[int, int] = (0, 0)


ATTEMPTS = (Attempt(FEW), Attempt(MANY), Attempt(MANY, exact_ends=(3, 2)))


class EightBitOnnxFile(OnnxFile):
    """The graph with the body in 8 bits; input, head and outputs stay in 32."""

    def convert(self, run: Run, graph: onnx.ModelProto) -> onnx.ModelProto:
        training, validation = sample(run, "train", MANY), sample(run, "val", VALIDATED)
        return bring_to_eight_bits(graph, training, validation, pooled=read_contract(run.path).tensors.pooled)


EIGHT_BITS = EightBitOnnxFile(FORMATS["onnx-int8"])


def bring_to_eight_bits(
    graph: onnx.ModelProto,
    training: Sample,
    validation: Sample,
    attempts: Sequence[Attempt] = ATTEMPTS,
    *,
    pooled: str = "",
) -> onnx.ModelProto:
    """The first attempt that loses next to nothing on the validation items, else the one that loses least.

    The body sees a little differently now, so the distance that counts as unfamiliar is found anew.
    """
    halves = Halves(graph, pooled)
    wanted = score(ask_all(graph, validation.arrays)[0], validation.targets, validation.task)
    best, most = None, -math.inf
    with tempfile.TemporaryDirectory(prefix="graft-int8-") as folder:
        ready = _prepared(halves.body, Path(folder))
        for attempt in attempts:
            body = _quantized(ready, training.arrays, attempt, Path(folder))
            answers, *scores = ask_all(halves.joined(body), validation.arrays)
            reached = score(answers, validation.targets, validation.task)
            if reached > most:
                best, most = halves.joined(body, limit=_limit(halves, scores[0]) if scores else None), reached
            if most >= wanted - ENOUGH:
                break
    if best is None:
        raise ValueError("At least one attempt is needed. Received none.")
    return best


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Items one at a time, as the calibration wants them."""

    def __init__(self, arrays: Arrays, most: int) -> None:
        rows = np.unique(np.linspace(0, count(arrays) - 1, most).astype(int))
        self._waiting = (one_of(arrays, row) for row in rows)

    def get_next(self) -> Any:
        return next(self._waiting, None)


def _prepared(body: onnx.ModelProto, folder: Path) -> Path:
    """Shapes written in and what can be computed beforehand computed: quantization goes by both."""
    plain, ready = folder / "plain.onnx", folder / "ready.onnx"
    onnx.save(body, plain)
    quant_pre_process(plain, ready, skip_symbolic_shape=True)  # symbols would need a package of their own
    onnx.save(tidied(onnx.load(ready)), ready)
    return ready


def _quantized(ready: Path, arrays: Arrays, attempt: Attempt, folder: Path) -> onnx.ModelProto:
    graph = onnx.load(ready)
    quantize_static(
        ready,
        folder / "quantized.onnx",
        _Reader(arrays, attempt.items),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        # Weights of 7 bits: processors with AVX2 but without VNNI add pairs of products in 16 bits, and these overflow.
        # https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html#data-type-selection
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=list(KINDS),
        nodes_to_exclude=_exact(graph, *attempt.exact_ends),
    )
    return onnx.load(folder / "quantized.onnx")


def _exact(graph: onnx.ModelProto, first: int, last: int) -> list[str]:
    """What lies before the first layer with weights, and so many of the first and of the last of these."""
    nodes = list(graph.graph.node)
    places = [place for place, node in enumerate(nodes) if node.op_type in WITH_WEIGHTS]
    if first + last >= len(places):  # of a graph so small nothing would be left
        first = last = 0
    begin = places[first] if places else 0
    end = places[-last] if last else len(nodes)
    return [node.name for node in chain(nodes[:begin], nodes[end:])]


def ask_all(graph: onnx.ModelProto, arrays: Arrays) -> list[Floats]:
    """Every output of a graph for the arrays of items, `(n, …)` each."""
    session = open_session(graph.SerializeToString())

    def answer(row: int) -> list[Floats]:
        said: list[Floats] = session.run(None, one_of(arrays, row))
        return said

    found = map_bounded(answer, range(count(arrays)))
    return [np.concatenate(each) for each in zip(*found, strict=True)]


def one_of(arrays: Arrays, row: int) -> dict[str, npt.NDArray[Any]]:
    """Take one item as a graph takes it: bytes as numbers, all else as it is."""
    some = take(arrays, slice(row, row + 1))
    return {name: array.astype(np.float32) if array.dtype == np.uint8 else array for name, array in some.items()}


def score(outputs: Floats, targets: npt.NDArray[Any], task: Task) -> float:
    """Rank outputs by the headline metric of their task, higher is better; an error in units of the values' spread."""
    metric = task.metrics[0]
    value = task.headline(outputs, targets, np.zeros(len(outputs), np.int64)).value
    if metric.kind == "value":
        value /= float(np.ptp(targets)) or 1.0
    return value if metric.higher_is_better else -value


def _limit(halves: Halves, scores: Floats) -> float:
    """The limit of `inference.unfamiliar.learn_known`, for the distances that the new body gives."""
    distances = np.sort(scores * halves.constant("limit"))
    place = min(len(distances), math.ceil(FAMILIAR_SHARE * (len(distances) + 1)))
    return max(float(distances[place - 1]), SMALLEST)
