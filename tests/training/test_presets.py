"""The backbones of KerasHub on small networks of each class, whose weights are nobody's.

KerasHub itself is the reference: what its network makes of prepared pictures, ours makes of pixels.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

keras = pytest.importorskip("keras")

import keras_hub  # noqa: E402
from keras_hub.src.utils.preset_utils import BUILTIN_PRESETS  # noqa: E402

from tests.training import hugging_face_folders  # noqa: E402
from tests.training.test_backbones_conformance import assert_same, random_pixels, stir  # noqa: E402
from tests.training.tiny_presets import ARCHITECTURES, SIZE, tiny_preset  # noqa: E402
from tlcore.backbones.backbone import Backbone  # noqa: E402
from tlcore.backbones.catalogue import CATALOGUE, find  # noqa: E402
from tlcore.backbones.own import read_description  # noqa: E402
from tlcore.errors import ConfigError, WeightsError  # noqa: E402
from tlcore.modalities.image.keras_build import IMAGENET_DEVIATION, IMAGENET_MEAN  # noqa: E402
from tlcore.modalities.image.keras_own import adopt  # noqa: E402
from tlcore.modalities.image.keras_presets import SWIN_WARNS  # noqa: E402
from tlcore.modalities.image.settings import ImageInput  # noqa: E402
from tlcore.progress import drain  # noqa: E402
from tlcore.training.backbones import build_backbone  # noqa: E402
from tlcore.training.cut import cut  # noqa: E402
from tlcore.training.own_weights import add_backbone  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings(f"ignore:{SWIN_WARNS}:UserWarning")]

PRESETS, SMALL = [key for key, backbone in CATALOGUE.items() if backbone.preset], {"deit_tiny", "hgnetv2_b4"}
PREFIX = {"ViTBackbone": 1, "DeiTBackbone": 2, "SigLIPVisionEncoder": 0, "DINOV2Backbone": 3, "DINOV3Backbone": 3}


class Built(NamedTuple):
    backbone: Backbone
    model: Any
    weights: Any
    reference: Any


@pytest.fixture(scope="module", params=ARCHITECTURES)
def built(request, tmp_path_factory) -> Built:
    """A network of KerasHub with weights that are nobody's, saved as a preset, and ours that was filled from it."""
    backbone = tiny_preset(request.param)
    keras.utils.set_random_seed(0)
    reference = network(request.param)
    stir(reference)
    weights = tmp_path_factory.mktemp("presets") / backbone.weights_file
    reference.save_to_preset(str(weights.parent))
    return Built(backbone, build_backbone(backbone, input=ImageInput(size=SIZE), weights=weights), weights, reference)


def network(kind: str, size: int = SIZE) -> Any:
    shape = {"image_shape": (size, size, 3)}
    if kind == "DINOV2Backbone":
        shape["position_embedding_shape"] = (SIZE, SIZE)
    return getattr(keras_hub.models, kind)(**ARCHITECTURES[kind], **shape)


def expected(kind: str, reference: Any, pixels: np.ndarray) -> np.ndarray:
    """What KerasHub's network makes of pictures, as a map of features."""
    prepared = (pixels / 255 - np.array(IMAGENET_MEAN)) / np.array(IMAGENET_DEVIATION)
    if kind == "HGNetV2Backbone":
        return np.asarray(reference(prepared)["stage2"])
    if kind == "SigLIPVisionEncoder":  # whose output is pooled by attention already
        reference = keras.Model(reference.input, reference.post_layer_norm.output)
    if kind == "SwinTransformerBackbone":
        tokens = np.asarray(reference(prepared))
        side = int(np.sqrt(tokens.shape[1]))
        return tokens.reshape(-1, side, side, tokens.shape[2])
    by_name = dict.fromkeys(reference.input, prepared) if isinstance(reference.input, dict) else prepared
    tokens = np.asarray(reference(by_name))[:, PREFIX[kind] :]
    side = int(np.sqrt(tokens.shape[1]))
    return tokens.reshape(-1, side, side, tokens.shape[2])


def test_it_answers_as_kerashub_does(built):
    kind = built.backbone.factory.partition(":")[2]
    pixels = random_pixels(SIZE)
    assert_same(built.model(pixels), expected(kind, built.reference, pixels))


def test_it_is_plain_keras_and_saved_and_loaded_answers_the_same(built, tmp_path):
    assert all(type(operation).__module__.startswith("keras.") for operation in built.model.operations)
    pixels = random_pixels(SIZE)
    built.model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    np.testing.assert_array_equal(loaded(pixels), built.model(pixels))


def test_every_cut_splits_it_into_trunk_and_top(built):
    pixels = random_pixels(SIZE)
    features, left = np.asarray(built.model(pixels)), built.model.count_params()
    for block in built.backbone.blocks:
        trunk, top = cut(built.model, block.last_layer)
        crossing = trunk({"pixels": pixels})
        assert set(crossing) == {"features"}
        assert_same(top(crossing), features, 1e-6)
        assert trunk.count_params() + top.count_params() == built.model.count_params()
        assert top.count_params() < left or block is built.backbone.blocks[-1]
        left = top.count_params()
    assert left == 0


