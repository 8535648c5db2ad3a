"""Caches the bundled backbone as a graph, for code that computes features without Keras.

It knows the backbone and the converter. It does not know items.
"""

from __future__ import annotations

import numpy as np

from tlcore.files import sha256
from tlcore.health.embed import bundled
from tlcore.inference.trunk import trunk_identity
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.training.backbones import build_backbone, fetch_weights
from tlcore.training.model import TransferModel
from tlcore.training.save import trunk_graph
from tlcore.workspace import Workspace


def make_graph(workspace: Workspace) -> None:
    """Convert the whole backbone at its native size, pooled, unless its graph is in the cache.

    Raises:
        WeightsError: The weights are missing or damaged.
        ExportError: The converter does not know a layer.
    """
    backbone = bundled()
    weights, blocks = fetch_weights(backbone, workspace), len(backbone.blocks)
    head = CLASSIFICATION.build_head(2, np.arange(2))  # of no use: only the trunk is asked for
    body = build_backbone(backbone, input=backbone.native_input, weights=weights, workspace=workspace)
    model = TransferModel(backbone, body, head, dropout=0.0, seed=0).trunk(blocks)
    if model is None:
        raise ValueError("a backbone has blocks")
    identity = trunk_identity(backbone, sha256(weights), cut=blocks, input=backbone.native_input)
    trunk_graph(model, identity, workspace.cache)
