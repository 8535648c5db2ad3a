"""The kinds of layers of each backbone, and the fewest backbones that have all of them between them.

A cut, a format and the way weights are read stumble over a kind of layer, not over the twelfth network that has it. So
`make test` goes over `REPRESENTATIVE`, `make test-all` over the catalogue.
"""

from __future__ import annotations

from typing import Any

import pytest

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.catalogue import CATALOGUE

REPRESENTATIVE = (
    "efficientnet_lite0",
    "mobilenet_v3_small",
    "vgg16",
    "densenet121",
    "efficientnet_b0",
    "convnext_tiny",
    "nasnet_mobile",
)
# They have no kind of layer of their own: `test_layer_kinds.py` builds all to see it, in `make test-all`.
LIKE_THEM = (
    "mobilenet",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "resnet50",
    "resnet50_v2",
    "inception_v3",
    "xception",
    "efficientnet_v2_b0",
    "efficientnet_v2_s",
)


def backbones() -> list[Any]:
    """Parameters of a test: every backbone of Keras, those that bring no kind of layer of their own marked `every`.

    Those of KerasHub, which are large, have tests on small networks of their kinds: `test_presets.py`.
    """
    return [
        pytest.param(backbone, id=key, marks=() if key in REPRESENTATIVE else pytest.mark.every)
        for key, backbone in CATALOGUE.items()
        if not backbone.preset
    ]


def kinds(backbone: Backbone, model: Any) -> set[tuple[object, ...]]:
    """The kinds of its layers, and how its pixels are prepared."""
    return {("preprocessing", backbone.preprocessing)} | {kind(operation) for operation in model.operations}


def kind(operation: Any) -> tuple[object, ...]:
    """What a converter tells apart: the class, its activation and its limit, strides or none, and groups or none."""
    said = operation.get_config()
    groups, strides, activation = said.get("groups", 1), said.get("strides", 1), said.get("activation")
    return (type(operation), str(activation), said.get("max_value"), groups > 1, strides not in (1, (1, 1), [1, 1]))
