"""Builds a backbone of the catalogue with its weights, which Keras downloads if need be.

A backbone is one flat Keras graph, from the arrays of an item to the last feature map: a graph without models inside
models can be cut, saved and translated simply. How its layers are made is the modality's. It does not know heads,
phases or data.
"""

from __future__ import annotations

from pathlib import Path
from pkgutil import resolve_name
from typing import Literal

import keras

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.weights import missing_sentence, weights_path, weights_state
from tlcore.errors import ConfigError, WeightsError
from tlcore.modalities import InputSettings, find_modality
from tlcore.workspace import Workspace


def build_backbone(
    backbone: Backbone,
    *,
    input: InputSettings,
    weights: Path | Literal["random"] | None = None,
    workspace: Workspace | None = None,
) -> keras.Model:
    """Build the model from the arrays of an item to the last feature map, `(n, …, feature_length)`.

    Args:
        backbone: The entry of the catalogue.
        input: How large its input is.
        weights: A file; `random` for new weights; None for the pretrained ones, downloaded by Keras if need be.
        workspace: Where weights put there by hand are looked for; the default one when None.

    Raises:
        ConfigError: The input is too small for the backbone.
        WeightsError: The weights are missing and cannot be fetched, damaged, or do not fit.
    """
    sizes = {"native": backbone.native_size, "minimum": backbone.minimum_size}
    if faults := input.problems(title=backbone.title, **sizes):
        raise ConfigError(faults)
    if weights is None:
        weights = fetch_weights(backbone, workspace or Workspace.default())
    build = resolve_name(find_modality(backbone.modality).build)
    model: keras.Model = build(backbone, input, None if weights == "random" else weights)
    return model


def fetch_weights(backbone: Backbone, workspace: Workspace) -> Path:
    """Find the weights on this machine, or let Keras download them into its own cache.

    Raises:
        WeightsError: They are damaged, or neither here nor to be had.
    """
    if backbone.weights_package or weights_state(backbone, workspace).path is not None:
        return weights_path(backbone, workspace)
    try:
        fetched = keras.utils.get_file(
            backbone.weights_file,
            backbone.weights_url,
            cache_subdir="models",
            file_hash=backbone.weights_hash or None,
        )
    except Exception as error:  # Keras wraps what the network says in a bare Exception
        raise WeightsError(f"{missing_sentence(backbone, workspace)} The download failed: {error}") from error
    return Path(fetched)
