"""Splits of datasets whose pictures have several labels or a number."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.edited import make_labelled, sha_of
from tlcore.__main__ import main
from tlcore.data.edits.operations import apply
from tlcore.data.edits.types import Group, Relabel
from tlcore.data.split.assign import SplitResult, exploded, split
from tlcore.data.split.locked import draw_parts, parts_for_run, read_parts
from tlcore.tasks import find_task

SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}


@st.composite
def multilabel_items(draw: st.DrawFn) -> pd.DataFrame:
    """Up to 150 pictures with some of up to six labels, a few of them in groups of two or three."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    items, labels = draw(st.integers(30, 150)), draw(st.integers(1, 6))
    has = rng.random((items, labels)) < rng.uniform(0.05, 0.7, labels)
    groups = rng.integers(0, items // 2, items)
    shas = [hashlib.sha256(f"{row}".encode()).hexdigest() for row in range(items)]
    texts = ["|".join(f"label {place}" for place in np.flatnonzero(row)) for row in has]
    return pd.DataFrame(
        {
            "sha256": shas,
            "file": shas,
            "label": texts,
            "split": "",
            "group": [f"{number}" if rng.random() < 0.3 else "" for number in groups],
            "strata": pd.Series(find_task("multilabel").strata(texts), dtype=object),
        }
    )


def usual(items: pd.DataFrame, seed: int = 0) -> SplitResult:
    return split(items, **SHARES, seed=seed)


@given(multilabel_items(), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_each_label_has_about_its_share_of_each_part_and_groups_stay_whole(items, seed):
    parts = usual(items, seed).table["split"].to_numpy()
    each = exploded(items, parts).reset_index(drop=True)
    counted = pd.crosstab(each["label"], each["split"]).reindex(columns=list(SHARES), fill_value=0)
    wanted = counted.sum(axis=1).to_numpy()[:, None] * np.array(list(SHARES.values()))
    assert (counted - wanted).abs().to_numpy().max() <= 3.5
    assert abs((parts == "train").sum() - 0.7 * len(items)) <= 6
    grouped = items.assign(part=parts)[items["group"] != ""].groupby("group")["part"].nunique()
    assert (grouped == 1).all()


@given(multilabel_items(), st.integers(0, 3))
@settings(max_examples=15, deadline=None)
def test_the_same_pictures_are_split_alike_in_any_order(items, seed):
    there = usual(items, seed).table.set_index("sha256")["split"]
    back = usual(items.iloc[::-1].reset_index(drop=True), seed).table.set_index("sha256")["split"]
    assert there.sort_index().equals(back.sort_index())


def test_a_rare_label_is_in_every_part(workspace):
    texts = ["common"] * 90 + ["common|rare"] * 3 + [""] * 7
    dataset = make_labelled(workspace, texts, "multilabel")
    parts = draw_parts(dataset)
    counts = parts.counts(dataset.info.classes)
    assert counts["rare"] == {"train": 1, "val": 1, "test": 1}
    assert counts["common"] == {"train": 65, "val": 14, "test": 14}
    assert sum(parts.sizes().values()) == 100
    assert all("'common'" not in note for note in parts.notes)


def test_a_label_that_a_part_lacks_is_named(workspace):
    dataset = make_labelled(workspace, ["a"] * 20 + ["a|b"] * 2, "multilabel")
    assert any("'b' has only 2 pictures, and so none for" in note for note in draw_parts(dataset).notes)


def test_pictures_that_change_labels_or_come_later_keep_to_the_locked_parts(workspace):
    dataset = make_labelled(workspace, ["a", "b", "a|b", "a", ""] * 12, "multilabel")
    before = draw_parts(dataset).table.set_index("sha256")["split"]
    apply(dataset, Relabel(labels={sha_of("0"): "b|c", sha_of("1"): ""}))
    apply(dataset, Group(groups={sha_of("2"): "one", sha_of("3"): "one"}))
    now = read_parts(dataset)
    assert now is not None
    assert (now.table.set_index("sha256")["split"][before.index].isin(["", *SHARES])).all()
    assert now.table["split"].ne("").sum() >= 59
    assert parts_for_run(dataset, **SHARES, seed=3).task == "multilabel"


def test_numbers_are_balanced_over_the_parts(workspace):
    dataset = make_labelled(workspace, [f"{value}.0" for value in range(100)], "regression")
    parts = draw_parts(dataset)
    values = parts.table["label"].astype(float)
    means = values.groupby(parts.table["split"]).mean()
    assert (means.sub(49.5).abs() < 5).all()
    assert parts.counts(dataset.info.classes) == {}
    assert parts.sizes() == {"train": 70, "val": 15, "test": 15}
    assert parts.gave_up == ()


def test_the_command_tells_how_many_pictures_each_part_has(workspace, capsys):
    make_labelled(workspace, [f"{value}.5" for value in range(40)], "regression", value_name="weight", unit="kg")
    assert main(["data", "split", "made"]) == 0
    said = capsys.readouterr().out
    assert "28 (70%)" in next(line for line in said.splitlines() if line.startswith("all"))
