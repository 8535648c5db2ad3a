from __future__ import annotations

import hashlib

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlcore.data.split.assign import SplitResult, split
from tlcore.errors import DataError

PARTS = ["train", "val", "test"]


def items(counts: dict[str, int], splits: list[str] | None = None, groups: list[str] | None = None) -> pd.DataFrame:
    labels = [label for label, count in counts.items() for _ in range(count)]
    shas = [hashlib.sha256(str(row).encode()).hexdigest() for row in range(len(labels))]
    return pd.DataFrame(
        {
            "sha256": shas,
            "file": [f"{sha}.png" for sha in shas],
            "label": labels,
            "split": splits or [""] * len(labels),
            "group": groups or [""] * len(labels),
        }
    )


def usual(table: pd.DataFrame, seed: int = 0) -> SplitResult:
    return split(table, train=0.7, val=0.15, test=0.15, seed=seed)


def counted(result: SplitResult) -> dict[str, dict[str, int]]:
    table = pd.crosstab(result.table["label"], result.table["split"]).reindex(columns=PARTS, fill_value=0)
    return {label: {part: int(table.loc[label, part]) for part in PARTS} for label in table.index}


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    counts = draw(st.dictionaries(st.sampled_from("abcde"), st.integers(1, 40), min_size=1))
    total = sum(counts.values())
    splits = draw(st.lists(st.sampled_from(["", "", "train", "val", "test"]), min_size=total, max_size=total))
    groups = draw(st.lists(st.sampled_from(["", "", "", "g1", "g2", "g3"]), min_size=total, max_size=total))
    return items(
        counts,
        splits if draw(st.booleans()) else None,
        groups if draw(st.booleans()) else None,
    )


