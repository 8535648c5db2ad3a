"""A run's `model.onnx` opened at its last feature map: what the head sees, place by place.

It knows graphs: every model of ours ends in a feature map, its mean over all places, one dense layer and softmax. It
does not know items' files, nor what is made of what it gives. Keras is not needed: the graph has it all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.contract import Contract, NamedTensors, read_contract
from tlcore.errors import RunError
from tlcore.inference.session import open_session
from tlcore.threads import map_bounded

Floats = npt.NDArray[np.float32]
GRID, POOLED = "opened/grid", "opened/pooled"
_AFTER_THE_HEAD = {"Softmax", "Sigmoid", "Identity", "Cast", "Add", "Reshape"}
LOGITS, _WEIGHTS = "head/logits", ("head/kernel", "head/bias")
_SHAPE_ONLY = {"Squeeze", "Reshape", "Flatten", "Identity", "Cast", "Transpose", "Dropout"}


@dataclass(frozen=True)
class Seen:
    """What the model makes of one item.

    Attributes:
        outputs: `(width,)`, as the task has them.
        features: `(d,)`, what the head sees: the mean of `grid` over its places and, where the head sees every block,
            after it the statistics of the others.
        grid: The last feature map, `(height, width, channels)`.
    """

    outputs: Floats
    features: Floats
    grid: Floats


@dataclass(frozen=True)
class _Places:
    """Where in a graph everything is: names of tensors, and the head's weights `(d, classes)` and `(classes,)`."""

    grid: str
    pooled: str
    channels_last: bool
    kernel: Floats
    kernel_name: str
    bias: Floats


class OpenedModel:
    """A graph ready to show its last feature map.

    Args:
        model: The graph, as `model.onnx` has it.

    Raises:
        RunError: The graph does not end in a mean over places, a dense layer and softmax.
    """

    def __init__(self, model: Any, labels: Contract) -> None:
        from onnx import TensorProto, helper

        self._model, self.labels = model, labels
        named = labels.tensors
        self._places = _read(model.graph, named) if named.feature_map else _find(model.graph)
        self.kernel, self.bias = self._places.kernel, self._places.bias
        opened = type(model)()
        opened.CopyFrom(model)
        for name, tensor in ((GRID, self._places.grid), (POOLED, self._places.pooled)):
            opened.graph.node.append(helper.make_node("Identity", [tensor], [name]))
            opened.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
        self._session = open_session(opened.SerializeToString())
        self._input: str = self._session.get_inputs()[0].name
        self._outputs = [self._session.get_outputs()[0].name, POOLED, GRID]

    @classmethod
    def from_run(cls, path: Path) -> OpenedModel:
        """The model of a run folder.

        Raises:
            RunError: It is missing or damaged, or cannot be opened.
        """
        import onnx
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

        try:
            model = onnx.load(path / "model.onnx")
        except FileNotFoundError as error:
            raise RunError(f"A model is needed at {path / 'model.onnx'}, but it is not there. Train again.") from error
        except (OSError, DecodeError) as error:
            raise RunError(f"The model {path / 'model.onnx'} cannot be loaded: {error}. Train again.") from error
        return cls(model, read_contract(path))

    def see(self, item: npt.NDArray[Any]) -> Seen:
        """Look at one item, `(size, size, 3)`, 0–255."""
        chances, pooled, grid = self._session.run(self._outputs, {self._input: item[None].astype(np.float32)})
        grid = grid[0] if self._places.channels_last else grid[0].transpose(1, 2, 0)
        return Seen(chances[0], pooled[0].ravel(), grid)

    def each(self, items: Iterable[npt.NDArray[Any]]) -> Iterator[Seen]:
        """Look at many items, in order, one on each core."""
        return map_bounded(self.see, items)

    def randomised(self, seed: int = 0, *, head_only: bool) -> OpenedModel:
        """The same graph with its weights shuffled among themselves, those of the head alone or of every layer.

        A heat map that such a model draws just as well says nothing about what was learnt: J. Adebayo and others,
        "Sanity Checks for Saliency Maps", NeurIPS 2018.
        """
        from onnx import numpy_helper

        rng = np.random.default_rng(seed)
        model = type(self._model)()
        model.CopyFrom(self._model)
        for tensor in model.graph.initializer:
            values = numpy_helper.to_array(tensor)
            weighs = values.ndim > 1 and values.dtype == np.float32
            if tensor.name == self._places.kernel_name or (weighs and not head_only):
                shuffled = rng.permutation(values.ravel()).reshape(values.shape)
                tensor.CopyFrom(numpy_helper.from_array(shuffled, tensor.name))
        return OpenedModel(model, self.labels)


