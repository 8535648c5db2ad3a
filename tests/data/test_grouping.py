"""What makes pictures belong together, and how groups are dealt to parts."""

from __future__ import annotations

import contextlib
import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from tests.data.conftest import photo, write_classes
from tests.data.edited import make_dataset
from tlcore.data.metadata import read_columns, take_columns
from tlcore.data.split.assign import given_up, split
from tlcore.data.split.grouping import group, names, parse
from tlcore.data.split.stratify import PARTS, deal, together
from tlcore.errors import DataError


def rows(labels: list[str], units: list[int]) -> pd.DataFrame:
    shas = [hashlib.sha256(str(row).encode()).hexdigest() for row in range(len(labels))]
    return pd.DataFrame({"sha256": shas, "label": labels, "unit": units})


def groups_of(dataset, rule: str) -> list[str]:
    return list(names(dataset, dataset.items(), parse(rule))[0])


# === Dealing ===


@settings(max_examples=40)
@given(
    items=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), min_size=1, max_size=60),
    seed=st.integers(0, 3),
    order=st.randoms(use_true_random=False),
)
def test_groups_never_straddle_and_the_order_of_the_rows_does_not_matter(items, seed, order):
    table = rows([label for label, _ in items], [unit for _, unit in items])
    shares = {"train": 0.6, "val": 0.2, "test": 0.2}
    table["split"] = deal(table, shares, seed=seed)
    assert (table.groupby("unit")["split"].nunique() == 1).all()
    assert set(table["split"]) <= set(PARTS)
    places = list(range(len(table)))
    order.shuffle(places)
    turned = table.iloc[places].reset_index(drop=True)
    renumbered = turned.assign(unit=(turned["unit"] * 7 + 3) % 101)
    assert list(deal(renumbered, shares, seed=seed)) == list(turned["split"])


@settings(max_examples=25)
@given(sizes=st.lists(st.integers(1, 6), min_size=3, max_size=40), seed=st.integers(0, 3))
def test_a_class_of_three_groups_is_in_every_part(sizes, seed):
    units = [unit for unit, size in enumerate(sizes) for _ in range(size)]
    table = rows(["a"] * len(units), units)
    assert set(deal(table, {"train": 0.7, "val": 0.15, "test": 0.15}, seed=seed)) == set(PARTS)


def test_classes_get_their_shares_where_groups_hold_several_of_them():
    rng = np.random.default_rng(0)
    units = rng.integers(0, 80, 800)
    labels = [str(label) for label in rng.choice(["a", "b", "c"], 800, p=[0.6, 0.3, 0.1])]
    table = rows(labels, list(units))
    table["split"] = deal(table, {"train": 0.7, "val": 0.15, "test": 0.15}, seed=0)
    shares = pd.crosstab(table["label"], table["split"], normalize="index")
    assert (abs(shares[["train", "val", "test"]] - [0.7, 0.15, 0.15]) < 0.03).all(axis=None)


def test_large_groups_reach_the_test_part_too():
    units = [unit for unit in range(40) for _ in range(10)]
    table = rows(["a"] * 400, units)
    seen = {tuple(np.unique(np.array(units)[deal(table, {"test": 0.2}, seed=seed) == "test"])) for seed in range(5)}
    assert len(seen) == 5
    assert all(len(chosen) == 8 for chosen in seen)


def test_few_groups_are_swapped_until_the_shares_fit():
    units = [0] * 14 + [1] * 14 + [2] * 14 + [3] * 14 + [4] * 4
    for seed in range(4):
        dealt = deal(rows(["a"] * 60, units), {"train": 0.7, "val": 0.15, "test": 0.15}, seed=seed)
        assert sorted((dealt == part).sum() for part in PARTS) == [4, 14, 42]


def test_what_had_to_be_given_up_is_said():
    table = rows(["a"] * 40 + ["b"] * 40, [0] * 20 + [1] * 10 + [2] * 10 + list(range(3, 43)))
    shares = {"train": 0.7, "val": 0.15, "test": 0.15}
    table["split"] = deal(table, shares, seed=0)
    (said,) = given_up(table, table["unit"].to_numpy(), shares)
    assert said.startswith("'a' has ")
    assert "its 40 pictures come in 3 groups" in said


def test_what_hangs_together_by_way_of_a_third_stays_together():
    units = together(["1", "2", "3", "4"], ["x", "x", "", ""], ["", "y", "y", ""])
    assert len({*units[:3]}) == 1
    assert units[3] != units[0]


