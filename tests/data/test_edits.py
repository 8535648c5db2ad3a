from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.edited import add, make_dataset, sha_of, truth
from tlcore.data.dataset import fingerprint
from tlcore.data.edits.operations import (
    apply,
    at_version,
    compare,
    given_labels,
    history,
    name_version,
    next_redo,
    next_undo,
    redo,
    undo,
)
from tlcore.data.edits.types import Colour, Delete, Exclude, Group, MergeClasses, Redo, Relabel, RenameClass, Restore
from tlcore.errors import DataError
from tlcore.workspace import Workspace


@pytest.fixture
def dataset(workspace):
    return make_dataset(workspace)


def shas(*names: int | str) -> tuple[str, ...]:
    return tuple(sha_of(str(name)) for name in names)


# === What each edit does ===


@pytest.mark.parametrize(
    ("change", "counts", "says"),
    [
        (Relabel(labels=dict.fromkeys(shas(0, 1), "c")), {"a": 1, "b": 1, "c": 4}, "Moved 2 pictures to 'c'."),
        (
            Relabel(labels={shas(0)[0]: " new ", shas(1)[0]: "c"}),
            {"a": 1, "b": 1, "c": 3, "new": 1},
            "Moved 2 pictures: 1 to 'new' and 1 to 'c'.",
        ),
        (Relabel(labels=dict.fromkeys(shas(0, 3), "b")), {"b": 4, "c": 2}, "Moved 2 pictures to 'b'."),
        (Exclude(shas=shas(0, 1, 0)), {"a": 1, "b": 1, "c": 2}, "Excluded 2 pictures."),
        (Delete(shas=shas(2)), {"a": 2, "b": 2, "c": 1}, "Deleted 1 picture."),
        (RenameClass(old="b", new=" bee"), {"a": 2, "bee": 2, "c": 2}, "Renamed 'b' to 'bee'."),
        (MergeClasses(classes=("a", "c"), into="c"), {"b": 2, "c": 4}, "Merged 'a' into 'c'."),
        (MergeClasses(classes=("b", "c"), into="rest"), {"a": 2, "rest": 4}, "Merged 'b' and 'c' into 'rest'."),
        (MergeClasses(classes=("b",), into="c"), {"a": 2, "c": 4}, "Merged 'b' into 'c'."),
    ],
)
def test_an_edit_changes_the_classes_and_says_so(dataset, change, counts, says):
    before = dataset.info
    entry = apply(dataset, change)
    assert (entry.says, entry.version) == (says, 2)
    assert dataset.counts() == counts
    assert list(dataset.info.classes) == list(counts)
    assert dataset.info.version == 2
    assert dataset.info.fingerprint == fingerprint(dataset.items()) != before.fingerprint


def test_what_is_out_of_use_is_only_among_all_items(dataset):
    apply(dataset, Exclude(shas=shas(0)))
    apply(dataset, Delete(shas=shas(4)))
    assert set(dataset.items()["sha256"]) == set(shas(1, 2, 3, 5))
    assert "state" not in dataset.items()
    everything = dataset.all_items().set_index("sha256")["state"]
    assert list(everything[list(shas(0, 1, 4))]) == ["excluded", "", "deleted"]
    apply(dataset, Restore(shas=shas(0, 4)))
    assert set(dataset.all_items()["state"]) == {""}
    assert len(dataset.items()) == 6


def test_a_class_whose_pictures_come_back_stands_last(dataset):
    apply(dataset, Exclude(shas=shas(0, 3)))
    assert dataset.info.classes == ("b", "c")
    apply(dataset, Restore(shas=shas(0)))
    assert dataset.info.classes == ("b", "c", "a")


def test_a_colour_goes_with_its_class(dataset):
    apply(dataset, Colour(label="a", colour="#FF0010"))
    apply(dataset, RenameClass(old="a", new="x"))
    assert dataset.info.colours == {"x": "#ff0010"}
    apply(dataset, MergeClasses(classes=("x", "b"), into="b"))
    assert dataset.info.colours == {"b": "#ff0010"}
    apply(dataset, Colour(label="c", colour="#00ff00"))
    apply(dataset, MergeClasses(classes=("b",), into="c"))
    assert dataset.info.colours == {"c": "#00ff00"}
    apply(dataset, Colour(label="c", colour=""))
    assert dataset.info.colours == {}


