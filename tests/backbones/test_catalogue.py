from __future__ import annotations

import re

import pytest

from tlcore.backbones.catalogue import CATALOGUE, find, usual_backbone
from tlcore.errors import ConfigError
from tlcore.modalities import MODALITIES, find_modality
from tlcore.runs.config import TrainingConfig

EVERY = pytest.mark.parametrize("backbone", CATALOGUE.values(), ids=CATALOGUE.keys())
ASKED_FOR = (
    "efficientnet_lite0 mobilenet_v2 mobilenet_v3_small mobilenet_v3_large resnet50 resnet50_v2 vgg16 inception_v3 "
    "xception densenet121 efficientnet_b0 efficientnet_v2_b0 efficientnet_v2_s convnext_tiny nasnet_mobile"
)


def test_holds_the_backbones_that_people_ask_for():
    assert set(ASKED_FOR.split()) <= set(CATALOGUE)


@pytest.mark.parametrize("modality", MODALITIES.values(), ids=MODALITIES)
def test_a_modality_names_a_backbone_of_its_own_that_works_without_a_network(modality):
    usual = usual_backbone(modality.key)
    assert usual.modality == modality.key
    assert usual.weights_package
    assert TrainingConfig(dataset="any", input={"modality": modality.key}).backbone == usual.key


@EVERY
def test_blocks_add_up_to_the_whole(backbone):
    assert sum(block.parameters for block in backbone.blocks) == backbone.parameters
    assert backbone.trained_parameters(len(backbone.blocks)) == backbone.parameters
    assert backbone.trained_parameters(0) == 0
    assert len({block.last_layer for block in backbone.blocks}) == len(backbone.blocks)
    assert len({block.name for block in backbone.blocks}) == len(backbone.blocks)


@EVERY
def test_facts_are_plausible(backbone):
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", backbone.key)
    assert backbone.published is None or 0.6 < backbone.published < 0.9
    assert {bool(each) for each in (backbone.published, backbone.published_kind, backbone.published_source)} in (
        {True},
        {False},
    )
    assert backbone.minimum_size <= backbone.native_size
    assert backbone.licence
    # Four bytes a weight, and what the file needs besides; some still hold their old head, one an encoder of texts.
    most = 4.5 if backbone.key == "siglip2_base" else 1.4
    assert 0.97 < backbone.download_megabytes / (backbone.parameters * 4e-6) < most
    assert re.fullmatch(r"[A-Z][^.!?]*\.", backbone.recommendation), "one sentence"


@EVERY
def test_the_next_larger_input_is_one_that_it_takes(backbone):
    larger = find_modality(backbone.modality).larger(backbone.native_input, 1000, backbone.size_step)
    assert larger.get("size", 1000) > backbone.native_size, "else there is none"
    assert not backbone.faults(backbone.native_input.model_copy(update=larger))


@EVERY
def test_weights_come_with_a_package_or_from_an_address(backbone):
    assert bool(backbone.weights_package) != bool(backbone.weights_url)
    assert re.fullmatch(r"([0-9a-f]{32}|[0-9a-f]{64})?", backbone.weights_hash)


def test_an_unknown_key_names_the_field_and_the_choices():
    with pytest.raises(ConfigError, match=r"'resnet51'.*resnet50") as caught:
        find("resnet51")
    assert [problem.field for problem in caught.value.problems] == ["backbone"]
