"""The settings of the input: theirs is the modality, and files of before are read."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from tlcore.modalities import MODALITIES, find_modality
from tlcore.modalities.image.settings import ImageInput
from tlcore.runs.config import INPUT, TrainingConfig, option_of, settings
from tlcore.runs.initial_weights import StartAbout
from tlcore.sweeps.config import Point, SweepConfig, training_config

BEFORE = {
    "schema_version": 1,
    "dataset": "d",
    "backbone": "vgg16",
    "image_size": 96,
    "resize": "letterbox",
    "epochs": 3,
}


def test_settings_of_before_are_read_and_written_as_those_of_today():
    config = TrainingConfig.model_validate_json(json.dumps(BEFORE))
    assert (config.input, config.epochs) == (ImageInput(size=96, resize="letterbox"), 3)
    written = json.loads(config.model_dump_json())
    assert written["input"] == {"modality": "image", "size": 96, "resize": "letterbox", "value_range": None}
    assert not {"image_size", "resize"} & set(written)
    assert TrainingConfig.model_validate(written) == config


def test_a_sweep_and_a_start_of_before_are_read():
    sweep = SweepConfig.model_validate_json(
        '{"dataset": "d", "image_size": 64, "settings": {"vgg16": {"dropout": 0.1}}}'
    )
    assert sweep.input == {"size": 64}
    assert SweepConfig.model_validate_json('{"dataset": "d", "image_size": null}').input == {}
    tried = training_config(sweep, Point("vgg16", 0))
    assert (tried.input.size, tried.dropout) == (64, 0.1)
    start = StartAbout.model_validate_json('{"title": "t", "backbone": "vgg16", "image_size": 64, "outputs": 2}')
    assert start.input == {"size": 64}


@pytest.mark.parametrize("key", MODALITIES)
def test_a_setting_of_the_input_is_given_by_its_name(key):
    modality = find_modality(key)
    config = TrainingConfig(dataset="d", input={"modality": key})
    of_input = {name: about for name, about in settings(key).items() if name.startswith(INPUT)}
    assert of_input
    for name, about in of_input.items():
        assert config.value(name) == about.default
        assert config.changed({name: about.default}) == config
        assert (about.title, about.description) != (None, None)
    assert isinstance(config.input, modality.settings)
    assert config.changed({"epochs": 7}).input == config.input
    assert len({option_of(name, about) for name, about in settings(key).items()}) == len(settings(key))


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"input.resize": "melt"}, ("input", "resize")),
        ({"input.depth": 3}, ("input", "depth")),
        ({"input": {"modality": "smell"}}, ("input",)),
    ],
)
@pytest.mark.parametrize("of", [TrainingConfig, SweepConfig])
def test_settings_that_the_modality_does_not_have_are_refused_in_their_place(of, given, place):
    with pytest.raises(ValidationError) as caught:
        of(dataset="d", **given)
    assert [fault["loc"] for fault in caught.value.errors()] == [place]
