"""What a folder of weights must be to become a row, and the way of one through the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

import keras_hub  # noqa: E402

from tests.training.tiny_presets import ARCHITECTURES, SIZE  # noqa: E402
from tlcore.__main__ import main  # noqa: E402
from tlcore.backbones.catalogue import CATALOGUE, find  # noqa: E402
from tlcore.errors import WeightsError  # noqa: E402
from tlcore.progress import drain  # noqa: E402
from tlcore.report.card import model_card  # noqa: E402
from tlcore.runs.manifest import read_manifests  # noqa: E402
from tlcore.runs.own_backbones import add_in_process  # noqa: E402
from tlcore.runs.run import list_runs  # noqa: E402
from tlcore.training.own_weights import add_backbone  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def vit(tmp_path_factory) -> Path:
    """A small vision transformer of nobody's, as KerasHub saves one."""
    folder = tmp_path_factory.mktemp("vit") / "chest-vit"
    keras.utils.set_random_seed(0)
    network = keras_hub.models.ViTBackbone(**ARCHITECTURES["ViTBackbone"], image_shape=(SIZE, SIZE, 3))
    network.save_to_preset(str(folder))
    return folder


@pytest.fixture
def given(vit, tmp_path) -> Path:
    """A copy of it, to do with as one likes."""
    return Path(shutil.copytree(vit, tmp_path / vit.name))


def add(workspace, given: Path, **said: Any):
    steps = add_backbone(workspace, given, **{"name": "Chest ViT", "licence": "CC BY-NC 4.0", **said})
    return drain(steps, lambda step: None)


def change(given: Path, **arguments: Any) -> None:
    path = given / "config.json"
    described = json.loads(path.read_text())
    described["config"] |= arguments
    path.write_text(json.dumps(described))


def refill(given: Path, fill: Any) -> None:
    """Write the weights of the folder anew, each of them changed."""
    network = keras_hub.models.Backbone.from_preset(str(given))
    for variable in network.weights:
        variable.assign(fill(np.array(variable)))
    network.save_weights(given / "model.weights.h5")


def test_a_row_says_what_was_given_and_what_was_assumed(workspace, given, tiny_dataset):
    row, notes = add(workspace, given, dataset=tiny_dataset)
    assert (row.title, row.licence, row.source) == ("Chest ViT", "CC BY-NC 4.0", "chest-vit")
    assert notes == (
        "The folder does not say how pixels are scaled. What is usual for ViT is taken: mean 0.5, 0.5, 0.5 of pixels "
        "of 0 to 1.",
    )
    assert row.scaling["scale"] == pytest.approx([2 / 255] * 3)
    assert row.published is None
    with pytest.raises(WeightsError, match="'Chest ViT' is in the catalogue already"):
        add(workspace, given)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"dtype": {"module": "somebody", "class_name": "Code", "config": {}}}, r"config\.json names somebody\.Code"),
        ({"dtype": {"module": "keras.layers", "class_name": "Lambda", "config": {}}}, "It also names Lambda"),
        ({"num_layers": 3}, "do not: "),
        ({"hidden_dim": 32}, "do not: "),
        ({"use_class_token": False}, "do not: "),
    ],
)
def test_a_description_that_is_hostile_or_of_other_weights_is_refused(workspace, given, arguments, match):
    change(given, **arguments)
    with pytest.raises(WeightsError, match=match):
        add(workspace, given)
    assert not list(workspace.weights.glob("*"))


def test_another_network_is_refused_with_those_that_are_possible(workspace, given):
    described = json.loads((given / "config.json").read_text())
    (given / "config.json").write_text(json.dumps(described | {"class_name": "BertBackbone"}))
    with pytest.raises(WeightsError, match=r"It describes a BertBackbone\. Networks that can be used are ViT, DeiT"):
        add(workspace, given)


def test_a_variant_that_cannot_be_rebuilt_is_refused_by_its_argument(workspace, tmp_path):
    architecture = {**ARCHITECTURES["DINOV2Backbone"], "use_swiglu_ffn": True, "image_shape": (SIZE, SIZE, 3)}
    network = keras_hub.models.DINOV2Backbone(**architecture, position_embedding_shape=(SIZE, SIZE))
    network.save_to_preset(str(tmp_path / "dino"))
    with pytest.raises(WeightsError, match="A DINOv2 whose use_swiglu_ffn is False is needed"):
        add(workspace, tmp_path / "dino")


@pytest.mark.parametrize(
    ("fill", "match"),
    [
        (lambda value: np.full_like(value, np.nan), "Weights are finite numbers"),
        (np.zeros_like, "give the same features for each of 8"),
    ],
)
def test_weights_that_say_nothing_are_refused(workspace, given, tiny_dataset, fill, match):
    refill(given, fill)
    with pytest.raises(WeightsError, match=match):
        add(workspace, given, dataset=tiny_dataset)


def test_from_a_folder_to_an_export_on_the_command_line(workspace, vit, tiny_dataset, capsys):
    """Added, listed, trained on, exported with the same answers, named by its card, and not removed while in use."""
    said = {"name": "Chest ViT", "licence": "CC BY-NC 4.0", "source": "a hospital", "dataset": tiny_dataset.id}
    added = drain(add_in_process(workspace, vit, **said), lambda step: None)
    key = added.backbone
    assert added.title == "Chest ViT"
    assert added.parameters == find(key).parameters
    assert main(["backbones", "list"]) == 0
    assert key in capsys.readouterr().out
    options = ["--backbone", key, "--mode", "freeze", "--image-size", str(SIZE), "--head", "logistic"]
    assert main(["train", tiny_dataset.id, *options]) == 0
    (run,) = list_runs(workspace)
    assert run.state().state == "finished"
    agreeing = {made.format: made.agrees for made in read_manifests(run.path)}
    assert agreeing["keras"]
    assert agreeing["onnx"]
    said = "It is Chest ViT, with weights from a hospital (licence of those weights: CC BY-NC 4.0)"
    assert said in model_card(run).replace("\\", "")
    assert main(["backbones", "remove", key]) == 1
    assert key in CATALOGUE
