"""Builds a backbone of the catalogue with its weights, which are downloaded if need be.

A backbone is one flat Keras graph, from the arrays of an item to the last feature map: a graph without models inside
models can be cut, saved and translated simply. How its layers are made is the modality's. It does not know heads,
phases or data.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from typing import Literal

import keras

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.download import download
from tlcore.errors import ConfigError
from tlcore.modalities import InputSettings, find_modality
from tlcore.progress import Progress, drain
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
        weights: A file; `random` for new weights; None for the pretrained ones, downloaded if need be.
        workspace: Where weights put there by hand are looked for; the default one when None.

    Raises:
        ConfigError: The input is too small for the backbone.
        WeightsError: The weights are missing and cannot be fetched, damaged, or do not fit.
    """
    if faults := backbone.faults(input):
        raise ConfigError(faults)
    if weights is None:
        weights = fetch_weights(backbone, workspace or Workspace.default())
    build = resolve_name(find_modality(backbone.modality).build)
    model: keras.Model = build(backbone, input, None if weights == "random" else weights)
    return model


def fetch_weights(
    backbone: Backbone, workspace: Workspace, show: Callable[[Progress], None] = lambda progress: None
) -> Path:
    """Find the weights on this machine, or download them; `show` takes its progress in megabytes.

    Raises:
        WeightsError: They are damaged, or neither here nor to be had.
    """
    return drain(download(backbone, workspace), show)
