"""One battery over the catalogue: an entry is built, compared with Keras' own, cut, trained and saved."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import pytest

keras = pytest.importorskip("keras")

from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group  # noqa: E402
from keras.src.utils import file_utils  # noqa: E402

from benchmarks.own_weights import settle  # noqa: E402
from tests.training.layer_kinds import backbones  # noqa: E402
from tlcore.backbones.backbone import Backbone  # noqa: E402
from tlcore.modalities.image.keras_build import IMAGENET_DEVIATION, IMAGENET_MEAN  # noqa: E402
from tlcore.modalities.image.settings import ImageInput  # noqa: E402
from tlcore.training.backbones import build_backbone  # noqa: E402
from tlcore.training.cut import cut  # noqa: E402
from tlcore.training.normalization import estimate_statistics, trainable_normalizations  # noqa: E402

pytestmark = pytest.mark.slow

FAMILIES = {
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet": "mobilenet",
    "mobilenet_v3_small": "mobilenet_v3",
    "mobilenet_v3_large": "mobilenet_v3",
    "resnet50": "resnet",
    "resnet50_v2": "resnet_v2",
    "vgg16": "vgg16",
    "inception_v3": "inception_v3",
    "xception": "xception",
    "densenet121": "densenet",
    "efficientnet_b0": "efficientnet",
    "efficientnet_v2_b0": "efficientnet_v2",
    "efficientnet_v2_s": "efficientnet_v2",
    "convnext_tiny": "convnext",
    "nasnet_mobile": "nasnet",
}


class Built(NamedTuple):
    backbone: Backbone
    model: Any
    pixels: np.ndarray
    features: np.ndarray


@pytest.fixture(scope="module", params=backbones())
def built(request: pytest.FixtureRequest) -> Iterator[Built]:
    """The backbone at its smallest, with weights that are nobody's, and what it makes of random pictures."""
    backbone: Backbone = request.param
    keras.utils.set_random_seed(0)
    model = build_backbone(backbone, input=ImageInput(size=backbone.minimum_size), weights="random")
    pixels = random_pixels(backbone.minimum_size)
    stir(model)
    yield Built(backbone, model, pixels, np.asarray(model(pixels)))
    keras.backend.clear_session()


