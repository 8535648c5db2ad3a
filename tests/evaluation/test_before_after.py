"""Before and after: two runs on the same test pictures, both by the labels of now."""

from __future__ import annotations

import pytest

from tests.pages.made_runs import finished
from tlcore.data.edits import operations
from tlcore.data.edits.diff import edits_since
from tlcore.data.edits.types import Exclude, MergeClasses, Relabel, RenameClass
from tlcore.evaluation.compare import before_and_after
from tlcore.evaluation.files import read_predictions

SHARES = {"fractions": {"train": 0.2, "val": 0.2, "test": 0.6}}


def test_what_was_mended_counts_for_both(workspace, tiny_dataset):
    first = finished(workspace, tiny_dataset, right=0.5, **SHARES)
    answers = read_predictions(first.path)
    wrong = answers[~answers["correct"]]
    mended = dict(zip(wrong["sha256"][:3], wrong["predicted"][:3], strict=True))
    operations.apply(tiny_dataset, Relabel(labels=mended))
    second = finished(workspace, tiny_dataset, right=1.0, **SHARES)
    found = before_and_after(first, second, tiny_dataset)
    n = len(answers)
    assert (found.pair.n, found.relabelled, found.left_out) == (n, 3, 0)
    assert found.pair.before.value == pytest.approx((answers["correct"].sum() + 3) / n), "it had been right all along"
    assert found.pair.after.value == 1.0
    assert found.pair.before.low < found.pair.before.value < found.pair.before.high
    assert found.pair.right.only_second == len(wrong) - 3
    assert not set(mended) & set(found.pair.better)


def test_pictures_that_left_the_dataset_are_left_out(workspace, tiny_dataset):
    first = finished(workspace, tiny_dataset, **SHARES)
    gone = tuple(read_predictions(first.path)["sha256"][:2])
    operations.apply(tiny_dataset, Exclude(shas=gone))
    second = finished(workspace, tiny_dataset, **SHARES)
    found = before_and_after(first, second, tiny_dataset)
    assert (found.left_out, found.pair.n) == (2, len(read_predictions(second.path)))


def test_an_answer_by_an_old_name_is_still_right(workspace, tiny_dataset):
    first = finished(workspace, tiny_dataset, right=1.0, **SHARES)
    operations.apply(tiny_dataset, RenameClass(old="circle", new="ring"))
    operations.apply(tiny_dataset, MergeClasses(classes=("square", "triangle"), into="cornered"))
    second = finished(workspace, tiny_dataset, right=1.0, **SHARES)
    found = before_and_after(first, second, tiny_dataset)
    assert (found.pair.before.value, found.pair.after.value, found.relabelled) == (1.0, 1.0, 0)


def test_without_the_dataset_the_labels_of_the_later_run_hold(workspace, tiny_dataset):
    first, second = (finished(workspace, tiny_dataset, right=right, **SHARES) for right in (0.5, 1.0))
    tiny_dataset.delete()
    found = before_and_after(first, second, None)
    assert found.pair.after.value == 1.0
    assert found.pair.n == len(read_predictions(first.path))


def test_edits_that_were_taken_back_are_told_and_reversed(tiny_dataset):
    operations.apply(tiny_dataset, RenameClass(old="circle", new="ring"))
    then = tiny_dataset.info.version
    assert edits_since(tiny_dataset, then).says == ()
    operations.undo(tiny_dataset)
    operations.apply(tiny_dataset, RenameClass(old="square", new="box"))
    since = edits_since(tiny_dataset, then)
    assert since.says == ("Undid: Renamed 'circle' to 'ring'.", "Renamed 'square' to 'box'.")
    assert [since.name(label) for label in ("ring", "square", "triangle")] == ["circle", "box", "triangle"]
    operations.undo(tiny_dataset)
    operations.redo(tiny_dataset)
    assert edits_since(tiny_dataset, then) == since, "undone and made again is as if nothing had happened"
