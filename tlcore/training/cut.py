"""Splits a model at the cut: a trunk below and a top above, which share its layers and weights.

It knows Keras graphs. It does not know backbones, phases or data.
"""

from __future__ import annotations

import warnings
from typing import Any

import keras

from tlcore.inference.trunk import FEATURES


def cut(model: keras.Model, last_layer: str | None) -> tuple[keras.Model | None, keras.Model]:
    """Split a functional model above the output of `last_layer`; None cuts at the input: no trunk, all top.

    What crosses the boundary is a set of tensors by name: `features`, the output of `last_layer`, and whatever else
    the layers above need, such as the attention mask of a transformer, by the name of the layer that gives it.
    `top(trunk(arrays))` is `model(arrays)`; both take in and the trunk gives a dictionary. A weight that changes in one
    changes in the model: the layers are shared.

    Raises:
        ValueError: The model has no such layer.
    """
    if last_layer is None:
        return None, model
    nodes = _nodes(model)
    boundary = output_of(model, last_layer)
    inputs = model.input if isinstance(model.input, dict) else {tensor.name: tensor for tensor in model.inputs}
    crossing = {FEATURES: boundary, **_crossing(nodes, boundary)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a tensor in the middle has no name of ours
        trunk = keras.Model(inputs, crossing, name=f"{model.name}_trunk")
        if boundary is model.outputs[0]:
            top_input = keras.Input(batch_shape=boundary.shape, name=FEATURES)
            top = keras.Model({FEATURES: top_input}, keras.layers.Identity()(top_input), name=f"{model.name}_top")
        else:
            top = keras.Model(crossing, model.outputs[0], name=f"{model.name}_top")
    return trunk, top


def output_of(model: keras.Model, name: str) -> Any:
    """Find the output of a layer within a functional model.

    Raises:
        ValueError: The model has no such layer.
    """
    # Not `model.get_layer(name).output`: that is refused once the layer has been used a second time, as every layer
    # above an earlier cut has been. The model's own nodes stay what they were.
    for node in _nodes(model):
        if node.operation.name == name:
            (tensor,) = node.output_tensors
            return tensor
    raise ValueError(f"The model {model.name} should have a layer named {name!r}. It has none.")


def _nodes(model: keras.Model) -> list[Any]:
    return [node for level in model._nodes_by_depth.values() for node in level]


def _crossing(nodes: list[Any], boundary: Any) -> dict[str, Any]:
    """Find what the layers above a boundary need of what is below it, but for the boundary itself."""
    giver = {id(tensor): node for node in nodes for tensor in node.output_tensors}
    below: dict[int, Any] = {}
    waiting = [giver[id(boundary)]]
    while waiting:
        node = waiting.pop()
        if id(node) not in below:
            below[id(node)] = node
            waiting += [giver[id(tensor)] for tensor in node.input_tensors]
    found = {}
    for node in nodes:
        if id(node) in below:
            continue
        for tensor in node.input_tensors:
            source = giver[id(tensor)]
            # An input that only the layers above need passes by the trunk.
            if tensor is not boundary and (id(source) in below or not source.input_tensors):
                several = len(source.output_tensors) > 1
                place = next(place for place, each in enumerate(source.output_tensors) if each is tensor)
                found[f"{source.operation.name}_{place}" if several else source.operation.name] = tensor
    return found
