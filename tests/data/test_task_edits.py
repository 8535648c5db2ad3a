"""Edits of datasets whose pictures have several labels or a number."""

# ruff: noqa: E501

from __future__ import annotations

import json

import pytest

from tests.data.edited import make_labelled, sha_of, truth
from tlcore.__main__ import main
from tlcore.data.edits.operations import apply, compare, history, redo, undo
from tlcore.data.edits.relabel_csv import label_changes, relabelling
from tlcore.data.edits.types import (
    AddLabel,
    Exclude,
    MergeClasses,
    Relabel,
    RemoveLabel,
    RenameClass,
    SetLabels,
    SetValues,
)
from tlcore.data.label_counts import co_occurrence, labels_each
from tlcore.errors import DataError

LABELS = ["cat|dog", "cat", "dog|tree", "", "tree", "cat|dog|tree"]


@pytest.fixture
def several(workspace):
    return make_labelled(workspace, LABELS, "multilabel")


@pytest.fixture
def numbers(workspace):
    return make_labelled(workspace, ["1.5", "2.0", "3.0"], "regression", value_name="weight", unit="kg")


def shas(*names: int) -> tuple[str, ...]:
    return tuple(sha_of(str(name)) for name in names)


def labels(dataset) -> list[str]:
    items = dataset.items().set_index("sha256")["label"]
    return [items.get(sha_of(str(number)), "–") for number in range(len(LABELS)) if sha_of(str(number)) in items]


def test_a_picture_counts_for_each_of_its_labels(several):
    assert several.counts() == {"cat": 3, "dog": 3, "tree": 3}
    assert several.size() == 6
    texts = several.items()["label"]
    assert labels_each(texts, "multilabel") == {0: 1, 1: 2, 2: 2, 3: 1}
    assert co_occurrence(texts, ("cat", "dog", "tree"), "multilabel").tolist() == [[3, 2, 1], [2, 3, 2], [1, 2, 3]]


@pytest.mark.parametrize(
    ("change", "counts", "says"),
    [
        (AddLabel(label=" cat ", shas=shas(0, 3, 4)), {"cat": 5, "dog": 3, "tree": 3}, "Added the label 'cat' to 2 pictures."),
        (AddLabel(label="new|er", shas=shas(3)), {"cat": 3, "dog": 3, "tree": 3, "new|er": 1}, "Added the label 'new|er' to 1 picture."),
        (RemoveLabel(label="tree", shas=shas(2, 3, 4, 5)), {"cat": 3, "dog": 3}, "Removed the label 'tree' from 3 pictures."),
        (Relabel(labels=dict.fromkeys(shas(0, 1), "tree|cat")), {"cat": 3, "dog": 2, "tree": 5}, "Set the labels of 2 pictures to 'cat' and 'tree'."),
        (Relabel(labels={shas(0)[0]: "", shas(1)[0]: "dog"}), {"cat": 1, "dog": 3, "tree": 3}, "Set the labels of 2 pictures: 1 to none and 1 to 'dog'."),
        (RenameClass(old="dog", new="hound"), {"cat": 3, "hound": 3, "tree": 3}, "Renamed 'dog' to 'hound'."),
        (MergeClasses(classes=("cat", "dog"), into="animal"), {"animal": 4, "tree": 3}, "Merged 'cat' and 'dog' into 'animal'."),
        (Exclude(shas=shas(0)), {"cat": 2, "dog": 2, "tree": 3}, "Excluded 1 picture."),
    ],
)  # fmt: skip
def test_an_edit_changes_the_labels_and_says_so_and_undo_takes_it_back(several, change, counts, says):
    before = truth(several)
    entry = apply(several, change)
    after = truth(several)
    assert (several.counts(), entry.says) == (counts, says)
    undo(several)
    assert truth(several) == before
    redo(several)
    assert truth(several) == after


def test_a_label_is_added_and_removed_beside_the_others(several):
    apply(several, AddLabel(label="bird", shas=shas(0, 1, 3)))
    apply(several, RemoveLabel(label="cat", shas=shas(0, 1)))
    assert labels(several)[:4] == ["bird|dog", "bird", "dog|tree", "bird"]
    assert isinstance(history(several)[1].change, AddLabel)
    assert compare(several, 1, 3)["is"].tolist() == ["bird|dog", "bird", "bird"]


