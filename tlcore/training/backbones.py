"""Builds a backbone of the catalogue as one flat Keras graph, from pixels of 0-255 to the last feature map.

The family's own preprocessing stands in the graph, so nothing else ever has to know it. Flat, because a graph without
models inside models can be cut, saved and translated simply. It does not know heads, phases or data.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
from keras import layers, ops

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.torch_file import read_state_dict
from tlcore.backbones.weights import check_weights, missing_sentence, weights_path, weights_state
from tlcore.errors import ConfigError, Problem, WeightsError
from tlcore.training.efficientnet_lite import load_state_dict
from tlcore.workspace import Workspace

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
IMAGENET_MEAN_BGR = (103.939, 116.779, 123.68)


def build_backbone(
    backbone: Backbone,
    *,
    size: int,
    weights: Path | Literal["random"] | None = None,
    workspace: Workspace | None = None,
) -> keras.Model:
    """Build the model `pixels (n, size, size, 3), RGB, 0-255 -> feature map (n, height, width, feature_length)`.

    Args:
        backbone: The entry of the catalogue.
        size: Side of the square input, pixels.
        weights: A file; `random` for new weights; None for the pretrained ones, downloaded by Keras if need be.
        workspace: Where weights put there by hand are looked for; the default one when None.

    Raises:
        ConfigError: The items are too small for the backbone.
        WeightsError: The weights are missing and cannot be fetched, damaged, or do not fit.
    """
    if size < backbone.minimum_size:
        sentence = f"{backbone.title} needs pictures of at least {backbone.minimum_size} pixels. Received: {size}."
        raise ConfigError([Problem("input.size", f"{sentence} Choose a larger image size.")])
    if weights is None:
        weights = fetch_weights(backbone, workspace or Workspace.default())
    pixels = keras.Input((size, size, 3), name="pixels")
    module, _, name = backbone.factory.partition(":")
    factory = getattr(importlib.import_module(module), name)
    network = factory(weights=None, include_top=False, input_tensor=_preprocess(pixels, backbone))
    model = keras.Model(pixels, network.outputs[0], name=backbone.key)
    _name_by_position(model)
    if weights != "random":
        _load(model, backbone, weights)
    _normalize_efficientnet(model, backbone, pretrained=weights != "random")
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


def _preprocess(pixels: Any, backbone: Backbone) -> Any:
    """Build `keras.applications.<family>.preprocess_input` as layers that are saved with the model."""
    match backbone.preprocessing:
        case "built_in":
            return pixels
        case "tf":
            return layers.Rescaling(1 / 127.5, offset=-1.0, name="preprocess")(pixels)
        case "lite":
            return layers.Rescaling(1 / 128, offset=-127 / 128, name="preprocess")(pixels)
        case "torch":
            scale = [1 / (255 * deviation) for deviation in IMAGENET_DEVIATION]
            offset = [-mean / deviation for mean, deviation in zip(IMAGENET_MEAN, IMAGENET_DEVIATION, strict=True)]
            return layers.Rescaling(scale, offset=offset, name="preprocess")(pixels)
        case "caffe":
            bgr = ops.take(pixels, [2, 1, 0], axis=-1)
            return layers.Rescaling(1.0, offset=[-mean for mean in IMAGENET_MEAN_BGR], name="preprocess")(bgr)


def _load(model: keras.Model, backbone: Backbone, path: Path) -> None:
    if path.suffix == ".pth":
        load_state_dict(model, read_state_dict(path))
        return
    check_weights(backbone, path)
    try:
        with warnings.catch_warnings():
            # Keras only warns about layers that the file does not fill, and leaves them as they are.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(path)
    except (OSError, ValueError, KeyError, UserWarning) as error:
        raise WeightsError(
            f"{backbone.title} needs the weights of {backbone.weights_file}. {path} does not fit: {error} "
            "Replace it with the published file."
        ) from error


def _normalize_efficientnet(model: keras.Model, backbone: Backbone, *, pretrained: bool) -> None:
    """Give EfficientNet the normalization that its published weights were trained with.

    Its weights file holds the deviation where the Normalization layer expects the variance. Keras mends that with a
    second Rescaling, but only when it loads the file itself; here the missing factor goes into the variance.
    """
    if not re.fullmatch(r"keras\.applications:EfficientNetB\d", backbone.factory):
        return
    (normalization,) = (layer for layer in model.layers if isinstance(layer, layers.Normalization))
    mean, variance, *count = normalization.get_weights()
    if pretrained:
        variance = variance * np.array(IMAGENET_DEVIATION)
    else:
        mean, variance = np.array(IMAGENET_MEAN), np.square(IMAGENET_DEVIATION)
    normalization.set_weights([mean, variance, *count])
    normalization.finalize_state()


def _name_by_position(model: keras.Model) -> None:
    """Number the layers that the factory did not name by their place in this model.

    Keras numbers them by how many were made in the process before, so that the name of a block's last layer would
    depend on what was built earlier.
    """
    seen: Counter[str] = Counter()
    for operation in model.operations:
        kind = re.sub(r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", type(operation).__name__).lower()
        if re.fullmatch(rf"{kind}(_\d+)?", operation.name):
            operation.name = f"{kind}_{seen[kind]}" if seen[kind] else kind
            seen[kind] += 1
