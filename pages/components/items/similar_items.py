"""Pictures that look alike: near-copies, those like a chosen one, the parts of a class. All need a check's features."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.components.items.item_edits import EXCLUDE, IN_USE, KEEP_ONE, MOVE, TOGETHER
from pages.components.items.light_table import Group, View, pick
from pages.components.shell import check_results, formats, frame, tables
from pages.components.shell.theme import class_colours
from tlcore.data.dataset import Dataset
from tlcore.health.check import Check

MOST_ALIKE = 120
NO_CHECK = "Run the check first: it computes which pictures look alike."


def copies(dataset: Dataset) -> View | str:
    """Sets of near-copies, the largest first; or why there are none."""
    found = check_results.clusters(dataset)
    if found.empty:
        return "No near-duplicates are left."
    sizes = found.groupby("cluster")["sha256"].transform("size")
    found = found.assign(size=sizes).sort_values(["size", "cluster"], ascending=[False, True], kind="stable")
    first = found.drop_duplicates("cluster")
    groups = [
        Group(str(name), f"Set of {formats.count(size)}", (KEEP_ONE, TOGETHER))
        for name, size in zip(first["cluster"], first["size"], strict=True)
    ]
    rows = pick(tables.in_use(dataset), list(found["sha256"]))
    rows = rows.assign(group_key=found["cluster"].astype(str).to_numpy())
    return _view(dataset, "copies", f"{formats.plural(len(groups), 'set')} of near-duplicates", rows, groups)


def like(dataset: Dataset, sha: str) -> View | str:
    """A picture and those most like it, the likest first; or why they cannot be told."""
    shas = Check(dataset).similar(sha, MOST_ALIKE)
    if not shas:
        return NO_CHECK
    rows = pick(tables.in_use(dataset), [sha, *shas])
    rows = rows.assign(badge=["this one" if each == sha else "" for each in rows["sha256"]])
    return _view(dataset, f"like-{sha}", "Similar pictures, the most similar first", rows)


def split(dataset: Dataset, asked: str) -> View | str:
    """A class in parts that look alike: `asked` is the number of parts, a colon and the class."""
    number, _, label = asked.partition(":")
    found = check_results.parts(dataset, label, int(number) if number.isdecimal() and number != "1" else 2)
    if found.empty:
        return NO_CHECK
    found = found.sort_values(kind="stable")
    sizes = found.value_counts()
    groups = [
        Group(str(part), f"Cluster {part + 1} · {formats.plural(int(sizes[part]), 'picture')}", (MOVE, EXCLUDE))
        for part in sorted(sizes.index)
    ]
    rows = pick(tables.in_use(dataset), list(found.index))
    rows = rows.assign(group_key=found.loc[rows["sha256"]].astype(str).to_numpy())
    return _view(dataset, f"split-{asked}", f"Clusters of {label}", rows, groups)


def number_of_sets(dataset: Dataset) -> int:
    """How many sets of near-duplicates are in use."""
    return int(check_results.clusters(dataset)["cluster"].nunique())


def explain(dataset: Dataset, sentence: str) -> None:
    """Say why there is nothing on the table, and offer the check where it would help."""
    st.caption(formats.plain(sentence))
    if sentence == NO_CHECK:
        where = {"dataset": dataset.id}
        frame.page_button("Check the pictures", frame.CHECK, where, icon=":material/health_and_safety:")


def _view(dataset: Dataset, name: str, title: str, rows: pd.DataFrame, groups: Sequence[Group] = ()) -> View:
    info = dataset.info
    return View(
        name=f"{dataset.id}-{name}",
        title=title,
        rows=rows,
        actions=IN_USE,
        groups=tuple(groups),
        colours=class_colours(info.classes, info.colours),
    )
