"""The run's Keras model with both answers, made of Keras' own layers: the task's, and how unfamiliar an item is.

It knows the archive, and the training items that `model.onnx` holds new ones against. It does not know formats.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import onnx
from keras import layers

from tlcore.contract import UNFAMILIARITY, Contract
from tlcore.export.graph_split import Halves

POOLED = "pooled"


def telling_model(archive: Path, graph: Path, contract: Contract, *, limit: float | None = None) -> keras.Model:
    """Load an archive and put the second output beside its first, where the graph has one.

    Args:
        archive: `model.keras`; its layer `pooled` is what the head sees.
        graph: `model.onnx` of the same run.
        contract: Of the same run.
        limit: The cosine distance that counts as 1; the graph's own where none is given.

    Returns:
        A model of the archive's inputs to a dictionary of the task's output `(n, width)` and `unfamiliarity` `(n,)`.
    """
    model = keras.models.load_model(archive, safe_mode=True, compile=False)
    outputs = {contract.kind.output: model.output}
    halves = Halves(onnx.load(graph), contract.tensors.pooled)
    if halves.head and any(layer.name == POOLED for layer in model.layers):
        known, own = halves.constant("known").astype(np.float32), float(halves.constant("limit"))
        seen = model.get_layer(POOLED).output
        if len(known) < seen.shape[1]:  # of several blocks' features those of the last block come first
            seen = seen[:, : len(known)]
        outputs[UNFAMILIARITY] = _unfamiliarity(seen, known, own if limit is None else limit)
    return keras.Model(model.input, outputs)


def _unfamiliarity(features: keras.KerasTensor, known: npt.NDArray[np.float32], limit: float) -> keras.KerasTensor:
    """`Known.unfamiliarity`, layer by layer; `known` is `(d, m)`."""
    unit = layers.UnitNormalization(name="unit")(features)
    likeness = layers.Dense(known.shape[1], use_bias=False, name="likenesses")
    likenesses = likeness(unit)
    likeness.set_weights([known])
    nearest = layers.GlobalMaxPooling1D(name="nearest")(layers.Reshape((-1, 1), name="each")(likenesses))
    scaled = layers.Rescaling(-1 / limit, offset=1 / limit, name="distance")(nearest)
    return layers.Reshape((), name=UNFAMILIARITY)(layers.ReLU(name="not_below_0")(scaled))
