"""Parquet image datasets: rows become pictures, and a file made to do harm is refused."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.conftest import photo, write_classes
from tlcore.data.archive import Limits, opening
from tlcore.data.import_plan import ImportChoices
from tlcore.data.import_preview import check_sure, needs_label, preview
from tlcore.data.parquet import unrolled
from tlcore.errors import ArchiveError, DataError

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def encoded(seed: int, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    photo(seed).save(stream, kind)
    return stream.getvalue()


def write_shard(path: Path, labels: list[object], *, names: list[str] | None = None, first: int = 0, **options) -> Path:
    """A file as `datasets` writes it: pictures with the names that they had, and the classes in the metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"bytes": encoded(first + row), "path": f"img {row}.png"} for row in range(len(labels))]
    table = pa.table({"image": pa.array(rows, IMAGE), "label": pa.array(labels)})
    features = {"image": {"_type": "Image"}}
    if names is not None:
        features["label"] = {"names": names, "_type": "ClassLabel"}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(table.replace_schema_metadata(metadata), path, **options)
    return path


@pytest.fixture
def shards(tmp_path) -> Path:
    """Two training shards and one test shard, in groups of three rows."""
    data = tmp_path / "flowers" / "data"
    names = ["rose", "a/b"]
    write_shard(data / "train-00000-of-00002.parquet", [0, 1] * 4, names=names, row_group_size=3)
    write_shard(data / "train-00001-of-00002.parquet", [1, 0] * 4, names=names, first=100, row_group_size=3)
    write_shard(data / "test-00000-of-00001.parquet", [0, 1], names=names, first=200)
    return data.parent


def test_shards_become_one_dataset_with_the_names_and_the_parts_that_they_say(take_in, shards):
    report = take_in(shards)
    items = report.dataset.items()
    assert report.kept == 18
    assert report.fixed == 0
    assert report.dataset.counts() == {"a/b": 9, "rose": 9}
    assert items["split"].value_counts().to_dict() == {"train": 16, "test": 2}
    assert "data/train-00001-of-00002.parquet/000003-img 3.png" in set(items["source"])
    assert report.notes[0] == "The classes come from column 'label' of 3 Parquet files."


def test_every_row_keeps_its_own_bytes(take_in, shards):
    dataset = take_in(shards).dataset
    items = dataset.items().set_index("source")
    file = items.loc["data/train-00001-of-00002.parquet/000004-img 4.png", "file"]
    assert dataset.image_path(file).read_bytes() == encoded(104)


def test_a_zip_of_shards_is_read_without_being_unpacked(take_in, shards):
    path = shards.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for shard in shards.rglob("*.parquet"):
            archive.write(shard, f"flowers/{shard.name}")
    assert take_in(path).dataset.counts() == {"a/b": 9, "rose": 9}


def test_one_file_alone_is_enough(take_in, tmp_path):
    assert take_in(write_shard(tmp_path / "all.parquet", ["cat", "dog"])).dataset.info.classes == ("cat", "dog")


def test_rows_are_read_in_any_order(tmp_path):
    path = write_shard(tmp_path / "all.parquet", list("abcabcab"), row_group_size=3)
    with opening(path) as given, unrolled(given, Limits()) as opened:
        for row in (7, 0, 5, 5, 1, 6, 2):
            with opened.open(opened.entries[row]) as stream:
                assert stream.read() == encoded(row)


def test_numbers_without_names_are_classes_too(take_in, tmp_path):
    assert take_in(write_shard(tmp_path / "all.parquet", [7, 9])).dataset.info.classes == ("7", "9")


def test_a_class_beyond_the_names_is_told_not_guessed(take_in, tmp_path):
    report = take_in(write_shard(tmp_path / "all.parquet", [0, -1, 5, None], names=["rose"]))
    assert report.kept == 1
    assert [left.reason for left in report.left_out] == ["The table gives this picture no class."] * 3


def test_pictures_without_any_class_ask_for_one(take_in, tmp_path):
    path = tmp_path / "all.parquet"
    pq.write_table(pa.table({"image": pa.array([encoded(0), encoded(1)])}), path)
    assert needs_label(path)
    assert take_in(path, label="rose").dataset.counts() == {"rose": 2}


def test_pictures_beside_a_parquet_file_keep_their_folders(take_in, tmp_path):
    folder = write_classes(tmp_path / "both", "cat", "dog", first_seed=500)
    write_shard(folder / "more.parquet", ["bird", "cat"])
    assert take_in(folder).dataset.counts() == {"bird": 1, "cat": 3, "dog": 2}


