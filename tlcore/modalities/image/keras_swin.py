"""Swin transformers in plain Keras layers, as feature maps throughout, so that a cut can stand after each stage.

It does not know where weights come from. The positions of two tokens of a window to each other have a weight for each
pair here, where the published network shares one among pairs of the same distance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from keras import initializers, layers, ops

EPSILON, MASKED, TOP = 1e-5, -100.0, "top"


def swin(pixels: Any, architecture: Mapping[str, Any]) -> Any:
    """Build the graph from prepared pixels to the last feature map.

    Args:
        pixels: A Keras tensor `(n, size, size, 3)`.
        architecture: The arguments of KerasHub's `SwinTransformerBackbone`.
    """
    patch, window = architecture["patch_size"], architecture["window_size"]
    x = layers.Conv2D(architecture["embed_dim"], patch, patch, name="patches")(pixels)
    x = layers.LayerNormalization(epsilon=EPSILON, name="embedding")(x)
    depths = architecture["depths"]
    for stage, (depth, heads) in enumerate(zip(depths, architecture["num_heads"], strict=True), start=1):
        last = stage == len(depths)
        for number in range(1, depth + 1):
            name = f"stage{stage}" if last and number == depth else f"stage{stage}_block{number}"
            # A window that is the whole map has nowhere to be moved to.
            shift = window // 2 if number % 2 == 0 and x.shape[1] > window else 0
            x = _block(x, heads, window, shift, name=name)
        if not last:
            x = _merged(x, name=f"stage{stage}")
    return layers.LayerNormalization(epsilon=EPSILON, name=TOP)(x)


def pairs(window: int) -> npt.NDArray[np.int64]:
    """Number how two tokens of a window stand to each other, `(window², window²)`, as the table of weights has it."""
    places = np.stack(np.meshgrid(np.arange(window), np.arange(window), indexing="ij")).reshape(2, -1)
    rows, columns = places[:, :, np.newaxis] - places[:, np.newaxis] + window - 1
    found: npt.NDArray[np.int64] = rows * (2 * window - 1) + columns
    return found


def _block(x: Any, heads: int, window: int, shift: int, *, name: str) -> Any:
    side, width = x.shape[1], x.shape[-1]
    seen = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm_1")(x)
    if shift:
        seen = _rolled(seen, shift)
    count = side // window
    seen = layers.Reshape((count, window, count, window, width))(seen)
    seen = layers.Reshape((count * count, window * window, width))(layers.Permute((1, 3, 2, 4, 5))(seen))
    seen = _attend(seen, heads, _mask(side, window, shift) if shift else None, name)
    seen = layers.Permute((1, 3, 2, 4, 5))(layers.Reshape((count, count, window, window, width))(seen))
    seen = layers.Reshape((side, side, width))(seen)
    if shift:
        seen = _rolled(seen, side - shift)
    x = layers.Add(name=f"{name}_middle")([x, seen])
    inside = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm_2")(x)
    inside = ops.gelu(layers.Dense(4 * width, name=f"{name}_dense_1")(inside), approximate=False)
    return layers.Add(name=name)([x, layers.Dense(width, name=f"{name}_dense_2")(inside)])


def _attend(x: Any, heads: int, mask: npt.NDArray[np.float32] | None, name: str) -> Any:
    """Let the tokens of each window attend to each other."""
    _, windows, tokens, width = x.shape
    length = width // heads
    shapes = {"query": "nwhtl", "key": "nwhlt", "value": "nwhtl"}
    sizes = {"w": windows, "h": heads, "t": tokens, "l": length}
    queries, keys, values = (
        layers.EinsumDense(
            f"nwtc,chl->{axes}", [sizes[axis] for axis in axes[1:]], bias_axes="hl", name=f"{name}_{part}"
        )(x)
        for part, axes in shapes.items()
    )
    scores = layers.Reshape((windows, heads * tokens * tokens))(ops.matmul(queries, keys))
    # Its weights scale the scores, its bias is added to each pair of tokens: where they stand to each other.
    scores = layers.DepthwiseConv1D(
        1, depthwise_initializer=initializers.Constant(1 / math.sqrt(length)), name=f"{name}_position"
    )(scores)
    scores = layers.Reshape((windows, heads, tokens, tokens))(scores)
    if mask is not None:
        scores = layers.Rescaling(1.0, offset=mask.tolist())(scores)
    answered = ops.matmul(ops.softmax(scores, axis=-1), values)
    return layers.EinsumDense("nwhtl,hlc->nwtc", (windows, tokens, width), bias_axes="c", name=f"{name}_attention")(
        answered
    )


def _mask(side: int, window: int, shift: int) -> npt.NDArray[np.float32]:
    """Keep apart what came together only by moving the map, `(windows, 1, tokens, tokens)`."""
    bands = np.digitize(np.arange(side), [side - window, side - shift])
    regions = 3 * bands[:, np.newaxis] + bands
    count = side // window
    regions = regions.reshape(count, window, count, window).swapaxes(1, 2).reshape(count * count, 1, -1)
    return np.where(regions[..., np.newaxis] == regions[:, :, np.newaxis], 0.0, MASKED).astype(np.float32)


def _rolled(x: Any, by: int) -> Any:
    """Move a map up and to the left, what leaves it coming in again on the other side."""
    for axis in (0, 1):
        rest, gone = [(0, 0), (0, 0)], [(0, 0), (0, 0)]
        rest[axis], gone[axis] = (by, 0), (0, x.shape[1] - by)
        x = layers.Concatenate(axis=axis + 1)([layers.Cropping2D(rest)(x), layers.Cropping2D(gone)(x)])
    return x


def _merged(x: Any, *, name: str) -> Any:
    """Make one token of four neighbours."""
    _, side, _, width = x.shape
    x = layers.Reshape((side // 2, 2, side // 2, 2, width))(x)
    x = layers.Reshape((side // 2, side // 2, 4 * width))(layers.Permute((1, 3, 4, 2, 5))(x))
    x = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm")(x)
    return layers.Dense(2 * width, use_bias=False, name=name)(x)
