"""What every build does, on the smallest backbones; the whole table is in `test_backbones_conformance.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

keras = pytest.importorskip("keras")

from tlcore.backbones.backbone import Backbone  # noqa: E402
from tlcore.backbones.catalogue import find  # noqa: E402
from tlcore.errors import ConfigError, WeightsError  # noqa: E402
from tlcore.modalities.image.pixels import read_pixels, to_pixels  # noqa: E402
from tlcore.modalities.image.settings import ImageInput  # noqa: E402
from tlcore.training.backbones import build_backbone  # noqa: E402

pytestmark = pytest.mark.slow

IMAGENET = {
    281: "tabby",
    282: "tiger cat",
    285: "Egyptian cat",
    657: "missile",
    698: "palace",
    967: "espresso",
    985: "daisy",
}


@pytest.fixture
def small() -> Backbone:
    return find("mobilenet_v3_small")


@pytest.fixture
def no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args, **_keywords):
        raise OSError("Name or service not known")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr("tlcore.backbones.download.urlopen", refuse)


def item(name: str) -> Image.Image:
    if name in {"china.jpg", "flower.jpg"}:
        from sklearn.datasets import load_sample_image

        return Image.fromarray(load_sample_image(name))
    import skimage

    return Image.open(Path(skimage.__file__).parent / "data" / name)


@pytest.fixture(scope="module")
def imagenet_classifier():
    from tlcore.backbones.weights import weights_path
    from tlcore.modalities.image.keras_efficientnet_lite import EfficientNetLite0, load_state_dict
    from tlcore.modalities.image.torch_file import read_state_dict
    from tlcore.workspace import Workspace

    pixels = keras.Input((224, 224, 3))
    model = EfficientNetLite0(include_top=True, input_tensor=keras.layers.Rescaling(1 / 128, -127 / 128)(pixels))
    load_state_dict(model, read_state_dict(weights_path(find("efficientnet_lite0"), Workspace(Path()))))
    return model


@pytest.mark.parametrize(
    ("name", "allowed", "least"),
    [
        ("china.jpg", {"palace"}, 0.15),
        ("flower.jpg", {"daisy"}, 0.15),
        ("chelsea.png", {"tabby", "tiger cat", "Egyptian cat"}, 0.7),
        ("coffee.png", {"espresso"}, 0.7),
        ("rocket.jpg", {"missile"}, 0.15),
    ],
)
def test_lite0_knows_what_is_on_real_photos(imagenet_classifier, name, allowed, least):
    pixels = to_pixels(item(name).convert("RGB"), 224, "crop")
    probabilities = np.asarray(imagenet_classifier(pixels[None].astype("float32")))[0]
    assert IMAGENET.get(int(probabilities.argmax())) in allowed
    assert sum(probabilities[number] for number, label in IMAGENET.items() if label in allowed) > least


def test_the_backbone_is_the_classifier_without_its_head(imagenet_classifier, workspace):
    """What the catalogue builds has the proven weights and the proven preprocessing."""
    backbone = build_backbone(find("efficientnet_lite0"), input=ImageInput(size=224), workspace=workspace)
    pixels = to_pixels(item("coffee.png").convert("RGB"), 224, "crop")[None].astype("float32")
    features = np.asarray(backbone(pixels)).mean(axis=(1, 2))
    kernel, bias = imagenet_classifier.get_layer("predictions").get_weights()
    logits = features @ kernel + bias
    expected = np.asarray(imagenet_classifier(pixels))
    shares = np.exp(logits - logits.max())
    np.testing.assert_allclose(shares / shares.sum(), expected, atol=1e-5)


def test_whole_numbers_and_fractions_are_the_same_pixels(small, tiny_folder):
    model = build_backbone(small, input=ImageInput(size=64), weights="random")
    pixels = read_pixels(next(tiny_folder.rglob("*.png")), 64, "crop")[None]
    np.testing.assert_array_equal(model(pixels), model(pixels.astype("float32")))


def test_layer_names_do_not_depend_on_what_was_built_before(small):
    first = [
        operation.name for operation in build_backbone(small, input=ImageInput(size=32), weights="random").operations
    ]
    second = [
        operation.name for operation in build_backbone(small, input=ImageInput(size=32), weights="random").operations
    ]
    assert first == second


def test_pictures_that_are_too_small_are_refused_beside_their_field(small):
    with pytest.raises(ConfigError, match=r"32 to 1,024 pixels\. Received 24") as caught:
        build_backbone(small, input=ImageInput(size=24), weights="random")
    assert caught.value.problems[0].field == "input.size"


def test_without_a_network_the_sentence_says_what_to_do(small, workspace, no_network):
    with pytest.raises(WeightsError, match=r"no_top_v2\.h5.*These work now: EfficientNet-Lite0.*Name or service"):
        build_backbone(small, input=ImageInput(size=32), workspace=workspace)


def test_a_damaged_file_is_not_downloaded_over(small, workspace, no_network):
    (workspace.weights / small.weights_file).write_bytes(b"half a file")
    with pytest.raises(WeightsError, match="damaged"):
        build_backbone(small, input=ImageInput(size=32), workspace=workspace)


def test_a_file_of_another_network_is_refused(workspace):
    path = workspace.weights / "other.weights.h5"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save_weights(path)
    with pytest.raises(WeightsError, match="does not fit"):
        build_backbone(find("mobilenet_v2"), input=ImageInput(size=32), weights=path)


def test_a_file_that_is_no_weights_file_is_refused(tmp_path):
    path = tmp_path / "weights.h5"
    path.write_bytes(b"not HDF5")
    with pytest.raises(WeightsError, match="does not fit"):
        build_backbone(find("mobilenet_v2"), input=ImageInput(size=32), weights=path)