def test_pictures_can_be_grouped_and_taken_out_again(dataset):
    apply(dataset, Group(groups=dict.fromkeys(shas(0, 1, 2), "burst")))
    entry = apply(dataset, Group(groups={shas(0)[0]: "", shas(3)[0]: "burst"}))
    assert entry.says == "Put 1 picture into 1 group, took 1 picture out."
    groups = dataset.items().set_index("sha256")["group"]
    assert list(groups[list(shas(0, 1, 2, 3))]) == ["", "burst", "burst", "burst"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (Relabel(labels={"0" * 64: "a"}), "by their SHA-256"),
        (Relabel(labels={}), "At least one picture is needed"),
        (Relabel(labels={shas(0)[0]: " "}), "A class needs a name"),
        (Relabel(labels={shas(0)[0]: "a"}), "have these classes already"),
        (Restore(shas=shas(0)), "are in use already"),
        (Exclude(shas=shas(*range(6))), "at least one picture in use"),
        (Delete(shas=shas(*range(6))), "at least one picture in use"),
        (RenameClass(old="z", new="y"), "'z' is not one"),
        (RenameClass(old="a", new="b"), "merge the two"),
        (RenameClass(old="a", new="a"), "called 'a' already"),
        (MergeClasses(classes=("a", "a"), into="a"), "two classes are needed"),
        (MergeClasses(classes=("a",), into="new"), "two classes are needed"),
        (Colour(label="a", colour="red"), "'#rrggbb'"),
        (Group(groups={shas(0)[0]: " "}), "in these groups already"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_no_trace(dataset, change, sentence):
    before = truth(dataset)
    with pytest.raises(DataError, match=sentence):
        apply(dataset, change)
    assert truth(dataset) == before
    assert len(history(dataset)) == 1


# === Undo, redo, history ===


def test_an_edit_after_an_undo_leaves_nothing_to_make_again(dataset):
    apply(dataset, Exclude(shas=shas(0)))
    assert next_undo(dataset).says == "Excluded 1 picture."
    assert undo(dataset).says == "Undid: Excluded 1 picture."
    assert next_redo(dataset).says == "Excluded 1 picture."
    apply(dataset, Exclude(shas=shas(1)))
    assert next_redo(dataset) is None
    assert redo(dataset) is None
    assert [(entry.version, entry.undone) for entry in history(dataset)] == [
        (1, False),
        (2, True),
        (3, False),
        (4, False),
    ]


def test_a_dataset_without_edits_has_nothing_to_undo(dataset):
    assert undo(dataset) is None
    assert redo(dataset) is None
    assert [entry.says for entry in history(dataset)] == ["Took in the first pictures."]


def test_the_history_tells_what_was_undone_and_made_again(dataset):
    apply(dataset, RenameClass(old="a", new="x"))
    undo(dataset)
    redo(dataset)
    assert [entry.says for entry in history(dataset)][1:] == [
        "Renamed 'a' to 'x'.",
        "Undid: Renamed 'a' to 'x'.",
        "Did again: Renamed 'a' to 'x'.",
    ]
    assert not history(dataset)[1].undone
    assert history(dataset)[-1].change == Redo(of=2)


def test_versions_are_compared(dataset, workspace):
    apply(dataset, Relabel(labels={shas(0)[0]: "b"}))
    apply(dataset, Exclude(shas=shas(1)))
    add(workspace, dataset, ("new", "c"))
    found = compare(dataset, 1, 4)
    assert list(found.columns) == ["sha256", "file", "what", "was", "is"]
    assert sorted(found[["sha256", "what", "was", "is"]].itertuples(index=False, name=None)) == sorted(
        [
            (*shas(0), "label", "a", "b"),
            (*shas(1), "state", "in use", "excluded"),
            (*shas("new"), "picture", "", "there"),
        ]
    )
    assert compare(dataset, 3, 3).empty
    assert len(compare(dataset, 4, 1)) == 3
    with pytest.raises(DataError, match="1 to 4"):
        compare(dataset, 0, 4)


def test_a_version_can_be_named_and_the_name_taken_away(dataset):
    apply(dataset, Exclude(shas=shas(0)))
    name_version(dataset, 1, " before cleaning ")
    name_version(dataset, 2, "cleaned")
    assert [entry.name for entry in history(dataset)] == ["before cleaning", "cleaned"]
    name_version(dataset, 2, "")
    assert [entry.name for entry in history(dataset)] == ["before cleaning", ""]
    with pytest.raises(DataError, match="1 to 2"):
        name_version(dataset, 3, "later")


# === Added pictures ===


def test_adding_pictures_can_be_undone_and_made_again(dataset, workspace):
    before = truth(dataset)
    add(workspace, dataset, ("new", "d"), ("newer", "d"))
    after = truth(dataset)
    assert dataset.counts() == {"a": 2, "b": 2, "c": 2, "d": 2}
    assert len(dataset.triage()) == 8
    undo(dataset)
    assert truth(dataset) == before
    redo(dataset)
    assert truth(dataset) == after
    assert dataset.image_path(f"{sha_of('new')}.png").read_bytes() == b"new"


def test_edits_of_added_pictures_are_undone_before_they_go(dataset, workspace):
    add(workspace, dataset, ("new", "d"), ("newer", "d"))
    apply(dataset, Relabel(labels={shas("new")[0]: "a", shas(1)[0]: "a"}))
    apply(dataset, Delete(shas=shas("newer")))
    undo(dataset)
    assert dataset.counts() == {"a": 4, "b": 1, "c": 2, "d": 1}
    undo(dataset)
    undo(dataset)
    assert dataset.counts() == {"a": 2, "b": 2, "c": 2}


def test_a_deleted_picture_can_be_added_again_in_another_class(dataset, workspace):
    apply(dataset, Delete(shas=shas(0)))
    add(workspace, dataset, ("0", "c"))
    assert dataset.counts() == {"a": 1, "b": 2, "c": 3}
    assert len(dataset.all_items()) == 6
    undo(dataset)
    assert dataset.all_items()["state"].tolist() == ["deleted", "", "", "", "", ""]


def test_an_excluded_picture_that_comes_again_stays_excluded(dataset, workspace):
    apply(dataset, Exclude(shas=shas(0, 1)))
    add(workspace, dataset, ("0", "a"), ("1", "c"), ("new", "c"))
    assert dataset.all_items()["state"].tolist() == ["excluded", "excluded", "", "", "", "", ""]


def test_a_picture_that_came_in_two_classes_can_be_restored_into_the_right_one(dataset, workspace):
    add(workspace, dataset, ("0", "c"))
    assert dataset.counts() == {"a": 1, "b": 2, "c": 2}
    apply(dataset, Restore(shas=shas(0)))
    apply(dataset, Relabel(labels={shas(0)[0]: "c"}))
    assert dataset.counts() == {"a": 1, "b": 2, "c": 3}
    assert given_labels(dataset)[shas(0)[0]] == "a"


# === Any sequence of edits ===

numbers = st.integers(0, 7)
labels = st.sampled_from(["a", "b", "c", "d"])
steps = st.one_of(
    st.builds(lambda number, label: Relabel(labels={shas(number)[0]: label}), numbers, labels),
    st.builds(lambda few: Exclude(shas=shas(*few)), st.lists(numbers, min_size=1, max_size=4)),
    st.builds(lambda few: Delete(shas=shas(*few)), st.lists(numbers, min_size=1, max_size=4)),
    st.builds(lambda few: Restore(shas=shas(*few)), st.lists(numbers, min_size=1, max_size=4)),
    st.builds(RenameClass, old=labels, new=labels),
    st.builds(lambda old, into: MergeClasses(classes=tuple(old), into=into), st.lists(labels, max_size=3), labels),
    st.builds(Colour, label=labels, colour=st.sampled_from(["", "#000000", "#ffffff"])),
    st.builds(lambda number, group: Group(groups={shas(number)[0]: group}), numbers, st.sampled_from(["", "g"])),
    st.tuples(numbers, labels),  # an intake adds this picture
    st.sampled_from([undo, redo]),
)


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    """A folder in memory where there is one: what waits for the disk is not what is looked at here."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=shared)) if shared.is_dir() else tmp_path_factory.mktemp("any")
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow
@settings(max_examples=10)
@given(st.lists(steps, max_size=7))
def test_any_edits_undone_give_the_dataset_back_and_made_again_the_present(memory, sequence):
    root = Path(tempfile.mkdtemp(dir=memory))
    workspace = Workspace(root)
    dataset = make_dataset(workspace)
    at_first = truth(dataset)
    seen = {1: dataset.all_items()}
    for step in sequence:
        with suppress(DataError):
            if isinstance(step, tuple):
                add(workspace, dataset, (str(step[0]), step[1]))
            elif callable(step):
                step(dataset)
            else:
                apply(dataset, step)
        seen[dataset.info.version] = dataset.all_items()
    now = truth(dataset)
    for version, table in seen.items():
        assert at_version(dataset, version).equals(table)
    undone = 0
    while undo(dataset):
        undone += 1
    assert truth(dataset) == at_first
    for _ in range(undone):
        redo(dataset)
    assert truth(dataset) == now
    assert len(history(dataset)) == dataset.info.version