@pytest.mark.timeout(60)
def test_a_million_ways_through_a_split_of_pictures_takes_a_moment():
    labels = [f"class {number % 50}" for number in range(20_000)]
    table = rows(labels, list(range(20_000))).assign(file="", split="", group="")
    split(table, train=0.7, val=0.15, test=0.15, seed=0)


# === What people may name ===


def test_folders_and_patterns_in_the_names(workspace):
    dataset = make_dataset(workspace, 6)  # a/0.png, b/1.png, c/2.png, a/3.png, …
    assert groups_of(dataset, "folder:1") == ["a", "b", "c", "a", "b", "c"]
    assert groups_of(dataset, "folder:-1") == ["a", "b", "c", "a", "b", "c"]
    assert groups_of(dataset, r"pattern:([abc])/\d") == ["a", "b", "c", "a", "b", "c"]
    assert groups_of(dataset, "pattern:[ab]") == ["a", "b", "", "a", "b", ""]
    with pytest.raises(DataError, match="so deep no folder goes"):
        groups_of(dataset, "folder:2")
    with pytest.raises(DataError, match="none of the 6 pictures"):
        groups_of(dataset, "pattern:patient(x)")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(.*a){20}", r"(a|a)*b"])
def test_no_pattern_can_hang(workspace, pattern):
    dataset = make_dataset(workspace, 3)
    items = dataset.items().assign(source="a" * 5000 + "!")
    with contextlib.suppress(DataError):  # that it finds nothing
        names(dataset, items, parse(f"pattern:{pattern}"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pattern:(open", "regular expression"),
        (r"pattern:(?<=a)b", "Look-around"),
        ("pattern:" + "x" * 300, "at most 200 characters"),
        ("folder:0", "folder:LEVEL"),
        ("folder:two", "folder:LEVEL"),
        ("column:", "column:NAME"),
        ("exif:lens", "exif:camera"),
        ("colour", "must be one of"),
    ],
)
def test_what_is_no_group_is_told_in_a_sentence(text, said):
    with pytest.raises(DataError, match=said):
        parse(text)


def test_columns_of_a_table_are_kept_at_intake_and_taken_later(workspace, take_in, tmp_path):
    folder = write_classes(tmp_path / "pictures", "cat", "dog", count=3)
    lines = ["file,label,patient"] + [f"{c}/{n}.png,{c},{c}{n % 2}" for c in ("cat", "dog") for n in range(3)]
    (folder / "all.csv").write_text("\n".join(lines))
    dataset = take_in(folder).dataset
    sources = list(dataset.items()["source"])
    assert dict(zip(sources, groups_of(dataset, "column:Patient"), strict=True))["dog/1.png"] == "dog1"
    later = "name;day\n" + "\n".join(f"{source};day {place % 2}" for place, source in enumerate(sources))
    assert take_columns(dataset, "later.csv", later.encode()) == 6
    assert groups_of(dataset, "column:day")[:2] == ["day 0", "day 1"]
    assert {"patient", "day"} <= set(read_columns(dataset))
    with pytest.raises(DataError, match="names none of them"):
        take_columns(dataset, "wrong.csv", b"name,day\nnothing.png,1\n")
    with pytest.raises(DataError, match=r"there is: .*'patient'"):
        groups_of(dataset, "column:ward")


def test_cameras_and_days_come_from_exif(workspace, take_in, tmp_path):
    for number, (maker, day) in enumerate([("Leica", "2024:05:01"), ("Leica", "2024:05:02"), ("", "")]):
        exif = Image.Exif()
        if maker:
            exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = maker, "Q2"
            exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{day} 10:00:00"
        for label in ("cat", "dog"):
            path = tmp_path / "pictures" / label / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            photo(number + 10 * (label == "dog")).save(path, exif=exif)
    dataset = take_in(tmp_path / "pictures").dataset
    of = dict(zip(dataset.items()["source"], groups_of(dataset, "exif:camera"), strict=True))
    assert (of["cat/0.jpg"], of["dog/1.jpg"], of["cat/2.jpg"]) == ("Leica Q2", "Leica Q2", "")
    assert sorted(groups_of(dataset, "exif:day")) == ["", "", "2024-05-01", "2024-05-01", "2024-05-02", "2024-05-02"]
    (note,) = names(dataset, dataset.items(), parse("exif:day"))[1]
    assert note.startswith("2 pictures have no group")


def test_groups_of_several_rules_hang_together(workspace):
    dataset = make_dataset(workspace, 6)
    grouped = group(dataset, dataset.items(), [parse("folder:1"), parse(r"pattern:/[01](\.png)")])
    assert len({*grouped.units[[0, 1, 3, 4]]}) == len({*grouped.units[[2, 5]]}) == 1
    assert len({*grouped.units}) == grouped.names.nunique() == 2
