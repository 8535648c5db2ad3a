"""A run's graph in two parts: the body, inputs to features, and the head, which stays exact whatever the body becomes.

Half of the size of a distance near 0 is lost in 16 bits, and all of it in 8; the head is small and takes no time. It
knows the names that `training.head_graph` gives. It does not know what is done to the body.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

HEAD = "head/"


@dataclass(frozen=True)
class Halves:
    """A graph, taken apart. A graph without a head of ours is all body.

    Attributes:
        pooled: What the output of the body is called; empty where the contract, of a run of before, does not say.
    """

    whole: onnx.ModelProto
    pooled: str = ""

    @cached_property
    def head(self) -> list[onnx.NodeProto]:
        last = {output.name for output in self.whole.graph.output}
        nodes = [
            node for node in self.whole.graph.node if all(name.startswith(HEAD) or name in last for name in node.output)
        ]
        return nodes if any(name.startswith(HEAD) for node in nodes for name in node.output) else []

    @property
    def features(self) -> str:
        """What the output of the body is called."""
        if self.pooled:
            return self.pooled
        constants = {each.name for each in self.whole.graph.initializer}
        return str(next(name for name in self.head[0].input if name not in constants))

    @cached_property
    def body(self) -> onnx.ModelProto:
        body = onnx.ModelProto()
        body.CopyFrom(self.whole)
        if not self.head:
            return body
        graph, of_head = body.graph, {node.output[0] for node in self.head}
        _replace(graph.node, [node for node in graph.node if node.output[0] not in of_head])
        _replace(graph.initializer, [each for each in graph.initializer if not each.name.startswith(HEAD)])
        length = self.constant("kernel").shape[0]
        _replace(graph.output, [helper.make_tensor_value_info(self.features, TensorProto.FLOAT, ["n", length])])
        return body

    def constant(self, name: str) -> npt.NDArray[Any]:
        """A constant of the head: `kernel` `(d, width)`, `known` `(d, m)`, `limit`."""
        return numpy_helper.to_array(next(each for each in self.whole.graph.initializer if each.name == HEAD + name))

    def joined(self, body: onnx.ModelProto, *, limit: float | None = None) -> onnx.ModelProto:
        """Another body under the same head; with a `limit`, one that says so when another distance is the limit."""
        made = onnx.ModelProto()
        made.CopyFrom(body)
        if self.head:
            constants = [each for each in self.whole.graph.initializer if each.name.startswith(HEAD)]
            if limit is not None:
                value = numpy_helper.from_array(np.array(limit, np.float32), f"{HEAD}limit")
                constants = [value if each.name == value.name else each for each in constants]
            made.graph.node.extend(self.head)
            made.graph.initializer.extend(constants)
            _replace(made.graph.output, self.whole.graph.output)
        return tidied(made)


def tidied(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Name the sets of operators that are used, each once: tools that optimise name all they know, some of them twice.

    In place.
    """
    used = {node.domain for node in graph.graph.node}
    versions = {each.domain: each.version for each in graph.opset_import if each.domain in used}
    _replace(graph.opset_import, [helper.make_opsetid(domain, version) for domain, version in versions.items()])
    return graph


def _replace(field: Any, values: Iterable[Any]) -> None:
    kept = list(values)
    del field[:]
    field.extend(kept)
