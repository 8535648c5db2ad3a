"""Gives the ONNX converter what it lacks: a layer that it refuses as an equal one, an operation that it does not know.

It knows which of them the catalogue has. It does not convert.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import keras
import numpy as np


@cache
def teach_converter() -> None:
    """Tell the converter how ONNX writes the complement of the error function, of which TensorFlow makes GELU.

    Without it the converter says so on standard output, returns, and leaves a file that ONNX Runtime refuses.
    """
    from tf2onnx.handler import tf_op

    @tf_op("Erfc")
    class _Erfc:
        @classmethod
        def version_9(cls, ctx: Any, node: Any, **_: Any) -> None:
            kind, shape, source = ctx.get_dtype(node.input[0]), ctx.get_shape(node.input[0]), node.input[0]
            name, output = node.name, node.output[0]
            ctx.remove_node(name)
            erf = ctx.make_node("Erf", [source], dtypes=[kind], shapes=[shape])
            one = ctx.make_const(f"{name}/one", np.array(1, np.float32))
            ctx.make_node(
                "Sub", [one.output[0], erf.output[0]], name=name, outputs=[output], dtypes=[kind], shapes=[shape]
            )


def convertible(model: keras.Model) -> keras.Model:
    """A copy with an equal layer for each that the converter refuses; the model itself where there is none."""
    if not any(_grouped_depthwise(layer) for layer in model._flatten_layers()):
        return model
    copy = keras.models.clone_model(model, clone_function=_counterpart, recursive=True)
    for layer, twin in zip(_leaves(model), _leaves(copy), strict=True):
        weights = layer.get_weights()
        if _grouped_depthwise(layer):
            weights[0] = np.swapaxes(weights[0], 2, 3)  # (…, 1, channels) to (…, channels, 1)
        twin.set_weights(weights)
    return copy


def _counterpart(layer: keras.layers.Layer) -> keras.layers.Layer:
    if _grouped_depthwise(layer):
        # TensorFlow computes a grouped convolution on a processor by way of XLA, which has no counterpart in ONNX.
        config = layer.get_config()
        shared = ("name", "kernel_size", "strides", "padding", "dilation_rate", "use_bias", "activation")
        return keras.layers.DepthwiseConv2D(**{key: config[key] for key in shared})
    return layer.__class__.from_config(layer.get_config())


def _grouped_depthwise(layer: Any) -> bool:
    return type(layer) is keras.layers.Conv2D and layer.groups == layer.filters > 1


def _leaves(model: keras.Model) -> list[Any]:
    return [layer for layer in model._flatten_layers(include_self=False) if not layer._layers]
