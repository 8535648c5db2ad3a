"""What stands for the whole catalogue in `make test` has every kind of layer of it, and no more than is needed."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.training.layer_kinds import LIKE_THEM, REPRESENTATIVE, kinds
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.modalities.image.settings import ImageInput


def test_of_every_backbone_it_is_known_whether_it_has_kinds_of_layers_of_its_own():
    known = {*REPRESENTATIVE, *LIKE_THEM}
    of_keras = {key for key, backbone in CATALOGUE.items() if not backbone.preset}
    assert of_keras == known, "list it in LIKE_THEM, and see by the test below whether it belongs there"


@pytest.mark.slow
@pytest.mark.every
def test_a_few_backbones_have_every_kind_of_layer_and_none_of_them_is_too_many():
    import keras

    from tlcore.training.backbones import build_backbone

    found = {}
    for key, backbone in CATALOGUE.items():
        if backbone.preset:
            continue
        model = build_backbone(backbone, input=ImageInput(size=backbone.minimum_size), weights="random")
        assert model.count_params() == backbone.parameters, key
        assert model.output_shape[-1] == backbone.feature_length, key
        found[key] = kinds(backbone, model)
        keras.backend.clear_session()
    missing = set().union(*found.values()) - set().union(*(found[key] for key in REPRESENTATIVE))
    assert not missing, "take a backbone that has these into REPRESENTATIVE"
    had = Counter(kind for key in REPRESENTATIVE for kind in found[key])
    assert not [key for key in REPRESENTATIVE if all(had[kind] > 1 for kind in found[key])], "these bring nothing new"
