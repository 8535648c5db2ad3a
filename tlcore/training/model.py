"""The model: a backbone with a new head, as a whole or split by a cut.

It knows layers and which of them share weights. It does not know items, files or how weights are trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops

from tlcore.backbones.backbone import Backbone
from tlcore.inference.trunk import FEATURES
from tlcore.tasks.head import Head
from tlcore.training.cut import cut, output_of

# A feature map is averaged over its places, which stand in as many dimensions.
AVERAGES = {1: layers.GlobalAveragePooling1D, 2: layers.GlobalAveragePooling2D, 3: layers.GlobalAveragePooling3D}


class TransferModel:
    """A backbone, a new head, and every view of the two; all views share the same weights.

    Args:
        body: The arrays of items to a feature map `(n, …, channels)`; its layers are used, not copied.
        every_block: Whether the head sees the mean and the standard deviation of every block's output, instead of the
            mean of the last one's alone.

    Attributes:
        features: The inputs by name to what the head sees, `(n, features)`.
        whole: The arrays of items to the task's outputs.
    """

    def __init__(
        self,
        backbone: Backbone,
        body: keras.Model,
        head: Head,
        *,
        dropout: float,
        seed: int,
        every_block: bool = False,
    ) -> None:
        self.backbone, self._body, self._seed, self._of_task = backbone, body, seed, head
        self._every_block = every_block
        # === Layers ===
        pooled = _statistics(backbone, body) if every_block else _average(body.output, "pooled")
        inputs = {tensor.name: tensor for tensor in body.inputs}
        self.features = keras.Model(inputs, pooled, name=f"{backbone.key}_features")
        self._dropout = layers.Dropout(dropout, seed=seed, name="head_dropout")
        self._logits = layers.Dense(
            head.width, kernel_initializer=keras.initializers.GlorotUniform(seed), name="head_logits"
        )
        # === Functional Model ===
        logits = self._logits(self._dropout(pooled))
        self.whole: keras.Model = keras.Model(body.input, head.layer()(logits), name=f"graft_{backbone.key}")

    def trunk(self, blocks: int) -> keras.Model | None:
        """Return everything below the cut, arrays to features; None if the cut is at the input.

        Pooling belongs to it when the cut stands above the last block: pooled features are a small cache.
        """
        return self._halves(blocks)[0]

    def above(self, blocks: int) -> keras.Model:
        """Everything above the cut, features to logits: what a phase trains."""
        inputs, pooled = self._pooled(blocks)
        return keras.Model(inputs, self._logits(self._dropout(pooled)), name=f"{self.backbone.key}_above")

    def pooled(self, blocks: int) -> keras.Model:
        """Return the part between the cut and the head: from the trunk's output to the head's input `(n, features)`."""
        return keras.Model(*self._pooled(blocks))

    @property
    def head(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """The head's weights: kernel `(features, width)` and bias `(width,)`."""
        kernel, bias = (keras.ops.convert_to_numpy(each) for each in (self._logits.kernel, self._logits.bias))
        return kernel, bias

    def set_head(self, kernel: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> None:
        """Give the head weights found elsewhere: `(features, width)` and `(width,)`."""
        self._logits.kernel.assign(kernel)
        self._logits.bias.assign(bias)

    def with_another_head(self, width: int) -> TransferModel:
        """Put a head of another width on the same backbone, whose layers and weights are shared."""
        head = replace(self._of_task, width=width)
        return TransferModel(
            self.backbone,
            self._body,
            head,
            dropout=self._dropout.rate,
            seed=self._seed,
            every_block=self._every_block,
        )

    def rates(self, variables: Sequence[Any], decay: float) -> tuple[float, ...]:
        """What the learning rate of each variable is multiplied by: 1 for the head and the last block, and for every
        block below `decay` times that of the block above it. None where all are the same.
        """
        if decay == 1:
            return ()
        depth = {}
        boundaries = iter([*(block.last_layer for block in self.backbone.blocks), None])
        block, boundary = 0, next(boundaries)
        for layer in self.features.layers:  # from the input to the output: a block's layers come before its last
            depth.update(dict.fromkeys(map(id, layer.variables), len(self.backbone.blocks) - 1 - block))
            if layer.name == boundary:
                block, boundary = block + 1, next(boundaries)
        return tuple(decay ** max(0, depth.get(id(variable), 0)) for variable in variables)

    def _pooled(self, blocks: int) -> tuple[Any, Any]:
        trunk, part = self._halves(blocks)
        given = trunk.output if trunk is not None else self.features.input
        inputs = {name: keras.Input(each.shape[1:], dtype=each.dtype, name=name) for name, each in given.items()}
        return inputs, inputs[FEATURES] if part is None else part(inputs)

    def _halves(self, blocks: int) -> tuple[keras.Model | None, keras.Model | None]:
        if blocks == len(self.backbone.blocks):
            return keras.Model(self.features.input, {FEATURES: self.features.output}, name=self.features.name), None
        return cut(self.features, self.backbone.blocks[blocks - 1].last_layer if blocks else None)


def _average(feature_map: Any, name: str) -> Any:
    return AVERAGES[len(feature_map.shape) - 2](name=name)(feature_map)


def _statistics(backbone: Backbone, body: keras.Model) -> Any:
    """Build the mean and the standard deviation of each channel of every block's output, the last block's mean first.

    U. Evci and others, "Head2Toe: Utilizing Intermediate Representations for Better Transfer Learning", ICML 2022
    (arXiv 2201.03529): what a last block has dropped, an earlier one may still show.
    """
    found = []
    for block in reversed(backbone.blocks):
        feature_map = output_of(body, block.last_layer)
        places = tuple(range(1, len(feature_map.shape) - 1))
        found += [_average(feature_map, f"mean_of_{block.last_layer}"), ops.std(feature_map, axis=places)]
    return layers.Concatenate(name="pooled")(found)