def test_a_table_without_pictures_is_left_out(take_in, tmp_path):
    folder = write_classes(tmp_path / "both", "cat", "dog")
    pq.write_table(pa.table({"text": ["a", "b"]}), folder / "words.parquet")
    report = take_in(folder)
    assert [(left.source, left.reason) for left in report.left_out] == [
        ("words.parquet", "No column of this table names the pictures.")
    ]


def test_a_row_that_only_names_its_picture_is_left_out(take_in, tmp_path):
    rows = pa.array([{"bytes": None, "path": "/etc/passwd"}, {"bytes": encoded(1), "path": "../../x.png"}], IMAGE)
    pq.write_table(pa.table({"image": rows, "label": ["a", "a"]}), tmp_path / "all.parquet")
    report = take_in(tmp_path / "all.parquet")
    assert [left.reason for left in report.left_out] == ["The table names this picture but does not hold it."]
    assert list(report.dataset.items()["source"]) == ["all.parquet/000001-x.png"]


def test_a_picture_that_is_repeated_by_reference_is_refused_as_a_bomb(take_in, tmp_path):
    rows = pa.array([{"bytes": os.urandom(300_000), "path": "a.png"}] * 250, IMAGE)
    pq.write_table(pa.table({"image": rows}), tmp_path / "bomb.parquet")
    with pytest.raises(ArchiveError, match="times its size"):
        take_in(tmp_path / "bomb.parquet", label="a")


@pytest.mark.parametrize("fault", ["cut", "garbled", "renamed"])
def test_a_damaged_file_is_told_of_and_nothing_is_made(take_in, workspace, tmp_path, fault):
    path = write_shard(tmp_path / "all.parquet", list("abab"))
    content = bytearray(path.read_bytes())
    if fault == "cut":
        content = content[: len(content) // 2]
    elif fault == "garbled":
        content[4:2000] = b"\xff" * 1996
    else:
        content = bytearray(b"PAR1" + b"\0" * 100)
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        take_in(path)
    assert not [found for found in workspace.datasets.iterdir() if not found.name.startswith(".")]


@pytest.mark.parametrize("chosen", [None, "labels"])
def test_lists_of_labels_are_several_labels(take_in, tmp_path, chosen):
    rows = pa.array([{"bytes": encoded(seed), "path": None} for seed in range(8)], IMAGE)
    table = pa.table({"image": rows, "labels": [[0, 1], [0], [], [1]] * 2})
    features = {"image": {"_type": "Image"}, "labels": {"feature": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "all.parquet")
    report = take_in(tmp_path / "all.parquet", choices=ImportChoices(label_column=chosen))
    assert report.dataset.info.task == "multilabel"
    assert report.dataset.info.classes == ("cat", "dog")
    assert list(report.dataset.items().sort_values("source")["label"]) == ["cat|dog", "cat", "", "dog"] * 2


def test_a_column_of_decimals_is_a_number_for_each_picture(take_in, tmp_path):
    write_shard(tmp_path / "given" / "train-00000-of-00002.parquet", [0.5, 1.25, None])
    write_shard(tmp_path / "given" / "train-00001-of-00002.parquet", [2.0, 3.0], first=100)
    dataset = take_in(tmp_path / "given").dataset
    assert (dataset.info.task, dataset.info.value_name, dataset.info.classes) == ("regression", "label", ())
    assert sorted(dataset.items()["label"]) == ["0.5", "1.25", "2.0", "3.0"]


def test_a_parquet_table_labels_the_pictures_beside_it(take_in, tmp_path):
    folder = write_classes(tmp_path / "given", "images", count=4)
    rows = {"file": [f"{n}.png" for n in range(4)], "tags": [["a", "b"], ["a"], [], ["b"]]}
    pq.write_table(pa.table(rows), folder / "labels.parquet")
    dataset = take_in(folder).dataset
    assert dict(zip(dataset.items()["source"], dataset.items()["label"], strict=True))["images/2.png"] == ""
    assert dataset.info.task == "multilabel"


def test_boxes_are_refused_by_what_they_are(tmp_path):
    rows = pa.array([{"bytes": encoded(seed), "path": None} for seed in range(4)], IMAGE)
    objects = [{"bbox": [[1.0, 2.0, 3.0, 4.0]], "category": [0]}] * 4
    pq.write_table(pa.table({"image": rows, "objects": objects}), tmp_path / "all.parquet")
    assert "column 'objects' has boxes" in preview(tmp_path).plan.refusal


def test_a_parquet_file_without_classes_is_named_in_the_refusal(tmp_path):
    pq.write_table(pa.table({"image": pa.array([encoded(0), encoded(1)])}), tmp_path / "all.parquet")
    with pytest.raises(DataError, match=r"No column of all\.parquet"):
        check_sure(preview(tmp_path).plan, ImportChoices())
