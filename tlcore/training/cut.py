"""Cuts a model into a trunk below a layer and a top above it; both share the layers and weights of the model.

It knows Keras graphs. It does not know backbones, phases or data.
"""

from __future__ import annotations

from typing import Any

import keras


def cut(model: keras.Model, last_layer: str | None) -> tuple[keras.Model | None, keras.Model]:
    """Split a functional model at the single output of `last_layer`; None cuts at the input: no trunk, all top.

    `top(trunk(x))` is `model(x)`, and a weight that changes in one changes in the model: the layers are shared.

    Raises:
        ValueError: The model has no such layer, or something bypasses it.
    """
    if last_layer is None:
        return None, model
    boundary = _output(model, last_layer)
    trunk = keras.Model(model.inputs[0], boundary, name=f"{model.name}_trunk")
    if boundary is model.outputs[0]:
        inputs = keras.Input(batch_shape=boundary.shape)
        return trunk, keras.Model(inputs, keras.layers.Identity()(inputs), name=f"{model.name}_top")
    return trunk, keras.Model(boundary, model.outputs[0], name=f"{model.name}_top")


def _output(model: keras.Model, name: str) -> Any:
    # Not `model.get_layer(name).output`: that is refused once the layer has been used a second time, as every layer
    # above an earlier cut has been. The model's own nodes stay what they were.
    for nodes in model._nodes_by_depth.values():
        for node in nodes:
            if node.operation.name == name:
                (tensor,) = node.output_tensors
                return tensor
    raise ValueError(f"The model {model.name} should have a layer named {name!r}. It has none.")