@settings(max_examples=40, deadline=None)
@given(table=tables(), seed=st.integers(0, 5), twice=st.booleans())
def test_a_split_is_a_partition_with_equal_things_on_one_side(table, seed, twice):
    if twice:  # the same bytes in two rows
        table = pd.concat([table, table.head(len(table) // 2).assign(file="again.png")], ignore_index=True)
    result = usual(table, seed).table
    assert len(result) == len(table)
    assert list(result["sha256"]) == list(table["sha256"])
    assert list(result.columns) == ["sha256", "file", "label", "split"]
    assert set(result["split"]) <= {*PARTS, ""}
    assert (result.groupby("sha256")["split"].nunique() == 1).all()
    grouped = result[(table["group"] != "").to_numpy()].assign(group=table["group"])
    used = grouped[grouped["split"] != ""]
    assert (used.groupby("group")["split"].nunique() <= 1).all()
    # Nothing is left out but what belongs to a picture that was given elsewhere.
    judged = set(used.loc[used["split"] != "train", "group"])
    assert set(grouped.loc[grouped["split"] == "", "group"]) <= judged
    assert twice or (result.loc[(table["group"] == "").to_numpy(), "split"] != "").all()
    given = table["split"].isin(["val", "test"])
    if not twice and given.any():
        assert set(result.loc[(table["split"] == "test").to_numpy(), "split"]) <= {"test"}


@settings(max_examples=15, deadline=None)
@given(table=tables(), seed=st.integers(0, 5), order=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(table, seed, order):
    rows = list(range(len(table)))
    order.shuffle(rows)
    one = usual(table, seed).table.set_index("sha256")["split"]
    other = usual(table.iloc[rows].reset_index(drop=True), seed).table.set_index("sha256")["split"]
    assert one.to_dict() == other.to_dict()


def test_every_class_has_its_share_in_each_part():
    assert counted(usual(items({"a": 100, "b": 40, "c": 20}))) == {
        "a": {"train": 70, "val": 15, "test": 15},
        "b": {"train": 28, "val": 6, "test": 6},
        "c": {"train": 14, "val": 3, "test": 3},
    }


def test_seeds_differ_and_repeat():
    table = items({"a": 50, "b": 50})
    assert usual(table, 1).table.equals(usual(table, 1).table)
    assert not usual(table, 1).table.equals(usual(table, 2).table)


@pytest.mark.parametrize("count", [3, 4, 5, 6])
def test_a_tiny_class_has_at_least_one_picture_in_each_part(count):
    result = usual(items({"tiny": count, "large": 200}))
    assert min(counted(result)["tiny"].values()) >= 1
    assert result.notes == ()


@pytest.mark.parametrize(("count", "lacking"), [(1, "validation and test"), (2, "validation")])
def test_a_class_too_small_for_each_part_is_said(count, lacking):
    result = usual(items({"tiny": count, "large": 200}))
    assert counted(result)["tiny"]["train"] == 1
    (note,) = result.notes
    assert "'tiny'" in note
    assert f"none for {lacking}" in note


def test_a_given_split_is_respected():
    table = items({"a": 9, "b": 9}, (["train"] * 3 + ["val"] * 3 + ["test"] * 3) * 2)
    result = usual(table)
    assert list(result.table["split"]) == list(table["split"])
    assert result.notes == ()


def test_a_given_test_part_stays_and_validation_is_drawn_from_the_rest():
    table = items({"a": 100, "b": 100}, (["train"] * 80 + ["test"] * 20) * 2)
    result = usual(table)
    given_test = set(table.loc[table["split"] == "test", "sha256"])
    assert set(result.table.loc[result.table["split"] == "test", "sha256"]) == given_test
    assert counted(result)["a"] == {"train": 66, "val": 14, "test": 20}
    assert any("no validation part" in note for note in result.notes)


def test_pictures_added_to_a_given_split_are_for_training():
    result = usual(items({"a": 8}, ["train", "train", "train", "val", "val", "test", "", ""]))
    assert list(result.table["split"])[-2:] == ["train", "train"]
    assert any("2 pictures are not in the given split" in note for note in result.notes)


def test_a_class_missing_in_a_given_part_is_said():
    result = usual(items({"a": 6, "b": 6}, ["train", "val", "test"] * 2 + ["train", "val"] * 3))
    assert result.notes == ("'b' has none for test. Add pictures of it.",)


def test_classes_that_lack_the_same_part_share_a_sentence():
    classes = {f"class {number}": 3 for number in range(7)}
    result = usual(items(classes, ["train", "train", "test"] * 6 + ["train", "val", "val"]))
    named = "'class 0', 'class 1', 'class 2', 'class 3' and 2 more"
    assert result.notes == (
        f"{named} have no pictures for validation. Add some to each of them.",
        "'class 6' has none for test. Add pictures of it.",
    )


def test_a_given_train_part_alone_is_no_split():
    assert counted(usual(items({"a": 100}, ["train"] * 100)))["a"] == {"train": 70, "val": 15, "test": 15}


def test_a_part_with_no_share_gets_nothing():
    result = split(items({"a": 20, "b": 20}), train=0.8, val=0.2, test=0.0, seed=0)
    assert counted(result)["a"] == {"train": 16, "val": 4, "test": 0}
    assert result.notes == ()


@pytest.mark.parametrize("shares", [(0.5, 0.2, 0.2), (1.2, -0.1, -0.1)])
def test_shares_that_do_not_fit_are_refused(shares):
    with pytest.raises(DataError, match="add up to 1"):
        split(items({"a": 5}), train=shares[0], val=shares[1], test=shares[2], seed=0)


def test_groups_stay_together_and_the_shares_nearly_hold():
    table = items({"a": 200, "b": 200}, groups=[f"film {row // 10}" for row in range(400)])
    result = usual(table)
    assert (result.table.assign(group=table["group"]).groupby("group")["split"].nunique() == 1).all()
    assert all(20 <= parts["test"] <= 40 and parts["train"] >= 120 for parts in counted(result).values())


def test_columns_that_no_intake_wrote_may_be_missing():
    table = items({"a": 10, "b": 10})[["sha256", "file", "label"]]
    assert set(usual(table).table["split"]) == set(PARTS)
