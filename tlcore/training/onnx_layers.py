"""Replaces layers by equivalent ones that the ONNX converter supports.

It knows which layers of the catalogue the converter refuses, and an equal one for each. It does not convert.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np


def convertible(model: keras.Model) -> keras.Model:
    """A copy with an equal layer for each that the converter refuses; the model itself where there is none."""
    if not any(_grouped_depthwise(layer) or _gelu(layer) for layer in model._flatten_layers()):
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
    if _gelu(layer):
        return keras.layers.Activation(_gelu_by_erf, name=layer.name)
    return layer.__class__.from_config(layer.get_config())


def _grouped_depthwise(layer: Any) -> bool:
    return type(layer) is keras.layers.Conv2D and layer.groups == layer.filters > 1


def _gelu(layer: Any) -> bool:
    return isinstance(layer, keras.layers.Activation) and layer.activation is keras.activations.gelu


def _gelu_by_erf(x: Any) -> Any:
    """GELU by its definition (Hendrycks and Gimpel, arXiv 1606.08415); TensorFlow's uses the complement of erf."""
    return 0.5 * x * (1.0 + keras.ops.erf(x / math.sqrt(2.0)))


def _leaves(model: keras.Model) -> list[Any]:
    return [layer for layer in model._flatten_layers(include_self=False) if not layer._layers]
