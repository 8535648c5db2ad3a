from __future__ import annotations

import pandas as pd
import pytest

from tests.data.edited import make_dataset, sha_of
from tlcore.data.edits.operations import apply
from tlcore.data.edits.relabel_csv import label_changes, read_relabelling
from tlcore.data.edits.types import Relabel
from tlcore.data.lookup import Names
from tlcore.errors import DataError

FIRST, SECOND, THIRD = "aaaaaa1" + "0" * 57, "aaaaaa2" + "0" * 57, "bbbbbb" + "0" * 58


@pytest.fixture
def names():
    sources = ["train/cats/1.png", "test/cats/1.png", "train/cats/abcdef.png"]
    return Names(pd.DataFrame({"sha256": [FIRST, SECOND, THIRD], "source": sources}))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("train/cats/1.png", FIRST),
        ("test/cats/1.png", SECOND),
        ("abcdef.png", THIRD),
        ("cats/abcdef.png", THIRD),
        ("aaaaaa2", SECOND),
        ("AAAAAA2", SECOND),
        (THIRD, THIRD),
        (f"{FIRST}.jpg", FIRST),
    ],
)
def test_a_picture_is_named_by_its_source_the_end_of_it_or_the_beginning_of_its_hash(names, name, meant):
    assert names.find([name]) == [meant]


@pytest.mark.parametrize("name", ["nothing", "s/1.png", "bbbbb", "ccccccc", "", "png"])
def test_a_name_of_no_picture_is_refused(names, name):
    with pytest.raises(DataError, match=r"is none of them\.$"):
        names.find([name])


@pytest.mark.parametrize("name", ["1.png", "cats/1.png", "aaaaaa"])
def test_a_name_of_several_pictures_is_refused_and_they_are_told(names, name):
    with pytest.raises(DataError, match=r"means 2: train/cats/1\.png \(aaaaaa100000\), test/cats/1\.png \(aaaaaa2"):
        names.find([name])


def test_how_many_more_names_are_wrong_is_said(names):
    with pytest.raises(DataError, match=r"So it is with 2 more names\."):
        names.find(["abcdef.png", "x.png", "y.png", "1.png"])


def test_a_picture_is_called_what_finds_it_again():
    shas = ["1" * 64, "2" * 64, "3" * 64]
    names = Names(pd.DataFrame({"sha256": shas, "source": ["a.png", "same.png", "same.png"]}))
    assert names.of(shas) == ["a.png", "2" * 64, "3" * 64]
    assert names.find(names.of(shas)) == shas


# === Labels as a CSV ===


@pytest.fixture
def dataset(workspace):
    return make_dataset(workspace)


def test_labels_are_read_from_a_csv(dataset, tmp_path):
    # As a spreadsheet of a German office writes it.
    path = tmp_path / "labels.csv"
    path.write_bytes("\ufeffLabel;note;Picture\r\nNäher;x;a/0.png\r\nc;;1.png\r\nd;;a/0.png\r\n".encode())
    assert read_relabelling(dataset, path) == Relabel(labels={sha_of("0"): "d", sha_of("1"): "c"})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("picture,class\n0.png,a\n", "'picture' and 'label' are needed in labels.csv. It has 'picture', 'class'"),
        ("", "It has none"),
        ("picture,label\n0.png,a\n1.png,\n", "Line 3 has none"),
        ("picture,label\n9.png,a\n", "'9.png' is none of them"),
    ],
)
def test_a_csv_that_cannot_be_used_is_refused(dataset, tmp_path, text, sentence):
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(DataError, match=sentence):
        read_relabelling(dataset, tmp_path / "labels.csv")


def test_a_csv_that_is_not_there_is_said(dataset, tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_relabelling(dataset, tmp_path / "labels.csv")


def test_changed_labels_go_out_and_into_another_dataset_of_the_same_pictures(dataset, tmp_path, workspace):
    apply(dataset, Relabel(labels={sha_of("0"): "c", sha_of("1"): "new"}))
    apply(dataset, Relabel(labels={sha_of("2"): "a"}))
    apply(dataset, Relabel(labels={sha_of("2"): "c"}))  # as it came
    changes = label_changes(dataset)
    assert changes.to_dict("list") == {"picture": ["a/0.png", "b/1.png"], "label": ["c", "new"], "was": ["a", "b"]}
    changes.to_csv(tmp_path / "labels.csv", index=False)
    dataset.path.rename(workspace.datasets / "edited")
    other = make_dataset(workspace)
    apply(other, read_relabelling(other, tmp_path / "labels.csv"))
    assert other.counts() == {"a": 1, "b": 1, "c": 3, "new": 1}
