from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tlcore.backbones.catalogue import find
from tlcore.backbones.weights import missing_sentence, weights_path, weights_state
from tlcore.errors import WeightsError


@pytest.fixture(autouse=True)
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    models = tmp_path / "keras" / "models"
    models.mkdir(parents=True)
    return models


def test_the_default_is_bundled_with_an_installed_package(workspace):
    state = weights_state(find("efficientnet_lite0"), workspace)
    assert state.where == "bundled"
    assert state.path is not None
    assert state.path.stat().st_size == pytest.approx(18.8e6, rel=0.01)
    assert weights_path(find("efficientnet_lite0"), workspace) == state.path


def test_missing_weights_say_how_large_the_download_is(workspace):
    state = weights_state(find("resnet50"), workspace)
    assert (state.where, state.path) == ("missing", None)
    assert "95 MB" in state.sentence


def test_missing_weights_say_which_file_where_to_put_it_and_what_works_now(workspace):
    with pytest.raises(WeightsError) as caught:
        weights_path(find("resnet50"), workspace)
    sentence = str(caught.value)
    assert sentence == missing_sentence(find("resnet50"), workspace)
    assert "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5" in sentence
    assert str(workspace.weights) in sentence
    assert "These work now: EfficientNet-Lite0." in sentence


@pytest.mark.parametrize("name", ["nasnet_mobile_no_top.h5", "NASNet-mobile-no-top.h5"])
def test_a_file_put_there_by_hand_is_found_by_either_of_its_names(workspace, name):
    (workspace.weights / name).write_bytes(b"weights")
    assert weights_state(find("nasnet_mobile"), workspace).path == workspace.weights / name


def test_what_keras_downloaded_before_is_found(workspace, keras_home):
    backbone = find("mobilenet_v2")
    (keras_home / backbone.weights_file).write_bytes(b"weights")
    assert weights_state(backbone, workspace).where == "cached"
    assert weights_path(backbone, workspace) == keras_home / backbone.weights_file, "Keras lists no hash for it"
    assert "MobileNetV2" in missing_sentence(find("vgg16"), workspace)


@pytest.mark.parametrize("key", ["vgg16", "convnext_tiny"])
def test_a_damaged_file_is_refused(workspace, key):
    backbone = find(key)
    (workspace.weights / backbone.weights_file).write_bytes(b"half a file")
    with pytest.raises(WeightsError, match="damaged"):
        weights_path(backbone, workspace)


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_file_with_the_listed_hash_is_taken(workspace, kind):
    digest = hashlib.new(kind, b"weights", usedforsecurity=False).hexdigest()
    backbone = find("vgg16").model_copy(update={"weights_hash": digest})
    path = workspace.weights / backbone.weights_file
    path.write_bytes(b"weights")
    assert weights_path(backbone, workspace) == path


def test_a_file_that_is_replaced_is_checked_again(workspace):
    digest = hashlib.md5(b"whole file", usedforsecurity=False).hexdigest()
    backbone = find("vgg16").model_copy(update={"weights_hash": digest})
    path = workspace.weights / backbone.weights_file
    path.write_bytes(b"half")
    with pytest.raises(WeightsError):
        weights_path(backbone, workspace)
    path.write_bytes(b"whole file")
    assert weights_path(backbone, workspace) == path