def named_tensors(model: Any) -> NamedTensors:
    """Find how the tensors of a graph are called that other parts need; none of a graph of another kind."""
    try:
        places = _find(model.graph)
    except RunError:
        return NamedTensors()
    if places.kernel_name != _WEIGHTS[0]:
        return NamedTensors()
    return NamedTensors(
        feature_map=places.grid, channels_last=places.channels_last, pooled=places.pooled, logits=LOGITS
    )


def _read(graph: Any, named: NamedTensors) -> _Places:
    """Take the places by their names, which the contract has, and the weights of the head by theirs."""
    from onnx import numpy_helper

    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer if tensor.name in _WEIGHTS}
    kernel, bias = (weights[name].astype(np.float32) for name in _WEIGHTS)
    return _Places(named.feature_map, named.pooled, named.channels_last, kernel, _WEIGHTS[0], bias)


def _find(graph: Any) -> _Places:
    """Walk back from the probabilities to the head's weights, and from there to the map that its features are of."""
    from onnx import numpy_helper

    makers = {output: node for node in graph.node for output in node.output}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    bias: Floats | None = None
    node = makers.get(graph.output[0].name)
    while node is not None and node.op_type in _AFTER_THE_HEAD:
        learnt = [name for name in node.input if name in weights]
        if node.op_type == "Add" and learnt:
            bias = numpy_helper.to_array(weights[learnt[0]]).ravel()
        node = next((makers[name] for name in node.input if name in makers), None)
    if node is None or node.op_type not in {"MatMul", "Gemm"} or node.input[1] not in weights:
        raise _unlike(node)
    kernel_name = str(node.input[1])
    kernel = numpy_helper.to_array(weights[kernel_name])
    if node.op_type == "Gemm":
        kernel = kernel.T if any(each.name == "transB" and each.i for each in node.attribute) else kernel
        bias = numpy_helper.to_array(weights[node.input[2]]).ravel() if len(node.input) > 2 else bias
    pooled, node = node.input[0], makers.get(node.input[0])
    # Of several blocks' features, those of the last block's map come first.
    while node is not None and node.op_type in (*_SHAPE_ONLY, "Concat"):
        node = makers.get(node.input[0])
    if node is None or node.op_type not in {"GlobalAveragePool", "ReduceMean"}:
        raise _unlike(node)
    last = node.op_type == "ReduceMean" and _axes(node, weights) == [1, 2]
    bias = np.zeros(kernel.shape[1], np.float32) if bias is None else bias
    return _Places(node.input[0], pooled, last, kernel.astype(np.float32), kernel_name, bias)


def _axes(node: Any, weights: dict[str, Any]) -> list[int]:
    from onnx import numpy_helper

    for attribute in node.attribute:
        if attribute.name == "axes":
            return list(attribute.ints)
    return [int(axis) for axis in numpy_helper.to_array(weights[node.input[1]])] if len(node.input) > 1 else []


def _unlike(node: Any) -> RunError:
    came = "its input" if node is None else f"the operation {node.op_type}"
    return RunError(
        "A heat map by Grad-CAM needs a model that ends in a mean over places, a dense layer and softmax. This one "
        f"has {came} there. Train it again with this version of Graft."
    )
