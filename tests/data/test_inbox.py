"""The inbox: pictures wait there without a class, answers outlive everything, and they join the dataset as one edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.conftest import write_classes, write_picture
from tlcore.data.edits.operations import apply, undo
from tlcore.data.edits.types import Delete
from tlcore.data.inbox import Inbox, standing
from tlcore.errors import DataError
from tlcore.files import append_line
from tlcore.progress import drain


@pytest.fixture
def inbox(take_in, tmp_path) -> Inbox:
    return Inbox(take_in(write_classes(tmp_path / "animals", "cat", "dog")).dataset)


@pytest.fixture
def unlabelled(tmp_path) -> Path:
    """Four pictures, one of them twice, one that the dataset has, and two files that are none."""
    folder = tmp_path / "new"
    for seed in range(4):
        write_picture(folder / f"{seed}.png", seed=50 + seed)
    write_picture(folder / "again" / "0.png", seed=50)
    write_picture(folder / "known.png", seed=0)
    (folder / "notes.txt").write_text("on Tuesday")
    (folder / "labels.csv").write_text("file,label\n0.png,cat\n")
    (folder / ".DS_Store").write_bytes(b"\0")
    return folder


def put(inbox, workspace, source):
    return drain(inbox.put(workspace, source), lambda progress: None)


def shas(inbox) -> list[str]:
    return inbox.items().sort_values("source")["sha256"].tolist()


def test_pictures_are_put_in_once_and_the_rest_is_listed(inbox, workspace, unlabelled):
    before = inbox.dataset.info
    report = put(inbox, workspace, unlabelled)
    assert report.kept == 4
    assert {left.source: left.reason for left in report.left_out} == {
        "again/0.png": "The inbox has this very picture.",
        "known.png": "The dataset has this very picture, as 'cat'.",
        "labels.csv": "Tables are not read in the inbox: a person gives the classes.",
        "notes.txt": "This is not a picture that can be read (JPEG, PNG, WebP, BMP, GIF, TIFF, HEIC).",
        ".DS_Store": "The operating system made this file; it is not a picture of yours.",
    }
    assert inbox.dataset.info == before
    assert put(inbox, workspace, unlabelled).kept == 0
    assert len(inbox.items()) == 4


def test_the_names_of_folders_are_not_taken_for_classes(inbox, workspace, tmp_path):
    put(inbox, workspace, write_classes(tmp_path / "more", "wolf", "fox", first_seed=300))
    assert len(inbox.items()) == 4
    assert inbox.answers() == []


def test_a_picture_that_was_deleted_may_come_again(inbox, workspace, unlabelled):
    known = inbox.dataset.items().set_index("source").index.get_loc("cat/0.png")
    apply(inbox.dataset, Delete(shas=(inbox.dataset.items()["sha256"][known],)))
    assert put(inbox, workspace, unlabelled).kept == 5


def test_an_answer_holds_until_another_or_until_it_is_taken_back(inbox, workspace, unlabelled):
    put(inbox, workspace, unlabelled)
    first, second, third, _ = shas(inbox)
    inbox.label(first, "cat", suggested="dog")
    inbox.label(second, " wolf ")
    inbox.skip(third)
    inbox.label(first, "dog", suggested="dog")
    held = standing(inbox.answers())
    assert {sha: (said.kind, said.label) for sha, said in held.items()} == {
        second: ("label", "wolf"),
        third: ("skip", ""),
        first: ("label", "dog"),
    }
    assert [inbox.take_back() for _ in range(4)] == [first, third, second, ""]
    assert standing(inbox.answers()) == {}


def test_what_was_put_aside_can_be_brought_back(inbox, workspace, unlabelled):
    put(inbox, workspace, unlabelled)
    for sha in shas(inbox)[:2]:
        inbox.skip(sha)
    inbox.label(shas(inbox)[2], "cat")
    assert inbox.bring_back() == 2
    assert list(standing(inbox.answers())) == [shas(inbox)[2]]


def test_a_line_that_a_crash_cut_short_is_passed_over(inbox, workspace, unlabelled):
    put(inbox, workspace, unlabelled)
    inbox.label(shas(inbox)[0], "cat")
    append_line(inbox.said_file, '{"kind": "la')
    inbox.label(shas(inbox)[1], "dog")
    assert [said.label for said in standing(inbox.answers()).values()] == ["cat", "dog"]


def test_a_class_needs_a_name(inbox):
    with pytest.raises(DataError, match="A class needs a name"):
        inbox.label("0" * 64, "  ")


def test_labelled_pictures_join_as_one_edit_that_can_be_undone(inbox, workspace, unlabelled):
    put(inbox, workspace, unlabelled)
    before = inbox.dataset.items()
    first, second, third, fourth = shas(inbox)
    inbox.label(first, "cat")
    inbox.label(second, "wolf")
    inbox.skip(third)
    assert inbox.join(workspace).kept == 2
    assert inbox.dataset.counts() == {"cat": 3, "dog": 2, "wolf": 1}
    assert set(shas(inbox)) == {third, fourth}
    new = inbox.dataset.items().set_index("sha256").loc[[first, second]]
    assert all(inbox.dataset.image_path(file).exists() for file in new["file"])
    assert not any(inbox.image_path(file).exists() for file in new["file"])
    undo(inbox.dataset)
    assert inbox.dataset.items().equals(before)
    assert inbox.take_back() == third  # not one that is no longer here


def test_nothing_joins_without_a_class(inbox, workspace, unlabelled):
    put(inbox, workspace, unlabelled)
    with pytest.raises(DataError, match="None in the inbox has one yet"):
        inbox.join(workspace)


def test_a_crash_between_joining_and_leaving_costs_nothing(inbox, workspace, unlabelled, monkeypatch):
    put(inbox, workspace, unlabelled)
    first, second, *_ = shas(inbox)
    inbox.label(first, "cat")

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Inbox, "_remove", crash)
        with pytest.raises(KeyboardInterrupt):
            inbox.join(workspace)
    inbox.label(second, "dog")
    assert inbox.join(workspace).kept == 1
    assert inbox.dataset.counts() == {"cat": 3, "dog": 3}
    assert len(inbox.items()) == 2


def test_the_inbox_can_be_emptied(inbox, workspace, unlabelled):
    put(inbox, workspace, unlabelled)
    assert inbox.discard(shas(inbox)[:1]) == 1
    assert inbox.discard() == 3
    assert list((inbox.path / "images").iterdir()) == []
    assert inbox.items().empty
