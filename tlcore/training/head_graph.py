"""Builds the head as ONNX, to be joined to the trunk: from features to outputs and to the unfamiliarity.

It knows arrays and graphs. It does not know how they were found, nor Keras: a head is a product, a sum and an
activation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

from tlcore.contract import UNFAMILIARITY
from tlcore.inference.ood import TINY, Known
from tlcore.tasks import Task

POOLED = "pooled"


def head_graph(
    kernel: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    known: Known,
    task: Task,
    *,
    like: onnx.ModelProto,
    source: str = POOLED,
) -> onnx.ModelProto:
    """Build the graph of a head.

    Args:
        kernel: `(d, width)`.
        bias: `(width,)`.
        known: The training items that new ones are held against, by the first `len(known.features[0])` features.
        task: Whose activation and output it has.
        like: A graph of the same versions: the one that it is to be joined to.
        source: What its input, the features `(n, d)`, is called.

    Returns:
        The task's output, `(n, width)`, and `unfamiliarity`, `(n,)`, as `Known.unfamiliarity` gives it.
    """
    length, width = kernel.shape
    constants: dict[str, npt.NDArray[Any]] = {
        "kernel": kernel.astype(np.float32),
        "bias": bias.astype(np.float32),
        # Half as large as float32, and as good: it is turned back once, when the graph is loaded.
        "known": np.ascontiguousarray(known.features.T),
        "tiny": np.array(TINY, np.float32),
        "zero": np.array(0, np.float32),
        "one": np.array(1, np.float32),
        "limit": np.array(known.limit, np.float32),
    }
    compared = source
    if (first := known.features.shape[1]) < length:
        compared, ends = "first", {"from": [0], "to": [first], "axis": [1]}
        constants |= {name: np.array(value, np.int64) for name, value in ends.items()}
    nodes = [
        *([helper.make_node("Slice", [source, *ends], [compared])] if compared != source else []),
        helper.make_node("MatMul", [source, "kernel"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["logits"]),
        helper.make_node(task.activation, ["logits"], [task.output]),
        # The cosine distance to the nearest.
        helper.make_node("ReduceL2", [compared], ["length"], axes=[1], keepdims=1),
        helper.make_node("Max", ["length", "tiny"], ["divisor"]),
        helper.make_node("Div", [compared, "divisor"], ["unit"]),
        helper.make_node("Cast", ["known"], ["directions"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["unit", "directions"], ["likenesses"]),
        helper.make_node("ReduceMax", ["likenesses"], ["nearest"], axes=[1], keepdims=0),
        helper.make_node("Sub", ["one", "nearest"], ["signed"]),
        helper.make_node("Max", ["signed", "zero"], ["distance"]),
        helper.make_node("Div", ["distance", "limit"], [UNFAMILIARITY]),
    ]
    graph = helper.make_graph(
        nodes,
        "head",
        [helper.make_tensor_value_info(source, TensorProto.FLOAT, ["n", length])],
        [
            helper.make_tensor_value_info(task.output, TensorProto.FLOAT, ["n", width]),
            helper.make_tensor_value_info(UNFAMILIARITY, TensorProto.FLOAT, ["n"]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=list(like.opset_import), ir_version=like.ir_version)


def join(below: onnx.ModelProto, above: onnx.ModelProto, prefix: str = "above/") -> onnx.ModelProto:
    """Put two graphs together: the outputs of the one are what the other takes in.

    Where there are several, their names say which is which.
    Every other name of the upper one gets the prefix, so that none is there twice.
    """
    above = compose.add_prefix(above, prefix, rename_inputs=False, rename_outputs=False)
    io_map = [(each.name, each.name) for each in above.graph.input]
    if len(io_map) == 1:
        io_map = [(below.graph.output[0].name, above.graph.input[0].name)]
    return compose.merge_models(below, above, io_map=io_map)
