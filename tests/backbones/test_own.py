"""Rows of a person's own: found in the workspace, told apart by their weights, removed when no run uses them."""

from __future__ import annotations

import logging

import pytest

from tests.pages.made_runs import made
from tests.training.tiny_run import TINY
from tlcore.backbones.backbone import Backbone
from tlcore.backbones.catalogue import CATALOGUE, find, suitable
from tlcore.backbones.own import checked_licence, checked_name, key_of
from tlcore.backbones.weights import weights_path, weights_state
from tlcore.errors import ConfigError, WeightsError
from tlcore.files import sha256, write_json
from tlcore.runs.own_backbones import remove_backbone
from tlcore.workspace import Workspace


def own_row(workspace: Workspace, title: str = "Chest ViT", content: bytes = b"weights") -> Backbone:
    """Put a row into a workspace, with a file that stands for its weights."""
    key = key_of(title, {"weights": content.hex()})
    home = workspace.weights / key
    home.mkdir()
    (home / "model.weights.h5").write_bytes(content)
    row = TINY.model_copy(
        update={
            "key": key,
            "title": title,
            "source": "a hospital",
            "licence": "CC BY-NC 4.0",
            "weights_file": f"{key}/model.weights.h5",
            "weights_hash": sha256(home / "model.weights.h5"),
        }
    )
    write_json(home / "backbone.json", row)
    return row


def test_a_row_in_the_workspace_is_in_the_catalogue_with_its_weights(workspace):
    before = len(CATALOGUE)
    row = own_row(workspace)
    assert find(row.key) == row
    assert row in suitable("image", "regression")
    assert len(CATALOGUE) == len(list(CATALOGUE)) == before + 1
    assert weights_state(row, workspace).where == "cached"
    assert weights_path(row, workspace).read_bytes() == b"weights"


def test_weights_that_changed_on_the_disk_are_refused(workspace):
    row = own_row(workspace)
    (workspace.weights / row.weights_file).write_bytes(b"other weights")
    with pytest.raises(WeightsError, match="it is damaged or another file"):
        weights_path(row, workspace)


def test_weights_that_are_gone_are_never_looked_for_in_the_network(workspace):
    from tlcore.backbones.download import download

    row = own_row(workspace)
    (workspace.weights / row.weights_file).unlink()
    with pytest.raises(WeightsError, match=f"They are not there.*`backbones remove {row.key}`"):
        list(download(row, workspace))


def test_other_weights_of_the_same_name_have_another_key():
    first, second = (key_of("Chest X-ray: ViT", {"weights": digest}) for digest in ("1f", "2e"))
    assert first != second
    assert first[:-8] == second[:-8] == "chest_x_ray_vit_"
    assert key_of("肺", {}).startswith("own_"), "a key is in ASCII"


def test_a_damaged_row_is_left_out_and_logged(workspace, caplog):
    row = own_row(workspace)
    (workspace.weights / row.key / "backbone.json").write_text('{"key": 1}')
    with caplog.at_level(logging.WARNING):
        assert row.key not in CATALOGUE
    assert "A backbone is left out" in caplog.text
    with pytest.raises(ConfigError, match="A backbone of the catalogue is needed"):
        find(row.key)


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "two\x00words", "resnet50", "efficientNET-lite0"])
def test_a_name_is_short_printable_and_its_own(name):
    with pytest.raises(WeightsError, match="needs a name"):
        checked_name(name, CATALOGUE)


def test_a_licence_is_required_and_may_be_unknown():
    assert checked_licence(" unknown ") == "unknown"
    with pytest.raises(WeightsError, match="or 'unknown'"):
        checked_licence(" ")


def test_a_backbone_is_removed_by_its_name_with_its_weights(workspace):
    row = own_row(workspace)
    assert remove_backbone(workspace, "chest vit") == row
    assert row.key not in CATALOGUE
    assert not (workspace.weights / row.key).exists()
    with pytest.raises(WeightsError, match="There are none"):
        remove_backbone(workspace, row.key)


def test_a_backbone_that_a_run_uses_stays(workspace, tiny_dataset):
    row = own_row(workspace)
    run = made(workspace, tiny_dataset, backbone=row.key, input={"size": 32})
    with pytest.raises(WeightsError, match=f"is used by {run.name}"):
        remove_backbone(workspace, row.key)
    assert find(row.key) == row


def test_a_backbone_of_graft_is_not_removed(workspace):
    with pytest.raises(WeightsError, match="A backbone of your own is needed"):
        remove_backbone(workspace, "efficientnet_lite0")
