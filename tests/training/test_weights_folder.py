"""What is copied of a folder of weights, and what is refused before anything of it is read."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tlcore.errors import WeightsError
from tlcore.progress import drain
from tlcore.training.weights_folder import bring


def brought(given: Path, into: Path) -> list[str]:
    into.mkdir()
    drain(bring(given, into), lambda step: None)
    return sorted(path.name for path in into.iterdir())


def folder_of(home: Path, *names: str) -> Path:
    folder = home / "given"
    folder.mkdir()
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("{}")
    return folder


def test_the_description_and_the_weights_are_copied_and_nothing_else(tmp_path):
    folder = folder_of(
        tmp_path, "config.json", "model.weights.h5", "pytorch_model.bin", "README.md", "onnx/config.json"
    )
    assert brought(folder, tmp_path / "copy") == ["config.json", "model.weights.h5"]


def test_a_zip_with_the_folder_in_it_is_as_good(tmp_path):
    path = tmp_path / "weights.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("vit/config.json", "vit/model.safetensors", "__MACOSX/vit/._config.json"):
            archive.writestr(name, "{}")
    assert brought(path, tmp_path / "copy") == ["config.json", "model.safetensors"]


@pytest.mark.parametrize("name", ["pytorch_model.bin", "weights.pt", "model.pkl", "best.ckpt"])
def test_a_pickle_is_refused_with_the_way_to_safetensors(tmp_path, name):
    with pytest.raises(WeightsError, match=rf"{name} is a pickle.*Save it as safetensors"):
        brought(folder_of(tmp_path, "config.json", name), tmp_path / "copy")


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_a_link_is_not_followed(tmp_path, name):
    secret = tmp_path / "secret"
    secret.write_text("{}")
    folder = folder_of(tmp_path, *({"config.json", "model.weights.h5"} - {name}))
    (folder / name).symlink_to(secret)
    with pytest.raises(WeightsError, match=f"{name} is a link"):
        brought(folder, tmp_path / "copy")


def test_a_zip_that_climbs_out_is_refused(tmp_path):
    path = tmp_path / "weights.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("../model.weights.h5", "{}")
    with pytest.raises(WeightsError, match="cannot be read"):
        brought(path, tmp_path / "copy")
    assert not (tmp_path / "model.weights.h5").exists()


@pytest.mark.parametrize(
    ("names", "match"), [((), r"has no config\.json"), (("config.json",), "There is none"), (("a/b",), "has no config")]
)
def test_a_folder_without_a_description_or_weights_is_refused(tmp_path, names, match):
    with pytest.raises(WeightsError, match=match):
        brought(folder_of(tmp_path, *names), tmp_path / "copy")


def test_what_is_neither_a_folder_nor_a_zip_is_refused(tmp_path):
    (tmp_path / "weights").write_text("no zip")
    for given in (tmp_path / "weights", tmp_path / "nowhere"):
        with pytest.raises(WeightsError, match="There is no such thing"):
            brought(given, tmp_path / f"copy of {given.name}")
