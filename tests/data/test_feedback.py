"""Wrong answers, put right, wait in the inbox with the class that a person gave."""

from __future__ import annotations

import pytest

from tests.data.conftest import write_classes, write_picture
from tlcore.data.feedback import Correction, send
from tlcore.data.inbox import Inbox, standing
from tlcore.errors import DataError
from tlcore.progress import drain


@pytest.fixture
def inbox(take_in, tmp_path) -> Inbox:
    return Inbox(take_in(write_classes(tmp_path / "animals", "cat", "dog")).dataset)


def item(tmp_path, seed, name="one.png") -> bytes:
    return write_picture(tmp_path / str(seed) / name, seed=seed).read_bytes()


def sent(workspace, inbox, *corrections):
    return drain(send(workspace, inbox, corrections), lambda step: None)


def test_corrected_pictures_join_with_the_class_that_was_said(workspace, inbox, tmp_path):
    first, second = item(tmp_path, 60), item(tmp_path, 61)
    report = sent(
        workspace,
        inbox,
        Correction("belt/one.png", first, "dog", answered="cat"),
        Correction("other/one.png", second, "bird", answered="cat"),
    )
    assert (report.kept, report.labelled, report.left_out) == (2, 2, ())
    assert [(one.label, one.suggested) for one in standing(inbox.answers()).values()] == [
        ("dog", "cat"),
        ("bird", "cat"),
    ]
    inbox.join(workspace)
    assert inbox.dataset.counts() == {"cat": 2, "dog": 3, "bird": 1}
    assert not list((workspace.root / "staging").iterdir())


def test_said_again_the_last_word_holds(workspace, inbox, tmp_path):
    content = item(tmp_path, 60)
    sent(workspace, inbox, Correction("a.png", content, "dog"))
    report = sent(workspace, inbox, Correction("a.png", content, "cat"))
    assert (report.kept, report.labelled) == (0, 1)
    assert len(inbox.items()) == 1
    assert [one.label for one in standing(inbox.answers()).values()] == ["cat"]


def test_what_the_dataset_has_and_what_is_no_picture_are_told(workspace, inbox, tmp_path):
    known = inbox.dataset.image_path(inbox.dataset.items()["file"][0]).read_bytes()
    report = sent(
        workspace, inbox, Correction("known.png", known, "dog"), Correction("../../evil.png", b"nothing", "dog")
    )
    assert report.labelled == 0
    assert len(report.left_out) == 2
    assert "has this very picture" in " ".join(one.reason for one in report.left_out)
    assert inbox.answers() == []


def test_a_class_and_a_picture_are_needed(workspace, inbox, tmp_path):
    with pytest.raises(DataError, match="class"):
        sent(workspace, inbox, Correction("a.png", item(tmp_path, 60), " "))
    with pytest.raises(DataError, match="Choose the pictures"):
        sent(workspace, inbox)
