"""Builds a backbone of pictures as one flat Keras graph, from pixels of 0-255 to the last feature map.

The family's own preprocessing stands in the graph, so nothing else ever has to know it. It does not know heads, phases
or data.
"""

from __future__ import annotations

import re
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.keras_weights import load_weights, name_by_position
from tlcore.modalities.image.keras_efficientnet_lite import load_state_dict
from tlcore.modalities.image.keras_presets import load_preset, preset_graph
from tlcore.modalities.image.settings import PIXELS, ImageInput
from tlcore.modalities.image.torch_file import read_state_dict

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
IMAGENET_MEAN_BGR = (103.939, 116.779, 123.68)


def build(backbone: Backbone, settings: ImageInput, weights: Path | None) -> keras.Model:
    """Build the model `pixels (n, size, size, 3), RGB, 0-255 -> feature map (n, height, width, feature_length)`.

    The factory is called with `weights=None, include_top=False, input_tensor=…`; one of KerasHub is not called, but
    rebuilt from its arguments.

    Raises:
        WeightsError: The weights are damaged, or do not fit.
    """
    pixels = keras.Input((settings.size, settings.size, 3), name=PIXELS)
    prepared = _preprocess(pixels, backbone)
    if backbone.architecture:
        output = preset_graph(prepared, backbone)
    else:
        output = resolve_name(backbone.factory)(weights=None, include_top=False, input_tensor=prepared).outputs[0]
    model = keras.Model(pixels, output, name=backbone.key)
    name_by_position(model)
    if weights is not None and backbone.architecture:
        load_preset(model, backbone, weights)
    elif weights is not None and weights.suffix == ".pth":
        load_state_dict(model, read_state_dict(weights))
    elif weights is not None:
        load_weights(model, backbone, weights)
    _normalize_efficientnet(model, backbone, pretrained=weights is not None)
    return model


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
        case "scaled":
            scaling = backbone.scaling
            return layers.Rescaling(scaling["scale"], offset=scaling["offset"], name="preprocess")(pixels)
        case "caffe":
            bgr = ops.take(pixels, [2, 1, 0], axis=-1)
            return layers.Rescaling(1.0, offset=[-mean for mean in IMAGENET_MEAN_BGR], name="preprocess")(bgr)


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
