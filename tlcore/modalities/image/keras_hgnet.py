"""HGNetV2 in plain Keras layers, named so that a cut can stand after each stage.

It does not know where weights come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras import layers

STEM, EPSILON, MOMENTUM = "stem", 1e-5, 0.9


def hgnet(pixels: Any, architecture: Mapping[str, Any]) -> Any:
    """Build the graph from prepared pixels to the last feature map.

    Args:
        pixels: A Keras tensor `(n, height, width, 3)`.
        architecture: The arguments of KerasHub's `HGNetV2Backbone`.
    """
    _, half, filters = architecture["stem_channels"]
    x = _stem(pixels, half, filters)
    stages = zip(
        architecture["stackwise_stage_filters"],
        architecture["apply_downsample"],
        architecture["use_lightweight_conv_block"],
        strict=True,
    )
    for number, (stage, smaller, light) in enumerate(stages, start=1):
        name, (entering, middle, leaving, blocks, convolutions, kernel) = f"stage{number}", stage
        if smaller:
            x = _convolution(x, entering, 3, 2, depthwise=True, activate=False, name=f"{name}_smaller")
        for block in range(1, blocks + 1):
            end = name if block == blocks else f"{name}_{block}"
            x = _block(x, middle, leaving, convolutions, kernel, light=light, residual=block > 1, name=end)
    return x


def _stem(x: Any, half: int, filters: int) -> Any:
    x = _convolution(x, half, 3, 2, name="stem_1")
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), name="stem_padding_1")(x)
    pooled = layers.MaxPooling2D(2, 1, name="stem_pooled")(x)
    x = _convolution(x, half // 2, 2, name="stem_2a")
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), name="stem_padding_2")(x)
    x = _convolution(x, half, 2, name="stem_2b")
    x = layers.Concatenate(name="stem_both")([pooled, x])
    return _convolution(_convolution(x, half, 3, 2, name="stem_3"), filters, 1, name=STEM)


def _block(
    x: Any, middle: int, leaving: int, convolutions: int, kernel: int, *, light: bool, residual: bool, name: str
) -> Any:
    """Put what each of a row of convolutions gives side by side, and mix it."""
    entered, given = x, [x]
    for number in range(1, convolutions + 1):
        if light:
            x = _convolution(x, middle, 1, activate=False, name=f"{name}_point{number}")
            x = _convolution(x, middle, kernel, depthwise=True, name=f"{name}_depth{number}")
        else:
            x = _convolution(x, middle, kernel, name=f"{name}_convolution{number}")
        given.append(x)
    x = _convolution(layers.Concatenate(name=f"{name}_all")(given), leaving // 2, 1, name=f"{name}_squeeze")
    x = _convolution(x, leaving, 1, name=f"{name}_mix" if residual else name)
    return layers.Add(name=name)([x, entered]) if residual else x


def _convolution(
    x: Any,
    filters: int,
    kernel: int,
    strides: int = 1,
    *,
    depthwise: bool = False,
    activate: bool = True,
    name: str,
) -> Any:
    """Convolve, normalize and activate; the last of these layers has the name."""
    around = (kernel - 1) // 2
    if around:
        x = layers.ZeroPadding2D(around, name=f"{name}_padding")(x)
    if depthwise:
        x = layers.DepthwiseConv2D(kernel, strides, use_bias=False, name=f"{name}_conv")(x)
    else:
        x = layers.Conv2D(filters, kernel, strides, use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(epsilon=EPSILON, momentum=MOMENTUM, name=f"{name}_bn" if activate else name)(x)
    return layers.ReLU(name=name)(x) if activate else x