def test_pictures_of_another_size_have_positions_between_those_that_were_learned(built):
    kind = built.backbone.factory.partition(":")[2]
    model = build_backbone(built.backbone, input=ImageInput(size=2 * SIZE), weights=built.weights)
    pixels = random_pixels(2 * SIZE)
    assert model.output_shape[1:3] == tuple(2 * side for side in built.model.output_shape[1:3])
    if kind in {"DINOV2Backbone", "DINOV3Backbone", "HGNetV2Backbone"}:  # most others take one size only
        same = network(kind, 2 * SIZE)
        same.load_weights(built.weights)
        assert_same(model(pixels), expected(kind, same, pixels))
    if built.backbone.size_step > 1:
        with pytest.raises(ConfigError, match=f"in steps of {built.backbone.size_step}. Received {SIZE + 1}"):
            build_backbone(built.backbone, input=ImageInput(size=SIZE + 1), weights="random")


def test_a_preset_of_another_network_is_refused(built, tmp_path):
    other = tiny_preset("DeiTBackbone" if "ViT" in built.backbone.factory else "ViTBackbone")
    with pytest.raises(WeightsError, match="does not fit"):
        build_backbone(other, input=ImageInput(size=SIZE), weights=built.weights)


def test_a_description_that_names_code_of_others_is_refused_before_it_is_built(built, tmp_path):
    config = json.loads(built.weights.with_name("config.json").read_text())
    config["config"]["dtype"] = {"module": "somebody", "class_name": "Code", "config": {}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsError, match=r"config\.json names somebody\.Code"):
        build_backbone(built.backbone, input=ImageInput(size=SIZE), weights=tmp_path / "model.weights.h5")


def test_a_folder_of_it_becomes_a_row_of_the_catalogue_that_answers_alike(built, workspace, tiny_dataset, tmp_path):
    kind = built.backbone.factory.partition(":")[2]
    folder = tmp_path / "given"
    shutil.copytree(built.weights.parent, folder)
    scale, offset = 1 / (255 * np.array(IMAGENET_DEVIATION)), -np.array(IMAGENET_MEAN) / np.array(IMAGENET_DEVIATION)
    converter = keras_hub.layers.ImageConverter(scale=scale.tolist(), offset=offset.tolist())
    converter.save_to_preset(str(folder))
    steps = add_backbone(workspace, folder, name="Mine", licence="unknown", dataset=tiny_dataset)
    row, notes = drain(steps, lambda step: None)
    assert (find(row.key), notes) == (row, ())
    assert (row.native_size, row.size_step) == (SIZE, built.backbone.size_step)
    assert [block.last_layer for block in row.blocks] == [block.last_layer for block in built.backbone.blocks]
    model = build_backbone(row, input=row.native_input, workspace=workspace)
    pixels = random_pixels(SIZE)
    assert_same(model(pixels), expected(kind, built.reference, pixels))
    assert model.count_params() == row.parameters == sum(block.parameters for block in row.blocks)
    assert model.output_shape[-1] == row.feature_length
    assert row.multiplications > 0


def test_a_folder_of_hugging_face_is_read_as_the_same_network(built, tmp_path):
    kind = built.backbone.factory.partition(":")[2]
    if kind not in hugging_face_folders.KINDS:
        pytest.skip("KerasHub reads no such folder of Hugging Face")
    folder = hugging_face_folders.write_folder(tmp_path / "given", kind, built.reference, before="backbone.")
    adopted = adopt(folder, read_description(folder / "config.json"), tmp_path / "kept")
    assert (adopted.row["factory"], adopted.size, adopted.notes) == (built.backbone.factory, SIZE, ())
    pixels = random_pixels(SIZE)
    assert_same(adopted.answer({"pixels": pixels}), expected(kind, built.reference, pixels))


@pytest.mark.parametrize("key", [pytest.param(key, marks=() if key in SMALL else pytest.mark.every) for key in PRESETS])
def test_the_facts_of_a_row_are_true(key):
    """Of the network as it is at its native size; a row and its handle name the same preset of KerasHub."""
    backbone = CATALOGUE[key]
    model = build_backbone(backbone, input=backbone.native_input, weights="random")
    assert model.count_params() == backbone.parameters
    assert model.output_shape[-1] == backbone.feature_length
    left = backbone.parameters
    for block in backbone.blocks:
        _, top = cut(model, block.last_layer)
        assert left - top.count_params() == block.parameters, block.name
        left = top.count_params()
    name = str(Path(backbone.weights_file).parent)
    assert BUILTIN_PRESETS[name]["kaggle_handle"] == backbone.weights_url
    assert BUILTIN_PRESETS[name]["metadata"]["params"] * 4e-6 == pytest.approx(backbone.download_megabytes, rel=0.01)
    keras.backend.clear_session()
