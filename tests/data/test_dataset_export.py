"""A dataset handed out comes back as it was, and follows the rules of those who read it."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.data.conftest import write_classes, write_picture
from tests.task_datasets import with_numbers, with_several_labels
from tlcore.__main__ import main
from tlcore.data.edits.operations import apply
from tlcore.data.edits.types import Delete, Exclude, Group
from tlcore.data.export import HandedOut, Manifest, hand_out
from tlcore.data.import_plan import ImportChoices
from tlcore.data.split.locked import draw_parts, read_parts
from tlcore.errors import DataError
from tlcore.files import read_json
from tlcore.modalities.image.pixels import open_picture
from tlcore.progress import drain

# Names that are hard for folders, tables or readers: a path, a number, a part of a split, a formula, another script.
LABELS = ["a/b", "007", "test", '=1+1, "x"', "Äpfel", "CON"]
# How `datasets` tells a part by a folder's name; from its `data_files.py`.
KEYWORDS = {
    "train": ["train", "training"],
    "validation": ["validation", "valid", "dev", "val"],
    "test": ["test", "testing", "eval", "evaluation"],
}
EXTENSIONS = {".jpg", ".png", ".webp", ".bmp", ".gif", ".tif"}


@pytest.fixture
def dataset(take_in, tmp_path):
    """Six classes with hard names, two pictures of one name in a class, one excluded and one deleted."""
    folder = write_classes(tmp_path / "given", *map(str, range(len(LABELS))), count=3)
    write_picture(folder / "more" / "0.png", seed=77)
    rows = [f"{place}/{n}.png,{_quoted(label)}" for place, label in enumerate(LABELS) for n in range(3)]
    (folder / "labels.csv").write_text("\n".join(["file,label", *rows, "more/0.png,007"]) + "\n")
    # One class is called `test`, which is asked about.
    dataset = take_in(folder, choices=ImportChoices(confirmed=True)).dataset
    shas = dataset.items().set_index("source")["sha256"]
    apply(dataset, Exclude(shas=(shas["0/2.png"],)))
    apply(dataset, Delete(shas=(shas["2/2.png"],)))
    return dataset


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def written(dataset, form, path) -> HandedOut:
    return drain(hand_out(dataset, form, path), lambda progress: None)


def contents(dataset) -> set[tuple[str, ...]]:
    items = dataset.items()
    return set(zip(items["sha256"], items["label"], items["split"], items["group"], strict=True))


@pytest.mark.parametrize("form", ["zip", "imagefolder"])
def test_what_was_handed_out_comes_back_with_its_classes_parts_and_groups(take_in, dataset, tmp_path, form):
    apply(dataset, Group(groups=dict.fromkeys(dataset.items()["sha256"][:3], "one burst")))
    draw_parts(dataset)
    out = written(dataset, form, tmp_path / ("out.zip" if form == "zip" else "out"))
    back = take_in(out.path, choices=ImportChoices(confirmed=True)).dataset
    assert back.info.fingerprint == dataset.info.fingerprint
    drawn = read_parts(dataset).table
    parts = dict(zip(drawn["sha256"], drawn["split"], strict=True))
    expected = {(sha, label, parts[sha], group) for sha, label, _, group in contents(dataset)}
    assert contents(back) == expected
    assert out.manifest.parts == {part: list(parts.values()).count(part) for part in ("train", "val", "test")}


@pytest.mark.parametrize("form", ["zip", "imagefolder"])
def test_pictures_that_are_not_in_use_stay_and_the_manifest_names_them(dataset, tmp_path, form):
    out = written(dataset, form, tmp_path / "out")
    assert {(one.source, one.why) for one in out.manifest.not_handed_out} == {
        ("0/2.png", "excluded"),
        ("2/2.png", "deleted"),
    }
    assert out.manifest.items == 17
    gone = {one.sha256 for one in out.manifest.not_handed_out}
    assert not [content for content in _contents_of(out.path) if content in gone]


def _contents_of(path: Path) -> list[str]:
    if path.is_dir():
        return [hashlib.sha256(file.read_bytes()).hexdigest() for file in path.rglob("*") if file.is_file()]
    with zipfile.ZipFile(path) as archive:
        return [hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()]


def test_a_zip_has_a_folder_for_each_class_that_every_system_can_have(dataset, tmp_path):
    out = written(dataset, "zip", tmp_path / "out.zip")
    with zipfile.ZipFile(out.path) as archive:
        names = archive.namelist()
        manifest = Manifest.model_validate_json(archive.read("given/manifest.json"))
    assert manifest == out.manifest
    folders = {name.split("/")[1] for name in names if name.count("/") == 2}
    assert folders == {"a_b", "007", "test", "=1+1, _x_", "Äpfel", "_CON"}
    assert {"given/007/0.png", "given/007/0 (2).png"} <= set(names)
    assert len(names) == len({name.casefold() for name in names})


def test_equal_datasets_make_equal_zips(dataset, tmp_path):
    first, second = (written(dataset, "zip", tmp_path / name).path.read_bytes() for name in ("a.zip", "b.zip"))
    assert first == second


@pytest.mark.parametrize("drawn", [False, True], ids=["no split", "a split"])
def test_an_image_folder_follows_the_documented_rules(dataset, tmp_path, drawn):
    if drawn:
        draw_parts(dataset)
    out = written(dataset, "imagefolder", tmp_path / "out").path
    parts = sorted(path.name for path in out.iterdir() if path.is_dir())
    assert parts == (["test", "train", "validation"] if drawn else ["train"])
    for part in parts:
        lines = [json.loads(line) for line in (out / part / "metadata.jsonl").read_text().splitlines()]
        # Every row names a picture that is there, relative to the metadata, every picture is named once, and all
        # metadata have the same columns of the same kind.
        items = {str(path.relative_to(out / part)) for path in (out / part).rglob("*") if path.suffix in EXTENSIONS}
        assert sorted(line["file_name"] for line in lines) == sorted(items)
        assert {tuple(line) for line in lines} == {("file_name", "label", "group", "sha256", "source")}
        assert {type(value) for line in lines for value in line.values()} == {str}
        for item in items:
            assert parts_said(Path(part) / item) == {part}
    # No file that could be taken for data lies outside the parts.
    assert [path.name for path in out.iterdir() if path.is_file()] == ["manifest.json"]


def parts_said(path: Path) -> set[str]:
    """The parts that `datasets` would put a picture into, by every folder above it."""
    return {
        part
        for part, words in KEYWORDS.items()
        for word in words
        for folder in path.parent.parts
        if re.search(rf"(^|[-._ 0-9]){word}($|[-._ 0-9])", folder)
    }


def test_a_picture_of_a_kind_that_is_not_read_there_becomes_png(take_in, tmp_path):
    folder = write_classes(tmp_path / "given", "cat", "dog")
    given = write_picture(folder / "cat" / "phone.heic", seed=5)
    dataset = take_in(folder).dataset
    out = written(dataset, "imagefolder", tmp_path / "out")
    assert out.manifest.converted == ("cat/phone.heic",)
    lines = [json.loads(line) for line in (out.path / "train" / "metadata.jsonl").read_text().splitlines()]
    (file,) = (line["file_name"] for line in lines if line["source"] == "cat/phone.heic")
    with Image.open(out.path / "train" / file) as item:
        assert item.format == "PNG"
        assert np.array_equal(np.asarray(item), np.asarray(open_picture(given)))
    assert read_json(out.path / "manifest.json", Manifest) == out.manifest


@pytest.mark.parametrize("form", ["zip", "imagefolder"])
def test_what_lies_there_is_not_overwritten_and_a_fault_leaves_nothing(dataset, tmp_path, form):
    place = tmp_path / "there"
    place.mkdir()
    with pytest.raises(DataError, match="A new place is needed"):
        written(dataset, form, place)
    dataset.image_path(dataset.items()["file"].iloc[-1]).unlink()
    with pytest.raises(DataError, match="all its pictures are there"):
        written(dataset, form, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir() if "out" in path.name) == []


def test_data_export_says_what_it_wrote(dataset, tmp_path, capsys):
    out = tmp_path / "set.zip"
    assert main(["data", "export", dataset.id, "--format", "zip", "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["path"] == str(out)
    assert said["bytes"] == out.stat().st_size
    assert (said["pictures"], said["not_handed_out"]) == (17, 2)
    assert main(["data", "export", dataset.id, "--format", "tar"]) == 1
    assert "zip or imagefolder" in capsys.readouterr().err


# === Several labels, numbers ===


def test_several_labels_are_columns_of_a_zip_and_a_list_in_an_image_folder(tiny_dataset, tmp_path):
    dataset = with_several_labels(tiny_dataset)
    labels = dict(dataset.items()[["sha256", "label"]].itertuples(index=False, name=None))
    out = written(dataset, "zip", tmp_path / "out.zip")
    with zipfile.ZipFile(out.path) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("labels.csv"))
        table = pd.read_csv(archive.open(name))
        assert {f"{name.split('/')[0]}/{file}" for file in table["file"]} < set(archive.namelist())
    assert list(table) == ["file", "big", "circle", "left", "square", "triangle", "split", "group", "sha256", "source"]
    for row in table.to_dict("records"):
        assert "|".join(name for name in dataset.info.classes if row[name]) == labels[row["sha256"]]
    assert (out.manifest.task, out.manifest.classes) == ("multilabel", dataset.counts())
    folder = written(dataset, "imagefolder", tmp_path / "out").path
    lines = [json.loads(line) for line in (folder / "train" / "metadata.jsonl").read_text().splitlines()]
    assert {line["sha256"]: "|".join(line["labels"]) for line in lines} == labels
    assert all("label" not in line for line in lines)


def test_numbers_keep_their_name_and_unit(tiny_dataset, tmp_path):
    dataset = with_numbers(tiny_dataset)
    values = {sha: float(text) for sha, text in dataset.items()[["sha256", "label"]].itertuples(index=False)}
    out = written(dataset, "zip", tmp_path / "out.zip")
    with zipfile.ZipFile(out.path) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("labels.csv"))
        table = pd.read_csv(archive.open(name))
    assert dict(zip(table["sha256"], table["weight (kg)"], strict=True)) == values
    folder = written(dataset, "imagefolder", tmp_path / "out").path
    lines = [json.loads(line) for line in (folder / "train" / "metadata.jsonl").read_text().splitlines()]
    assert {line["sha256"]: line["value"] for line in lines} == values
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["task"], manifest["value_name"], manifest["unit"]) == ("regression", "weight", "kg")


def test_a_manifest_of_classes_names_no_task(dataset, tmp_path):
    out = written(dataset, "imagefolder", tmp_path / "out")
    assert not {"task", "value_name", "unit"} & set(json.loads((out.path / "manifest.json").read_text()))
