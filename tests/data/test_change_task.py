"""The task of a dataset is changed where its labels allow it, as an edit like any other."""

from __future__ import annotations

import pytest

from tests.data.conftest import write_classes
from tests.task_datasets import with_numbers, with_several_labels
from tlcore.__main__ import main
from tlcore.data.edits.operations import apply, history, redo, task_faults, undo
from tlcore.data.edits.relabel_csv import label_changes
from tlcore.data.edits.types import AddLabel, ChangeTask, Exclude, Relabel, RemoveLabel
from tlcore.data.inbox import Inbox, standing
from tlcore.errors import DataError
from tlcore.files import write_json
from tlcore.health.check import Check, CheckInfo


@pytest.fixture
def grades(take_in, tmp_path):
    """Pictures in folders that are called by numbers."""
    return take_in(write_classes(tmp_path / "grades", "1", "2", "10")).dataset


def test_classes_become_labels_and_back(tiny_dataset):
    before = tiny_dataset.items()
    entry = apply(tiny_dataset, ChangeTask(task="multilabel"))
    assert entry.says == "Set the task: multi-label classification."
    info = tiny_dataset.info
    assert (info.task, info.classes) == ("multilabel", ("circle", "square", "triangle"))
    sha = before["sha256"][0]
    apply(tiny_dataset, AddLabel(label="big", shas=(sha,)))
    assert tiny_dataset.items()["label"][0] == "big|circle"
    with pytest.raises(DataError, match="1 item does not: exactly one label is needed, but there are 2"):
        apply(tiny_dataset, ChangeTask(task="classification"))
    apply(tiny_dataset, RemoveLabel(label="circle", shas=(sha,)))
    apply(tiny_dataset, ChangeTask(task="classification"))
    assert tiny_dataset.info.task == "classification"
    assert tiny_dataset.items()["label"][0] == "big"


def test_a_name_with_the_sign_between_labels_stays_one_label(tiny_dataset):
    sha = tiny_dataset.items()["sha256"][0]
    apply(tiny_dataset, Relabel(labels={sha: "a|b"}))
    apply(tiny_dataset, ChangeTask(task="multilabel"))
    assert "a|b" in tiny_dataset.info.classes
    apply(tiny_dataset, ChangeTask(task="classification"))
    assert tiny_dataset.items()["label"][0] == "a|b"


def test_classes_that_are_numbers_become_values_with_a_name_and_a_unit(grades):
    before = grades.items()
    apply(grades, ChangeTask(task="regression", value_name=" grade ", unit="points"))
    info = grades.info
    assert (info.task, info.classes, info.value_name, info.unit) == ("regression", (), "grade", "points")
    assert set(grades.items()["label"]) == {"1.0", "2.0", "10.0"}
    assert label_changes(grades).empty
    apply(grades, ChangeTask(task="regression", value_name="grade", unit="marks"))
    assert grades.info.unit == "marks"
    undo(grades)
    undo(grades)
    assert grades.info.task == "classification"
    assert (grades.info.value_name, grades.info.unit) == ("", "")
    assert grades.items().equals(before)
    redo(grades)
    assert grades.info.task == "regression"
    assert [entry.change.kind for entry in history(grades)][1:] == [
        "change-task",
        "change-task",
        "undo",
        "undo",
        "redo",
    ]
    apply(grades, ChangeTask(task="classification"))
    assert set(grades.info.classes) == {"1", "2", "10"}


def test_what_is_no_number_is_told_and_changes_nothing(tiny_dataset):
    with pytest.raises(DataError, match="36 items do not: a number is needed, but it is"):
        apply(tiny_dataset, ChangeTask(task="regression"))
    with pytest.raises(DataError, match="classification already"):
        apply(tiny_dataset, ChangeTask(task="classification"))
    with pytest.raises(DataError, match="must be one of classification"):
        apply(tiny_dataset, ChangeTask(task="poetry"))
    assert (tiny_dataset.info.version, tiny_dataset.info.task) == (1, "classification")
    faults = task_faults(tiny_dataset)
    assert faults["multilabel"] == ""
    assert "a number is needed" in faults["regression"]


def test_an_excluded_item_with_two_labels_is_in_the_way(tiny_dataset):
    dataset = with_several_labels(tiny_dataset)
    texts = dataset.items()
    many = texts[(texts["label"].str.count(r"\|") != 0) | (texts["label"] == "")]["sha256"].tolist()
    apply(dataset, Exclude(shas=tuple(many)))
    assert "excluded and deleted items" in task_faults(dataset)["classification"]


def test_numbers_become_classes_only_where_they_are_few(tiny_dataset):
    dataset = with_numbers(tiny_dataset)
    apply(dataset, ChangeTask(task="classification"))
    assert dataset.info.task == "classification"
    assert "2.5" not in dataset.info.unit
    assert set(dataset.info.classes) == {f"{float(name):.10g}" for name in dataset.info.classes}


def test_answers_in_the_inbox_hold_for_the_task_in_which_they_were_given(tiny_dataset):
    inbox = Inbox(tiny_dataset)
    inbox.label("a" * 64, "circle")
    apply(tiny_dataset, ChangeTask(task="multilabel"))
    assert standing(inbox.answers()) == {}
    inbox.label("b" * 64, "")
    assert [said.label for said in standing(inbox.answers()).values()] == [""]
    undo(tiny_dataset)
    assert [said.label for said in standing(inbox.answers()).values()] == ["circle"]


def test_a_check_of_another_task_is_out_of_date(tiny_dataset):
    check, info = Check(tiny_dataset), tiny_dataset.info
    check.path.mkdir()
    known = {"version": 1, "fingerprint": info.fingerprint, "classes": info.classes, "items": 36, "seconds": 1.0}
    write_json(check.path / "check.json", CheckInfo(**known, task="classification"))
    assert not check.stale()
    apply(tiny_dataset, ChangeTask(task="multilabel"))
    assert tiny_dataset.info.fingerprint == info.fingerprint
    assert check.stale()


def test_the_command_tells_what_is_possible_and_changes_it(tiny_dataset, capsys):
    assert main(["data", "task", tiny_dataset.id]) == 0
    said = capsys.readouterr().out
    assert "Classification. Each example has exactly one label" in said
    assert "(`multilabel`): possible" in said
    assert "(`regression`): The label of every item must fit" in said
    assert main(["data", "task", tiny_dataset.id, "multilabel"]) == 0
    assert "Set the task: multi-label classification." in capsys.readouterr().out
    assert main(["data", "task", tiny_dataset.id, "regression"]) != 0
    assert main(["data", "undo", tiny_dataset.id]) == 0
    assert tiny_dataset.info.task == "classification"