def test_all_pictures_may_be_without_labels_but_not_all_out_of_use(several):
    apply(several, Relabel(labels=dict.fromkeys(shas(*range(6)), "")))
    assert several.info.classes == ()
    with pytest.raises(DataError, match="at least one picture in use"):
        apply(several, Exclude(shas=shas(*range(6))))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (AddLabel(label="cat", shas=shas(0, 1)), "have the label 'cat' already"),
        (RemoveLabel(label="cat", shas=shas(3)), "None of these pictures has the label 'cat'"),
        (AddLabel(label=" ", shas=shas(0)), "A class needs a name"),
        (Relabel(labels={shas(0)[0]: "dog|cat"}), "have these labels already"),
    ],
)
def test_what_changes_no_label_is_refused(several, change, sentence):
    with pytest.raises(DataError, match=sentence.replace("|", "\\|")):
        apply(several, change)


def test_a_number_is_set_and_undone(numbers):
    before = truth(numbers)
    entry = apply(numbers, Relabel(labels=dict.fromkeys(shas(0, 1), " 7 ")))
    assert (entry.says, type(entry.change)) == ("Set the values of 2 pictures to 7.", SetValues)
    assert labels(numbers) == ["7.0", "7.0", "3.0"]
    apply(numbers, Relabel(labels={shas(0)[0]: "0.5", shas(2)[0]: "-2"}))
    assert history(numbers)[-1].says == "Set the values of 2 pictures, from -2 to 0.5."
    assert (numbers.info.classes, numbers.counts(), numbers.info.unit) == ((), {}, "kg")
    undo(numbers)
    undo(numbers)
    assert truth(numbers) == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (Relabel(labels={shas(0)[0]: "heavy"}), "has a number as its value: a number is needed, but it is 'heavy'"),
        (Relabel(labels={shas(0)[0]: "1.50"}), "have these values already"),
        (AddLabel(label="cat", shas=shas(0)), "This is a dataset for regression; relabel its pictures instead"),
        (RenameClass(old="1.5", new="2"), "The pictures of this dataset have numbers instead"),
    ],
)
def test_what_is_no_number_is_refused(numbers, change, sentence):
    with pytest.raises(DataError, match=sentence):
        apply(numbers, change)
    assert len(history(numbers)) == 1


def test_numbers_go_in_and_out_as_csv(numbers):
    change = relabelling(numbers, b'picture,label\ngiven/0.png,"2,25"\n1.png,4\n')
    apply(numbers, change)
    assert label_changes(numbers).to_dict("records") == [
        {"picture": "given/0.png", "label": "2.25", "was": "1.5"},
        {"picture": "given/1.png", "label": "4.0", "was": "2.0"},
    ]
    with pytest.raises(DataError, match=r"Each line of the CSV needs a number.*In line 3"):
        relabelling(numbers, b"picture,label\n0.png,1\n1.png,\n")


def test_a_csv_may_take_all_labels_of_a_picture(several):
    change = relabelling(several, b"picture,label\n0.png,tree | dog\n1.png,\n")
    assert isinstance(apply(several, change).change, SetLabels)
    assert labels(several)[:2] == ["dog|tree", ""]
    changed = label_changes(several)
    undo(several)
    apply(several, relabelling(several, changed.to_csv(index=False).encode()))
    assert labels(several)[:2] == ["dog|tree", ""]


def test_labels_are_added_and_removed_on_the_command_line(several, capsys):
    assert main(["data", "relabel", "made", "3.png", "1.png", "--add", "dog", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["classes"] == {"cat": 3, "dog": 5, "tree": 3}
    assert main(["data", "relabel", "made", "3.png", "--remove", "dog"]) == 0
    assert main(["data", "relabel", "made", "3.png", "--to", "a|b"]) == 0
    assert "Set the labels of 1 picture to 'a' and 'b'." in capsys.readouterr().out
    assert main(["data", "relabel", "made", "3.png", "--to", "a", "--add", "b"]) == 1
    assert main(["data", "list"]) == 0