def random_pixels(size: int) -> np.ndarray:
    """Four pictures of coarse coloured squares, which differ after every pooling, with noise upon them."""
    rng = np.random.default_rng(0)
    squares = rng.uniform(0, 255, (4, 4, 4, 3)).repeat(-(-size // 4), axis=1).repeat(-(-size // 4), axis=2)
    return np.clip(squares[:, :size, :size] + rng.normal(0, 20, (4, size, size, 3)), 0, 255).astype("float32")


def stir(model: Any) -> None:
    """Move every weight a little, so that none stands at the 0 or 1 that would hide a mistake."""
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if not isinstance(layer, keras.layers.Normalization):
            layer.set_weights([stirred(value, rng) for value in layer.get_weights()])


def stirred(value: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if np.issubdtype(value.dtype, np.integer):
        return value  # a place, not a weight
    return value * rng.uniform(0.9, 1.1, value.shape) if value.any() else rng.normal(0, 0.1, value.shape)


def assert_same(received: Any, expected: Any, share: float = 1e-4) -> None:
    """Equal but for the order of sums, measured by the largest value."""
    largest = np.abs(expected).max()
    assert np.isfinite(largest)
    assert largest > 0
    np.testing.assert_allclose(np.asarray(received) / largest, np.asarray(expected) / largest, atol=share)


def test_facts_are_true(built):
    backbone, model, _, features = built
    assert model.count_params() == backbone.parameters
    assert features.shape[-1] == backbone.feature_length
    names = [operation.name for operation in model.operations]
    assert len(names) == len(set(names))
    assert not any(isinstance(layer, keras.layers.Lambda) for layer in model.layers)
    assert all(type(operation).__module__.startswith("keras.") for operation in model.operations), "no code of ours"


def test_every_cut_splits_the_model_into_trunk_and_top(built):
    backbone, model, pixels, features = built
    left = backbone.parameters
    for block in backbone.blocks:
        trunk, top = cut(model, block.last_layer)
        assert_same(top(trunk({"pixels": pixels})), features, 1e-6)
        assert trunk.count_params() + top.count_params() == backbone.parameters
        assert left - top.count_params() == block.parameters, block.name
        left = top.count_params()
    assert left == 0, "the last block ends the backbone"


def test_below_the_cut_nothing_changes_in_training(built):
    backbone, model, pixels, _ = built
    trunk, top = cut(model, backbone.blocks[(len(backbone.blocks) - 1) // 2].last_layer)
    pooled = keras.layers.GlobalAveragePooling2D()(top.outputs[0])
    trained = keras.Model(top.inputs[0], keras.layers.Dense(2, activation="softmax")(pooled))
    below, above = trunk.get_weights(), trained.get_weights()

    # Eager: a step is over long before a graph of the whole network would be built, and moves every weight that it may.
    trained.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", run_eagerly=True)
    given = {"pixels": pixels}
    reached = {name: np.asarray(each) for name, each in trunk(given).items()}
    assert set(reached) == {"features"}, "one tensor crosses"
    trained.train_on_batch(reached["features"], np.array([0, 1, 0, 1]))

    for before, after in zip(below, trunk.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(reached["features"], trunk(given)["features"])
    changed = [not np.array_equal(*pair) for pair in zip(above, trained.get_weights(), strict=True)]
    assert all(changed[-2:]), "the head has learnt"
    assert len(backbone.blocks) == 1 or np.mean(changed) > 0.5, "and so has what lies above the cut"


def test_statistics_estimated_anew_make_inference_answer_what_training_answered(built):
    _, model, pixels, _ = built
    if not trainable_normalizations(model):
        pytest.skip("It has no BatchNormalization.")
    weights = model.get_weights()
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    rates = [layer.rate for layer in dropouts]
    for layer in dropouts:
        layer.rate = 0.0  # chance is not what is compared
    learnt = model(pixels, training=True)
    estimate_statistics(model, [pixels])
    assert_same(model(pixels, training=False), learnt, 1e-3)
    for layer, rate in zip(dropouts, rates, strict=True):
        layer.rate = rate
    model.set_weights(weights)


def test_saved_and_loaded_by_plain_keras_it_predicts_the_same(built, tmp_path):
    _, model, pixels, _ = built
    features = np.asarray(model(pixels))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    np.testing.assert_array_equal(loaded(pixels), features)


@pytest.fixture
def double_precision() -> Iterator[None]:
    """So that only mistakes make a difference, and not the order of sums, which a deep network magnifies."""
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx("float32")


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("backbone", backbones())
def test_pixels_and_published_weights_mean_what_they_mean_to_keras(backbone, tmp_path, monkeypatch):
    """The reference is Keras itself: its preprocessing, its `weights="imagenet"`, fed with a file of our making."""
    size = backbone.minimum_size
    pixels = random_pixels(size).astype("float64")
    if backbone.key not in FAMILIES:
        expected, weights = lite0_reference(pixels, tmp_path)
    else:
        expected, weights = keras_reference(backbone, pixels, tmp_path, monkeypatch)
    unchecked = backbone.model_copy(update={"weights_hash": ""})
    if weights is None:
        received = build_backbone(unchecked, input=ImageInput(size=size))(pixels)
    else:
        received = build_backbone(unchecked, input=ImageInput(size=size), weights=weights)(pixels)
    keras.backend.clear_session(free_memory=False)  # which would look for garbage once more
    assert_same(received, expected)


def keras_reference(
    backbone: Backbone, pixels: np.ndarray, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[np.ndarray, Path]:
    factory = getattr(keras.applications, backbone.factory.partition(":")[2])
    preprocess = importlib.import_module(f"keras.applications.{FAMILIES[backbone.key]}").preprocess_input
    published = folder / backbone.weights_file
    arguments = {"include_top": False, "input_shape": pixels.shape[1:]}

    keras.utils.set_random_seed(1)
    source = factory(weights=None, **arguments)
    stir(source)
    own = [layer for layer in source.layers if isinstance(layer, keras.layers.Normalization) and layer.get_weights()]
    normalize(own, np.square(IMAGENET_DEVIATION))
    settle(source, preprocess(pixels.copy()))
    normalize(own, np.array(IMAGENET_DEVIATION))  # EfficientNet's file has the deviation in the variance's place
    with h5py.File(published, "w") as file:
        save_weights_to_hdf5_group(file, source)

    def get_file(name, url, *, cache_subdir, file_hash=""):
        assert (name, url, file_hash) == (backbone.weights_file, backbone.weights_url, backbone.weights_hash)
        return str(published)

    monkeypatch.setattr(file_utils, "get_file", get_file)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`input_shape` is undefined or non-square")
        reference = factory(weights="imagenet", **arguments)
    return np.asarray(reference(preprocess(pixels.copy()))), published


def normalize(own: list[Any], variance: np.ndarray) -> None:
    for layer in own:
        layer.set_weights([np.array(IMAGENET_MEAN), variance, *layer.get_weights()[2:]])
        layer.finalize_state()


def lite0_reference(pixels: np.ndarray, folder: Path) -> tuple[np.ndarray, None]:
    from tlcore.backbones.catalogue import find
    from tlcore.backbones.weights import weights_path
    from tlcore.modalities.image.keras_efficientnet_lite import EfficientNetLite0, load_state_dict
    from tlcore.modalities.image.torch_file import read_state_dict
    from tlcore.workspace import Workspace

    reference = EfficientNetLite0(input_shape=pixels.shape[1:])
    load_state_dict(reference, read_state_dict(weights_path(find("efficientnet_lite0"), Workspace(folder))))
    return np.asarray(reference((pixels - 127) / 128)), None
