"""Choose what makes pictures belong together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from pages.components.shell import formats, tables
from tlcore.data.dataset import Dataset
from tlcore.data.metadata import read_columns, take_columns
from tlcore.data.split.file import GROUPING, Draw
from tlcore.data.split.grouping import NEAR_DUPLICATES, Rule, group, parse
from tlcore.errors import GraftError

KINDS = {
    "near-duplicates": "Near-duplicates",
    "folder": "A folder",
    "column": "A column of a CSV",
    "pattern": "A pattern in the file name",
    "exif:camera": "The camera",
    "exif:day": "The day",
}
DEEPEST = 6


def choose(dataset: Dataset, draw: Draw | None) -> tuple[str, ...] | None:
    """The grouping that is chosen, as `grouping.parse` reads it; None where it cannot be used, which is then said."""
    before = [parse(rule) for rule in (GROUPING if draw is None else draw.grouping)]
    chosen = st.multiselect(
        "Keep pictures together that share",
        list(KINDS),
        default=list(dict.fromkeys(_kind(rule) for rule in before)),
        format_func=KINDS.__getitem__,
        key=f"groups-{dataset.id}",
        placeholder="Nothing: every picture is on its own",
        help="Groups are never split between training and test, which prevents leakage.",
    )
    found: list[str] = []
    for kind in KINDS:
        if kind in chosen:
            found += _rules(dataset, kind, [rule.argument for rule in before if _kind(rule) == kind])
    try:
        st.caption(_said(dataset, tuple(found)))
    except GraftError as error:
        st.markdown(f":red[:material/error: {formats.plain(error)}]")
        return None
    return tuple(found)


def _kind(rule: Rule) -> str:
    return str(rule) if rule.kind == "exif" else rule.kind


def _rules(dataset: Dataset, kind: str, before: list[str]) -> list[str]:
    """The rules of one kind, with what they need asked beside."""
    if kind == "folder":
        levels = _levels(dataset)
        if not levels:
            st.caption("These pictures did not come in folders.")
            return []
        kept = int(before[0]) if before and before[0] in map(str, levels) else levels[0]
        level = st.selectbox(
            "Folder level",
            levels,
            index=levels.index(kept),
            format_func=lambda level: f"{level}: such as “{_example(dataset, level)}”",
            key=f"groups-folder-{dataset.id}",
        )
        return [f"folder:{level}"]
    if kind == "column":
        return [f"column:{name}" for name in _columns(dataset, before)]
    if kind == "pattern":
        pattern = st.text_input(
            "Regular expression",
            before[0] if before else "",
            placeholder=r"patient(\d+)",
            key=f"groups-pattern-{dataset.id}",
            help="The first capture group, matched against the original path, becomes the group. Example path: "
            f"“{formats.plain(tables.items(dataset)['source'].iloc[0])}”.",
        )
        return [f"pattern:{pattern}"] if pattern else []
    return [kind]


def _columns(dataset: Dataset, before: list[str]) -> list[str]:
    """The columns that are known, and a way to bring more."""
    given = st.file_uploader(
        "CSV with a row for each picture", type=["csv", "tsv"], key=f"groups-csv-{dataset.id}", max_upload_size=50
    )
    taken = f"groups-csv-taken-{dataset.id}"
    if given is not None and st.session_state.get(taken) != given.file_id:
        try:
            named = take_columns(dataset, given.name, given.getvalue())
            st.caption(f"{formats.plural(named, 'picture')} found in {formats.plain(given.name)}.")
        except GraftError as error:
            st.markdown(f":red[:material/error: {formats.plain(error)}]")
        st.session_state[taken] = given.file_id
    names = [str(name) for name in read_columns(dataset).columns if name != "sha256"]
    if not names:
        st.caption("No table came with these pictures. Add one.")
        return []
    kept = [name for name in names if name in before]
    return st.multiselect("Columns", names, default=kept, key=f"groups-column-{dataset.id}")


def _levels(dataset: Dataset) -> list[int]:
    depth = int(tables.items(dataset)["source"].str.count("/").max())
    return list(range(1, min(depth, DEEPEST) + 1))


def _example(dataset: Dataset, level: int) -> str:
    for source in tables.items(dataset)["source"].head(1000):
        parts = Path(source).parts[:-1]
        if len(parts) >= level:
            return "/".join(parts[:level])
    return ""


def _said(dataset: Dataset, grouping: tuple[str, ...]) -> str:
    """How many groups that makes."""
    stamp = tables.stamp(dataset, "items.parquet", "edits.jsonl", "columns.parquet", "health/check.json")
    sizes = _sizes(str(dataset.path), stamp, grouping)
    if not len(sizes):
        others = " Run the check first to find near-duplicates." if NEAR_DUPLICATES in grouping else ""
        return f"This makes no groups: every picture is on its own.{others}"
    groups = formats.plural(len(sizes), "group")
    return (
        f"{formats.plural(int(sizes.sum()), 'picture')} in {groups}; the largest has {formats.count(int(sizes.max()))}."
    )


@st.cache_data(max_entries=32, show_spinner="Looking for groups")
def _sizes(path: str, stamp: tuple[int, ...], grouping: tuple[str, ...]) -> np.ndarray:
    """The sizes of the groups of two pictures or more."""
    dataset = Dataset(Path(path))
    grouped = group(dataset, tables.items(dataset), [parse(rule) for rule in grouping])
    sizes = np.bincount(grouped.units)
    return sizes[sizes > 1]
