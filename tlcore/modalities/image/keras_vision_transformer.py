"""Vision transformers in plain Keras layers: ViT, DeiT, SigLIP, DINOv2 and DINOv3 are one network with other numbers.

A block of a transformer is a few layers of the graph here, so that a cut can stand between two blocks and a saved model
needs nothing but Keras. It does not know where weights come from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import layers, ops

EMBEDDING, NORM, TOP = "embedding", "norm", "top"
# The layers of a block that have weights, in the order in which KerasHub's have them; a scale only where there is one.
ATTENTION = ("query", "key", "value", "attention")
PARTS = ("norm_1", ATTENTION, "scale_1", "norm_2", "dense_1", "dense_2", "scale_2")


Waves: TypeAlias = tuple[keras.layers.Layer, keras.layers.Layer]


@dataclass(frozen=True)
class Transformer:
    """The numbers of a vision transformer.

    Attributes:
        patch: Side of a patch, pixels.
        width: Length of a token.
        hidden: Length of the layer between the two dense ones of a block.
        prefix: Tokens before those of the patches: the class, the distillation, registers.
        scaled: Whether what a block adds is multiplied by a weight for each channel.
        approximate: Whether GELU is computed by a hyperbolic tangent.
        theta: The base period of rotary position embeddings; 0 where each position has a vector of its own.
        epsilon: Of the normalizations.
    """

    patch: int
    layers: int
    width: int
    heads: int
    hidden: int
    prefix: int = 1
    scaled: bool = False
    approximate: bool = False
    theta: float = 0.0
    epsilon: float = 1e-6


def transformer(pixels: Any, facts: Transformer) -> Any:
    """Build the graph from prepared pixels to the feature map of the patches, `(n, rows, columns, width)`."""
    rows, columns = (side // facts.patch for side in pixels.shape[1:3])
    x = _embed(pixels, facts, rows, columns)
    waves = rotary(facts, rows, columns) if facts.theta else None
    for number in range(1, facts.layers + 1):
        x = _block(x, facts, waves, name=f"block{number}")
    x = layers.LayerNormalization(epsilon=facts.epsilon, name=NORM)(x)
    if facts.prefix:
        x = layers.Cropping1D((facts.prefix, 0), name="patches")(x)
    return layers.Reshape((rows, columns, facts.width), name=TOP)(x)


def rotary(facts: Transformer, rows: int, columns: int) -> Waves:
    """Make the layers that multiply by the cosine and the sine of each token's position, `(tokens, heads, length)`.

    Those of the prefix are not turned: 1 and 0. All blocks share the two.
    """
    length = facts.width // facts.heads
    periods = facts.theta ** np.arange(0, 1, 4 / length)
    centres = np.stack(
        np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns, indexing="ij"), axis=-1
    )
    angles = 2 * math.pi * (2 * centres.reshape(-1, 2, 1) - 1) / periods
    angles = np.tile(angles.reshape(rows * columns, -1), (1, 2))
    before = np.zeros((facts.prefix, length))
    factors = (np.concatenate([before + 1, np.cos(angles)]), np.concatenate([before, np.sin(angles)]))
    cosine, sine = (factor[:, np.newaxis].astype(np.float32).tolist() for factor in factors)
    return layers.Rescaling(cosine, name="cosine"), layers.Rescaling(sine, name="sine")


def _embed(pixels: Any, facts: Transformer, rows: int, columns: int) -> Any:
    """Turn pixels into tokens.

    A row of the bias is what is added to one token whatever the picture: its position and, of a token of the prefix,
    the token itself.
    """
    side, tokens = facts.patch, facts.prefix + rows * columns
    x = layers.Reshape((rows, side, columns, side, 3), name="rows_of_patches")(pixels)
    x = layers.Permute((1, 3, 2, 4, 5), name="patches_apart")(x)
    x = layers.Reshape((rows * columns, side * side * 3), name="flat_patches")(x)
    if facts.prefix:
        x = layers.ZeroPadding1D((facts.prefix, 0), name="with_prefix")(x)
    return layers.EinsumDense("ntp,pw->ntw", (tokens, facts.width), bias_axes="tw", name=EMBEDDING)(x)


def _block(x: Any, facts: Transformer, waves: Waves | None, *, name: str) -> Any:
    normed = layers.LayerNormalization(epsilon=facts.epsilon, name=f"{name}_norm_1")(x)
    x = layers.Add(name=f"{name}_middle")([x, _scaled(_attend(normed, facts, waves, name), facts, f"{name}_scale_1")])
    normed = layers.LayerNormalization(epsilon=facts.epsilon, name=f"{name}_norm_2")(x)
    inside = layers.Dense(facts.hidden, name=f"{name}_dense_1")(normed)
    inside = layers.Dense(facts.width, name=f"{name}_dense_2")(ops.gelu(inside, approximate=facts.approximate))
    return layers.Add(name=name)([x, _scaled(inside, facts, f"{name}_scale_2")])


def _attend(x: Any, facts: Transformer, waves: Waves | None, name: str) -> Any:
    each = (x.shape[1], facts.heads, facts.width // facts.heads)
    queries, keys, values = (
        layers.EinsumDense("ntw,whl->nthl", each, bias_axes="hl", name=f"{name}_{part}")(x) for part in ATTENTION[:3]
    )
    if waves is not None:
        queries, keys = ops.split(_turned(ops.concatenate([queries, keys], axis=2), waves), 2, axis=2)
    answered = ops.dot_product_attention(queries, keys, values)
    return layers.EinsumDense("nthl,hlw->ntw", (x.shape[1], facts.width), bias_axes="w", name=f"{name}_{ATTENTION[3]}")(
        answered
    )


def _turned(x: Any, waves: Waves) -> Any:
    """Turn each pair of a head's numbers by the angle of its position."""
    first, second = ops.split(x, 2, axis=-1)
    cosine, sine = waves
    return ops.add(cosine(x), sine(ops.concatenate([-second, first], axis=-1)))


def _scaled(x: Any, facts: Transformer, name: str) -> Any:
    """Multiply each channel by a weight: a convolution of each by itself, which every converter knows."""
    if not facts.scaled:
        return x
    return layers.DepthwiseConv1D(1, use_bias=False, depthwise_initializer="ones", name=name)(x)


def layers_of(model: keras.Model, number: int, facts: Transformer) -> list[Any]:
    """List the layers of a block that have weights, those of attention one after the other."""
    names = [name for part in PARTS for name in ((part,) if isinstance(part, str) else part)]
    return [model.get_layer(f"block{number}_{name}") for name in names if facts.scaled or not name.startswith("scale")]
