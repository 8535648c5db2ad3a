"""The history page: every version, its before and after, names, and two versions compared."""

from __future__ import annotations

import pytest

from tests.pages.opening import button, open_page, words
from tlcore.data.edits import operations
from tlcore.data.edits.types import Exclude, Relabel


@pytest.fixture
def edited(tiny_dataset):
    """A dataset with two edits: two pictures moved, one excluded."""
    shas = list(tiny_dataset.items()["sha256"])
    operations.apply(tiny_dataset, Relabel(labels=dict.fromkeys(shas[:2], "triangle")))
    operations.apply(tiny_dataset, Exclude(shas=(shas[5],)))
    return tiny_dataset


def test_without_edits_it_says_what_will_be_here(tiny_dataset):
    assert "No changes yet" in words(open_page("history", dataset=tiny_dataset.id))


def test_versions_stand_newest_first_and_can_be_undone_and_made_again(edited):
    app = open_page("history", dataset=edited.id)
    text = words(app)
    assert text.index("Excluded 1 picture.") < text.index("Moved 2 pictures to 'triangle'.") < text.index("Took in")
    assert button(app, "Redo").disabled
    button(app, "Undo").click().run()
    assert len(edited.items()) == 36
    assert "~~Excluded 1 picture.~~" in words(app)
    button(app, "Redo").click().run()
    assert len(edited.items()) == 35


def test_an_edit_shows_its_before_and_after(edited):
    app = open_page("history", dataset=edited.id)
    next(toggle for toggle in app.toggle if toggle.key.endswith("-2")).set_value(True).run()
    shown = "".join(element.proto.body for element in app.get("html"))
    assert shown.count("<figcaption>circle → triangle</figcaption>") == 2 + 2  # of the edit, and of all compared


def test_a_version_is_given_a_name(edited):
    app = open_page("history", dataset=edited.id)
    newest = app.text_input[0]
    newest.input("cleaned")
    button(app, "Save").click().run()
    assert operations.history(edited)[-1].name == "cleaned"
    assert "cleaned" in words(app)


def test_two_versions_are_compared(edited):
    app = open_page("history", dataset=edited.id)
    assert "class of 2 pictures" in words(app)
    assert "state of 1 picture" in words(app)
    app.selectbox(key="compare-from").select(2).run()
    assert "class of" not in words(app)
    assert app.query_params["from"] == ["2"] or app.query_params["from"] == "2"
