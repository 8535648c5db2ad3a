"""What a check found: its kinds, by what mending them is worth, and the pictures of one with what mends them."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import streamlit as st

from pages.components.check import finding_table
from pages.components.check.finding_kinds import ACCEPT_ALL, KINDS, OTHERWISE, About, suggestions_of
from pages.components.items import item_edits
from pages.components.shell import check_results, formats, frame, tables
from tlcore.data.dataset import Dataset
from tlcore.health.check import Check
from tlcore.health.findings import LEFT_OUT, TITLES, Finding, Kind, to_csv
from tlcore.spreadsheet import as_file

STEPS = 5
# Below it the probe errs more often than people who label do.
TRUSTED = 0.85
ELSEWHERE: dict[Kind, tuple[str, str]] = {
    "leak": ("Go to the split", ":material/call_split:"),
    "confusable_classes": ("Go to the classes", ":material/category:"),
    "split_class": ("Go to the classes", ":material/category:"),
    "imbalance": ("Add pictures", ":material/add_photo_alternate:"),
}


def show(dataset: Dataset) -> None:
    """Show all kinds, or the one that the URL names."""
    left = check_results.left(dataset)
    by_kind: dict[Kind, list[Finding]] = {}
    for finding in left:  # sorted by worth: so are the kinds
        by_kind.setdefault(finding.kind, []).append(finding)
    asked = st.query_params.get("kind", "")
    chosen = next((kind for kind in TITLES if kind == asked), None)
    if chosen is None:
        _overview(dataset, by_kind)
    else:
        _one(dataset, chosen, by_kind.get(chosen, []))


def _overview(dataset: Dataset, by_kind: dict[Kind, list[Finding]]) -> None:
    before = {finding.kind for finding in check_results.findings(dataset)}
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Findings", anchor=False)
        if by_kind:
            st.download_button(
                "Download as CSV",
                lambda: as_file(Check(dataset).csv()),
                file_name=f"{dataset.id}-findings.csv",
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
    if not by_kind:
        said = "Every finding is resolved." if before else "No problems were found."
        st.success(said, icon=":material/check_circle:")
    if by_kind:
        st.caption("More dots mean that fixing it helps more. The most useful fixes come first.")
    for kind, found in by_kind.items():
        _card(dataset, kind, found)
    settled = [TITLES[kind] for kind in TITLES if kind in before and kind not in by_kind]
    left_out = LEFT_OUT.get(dataset.info.task, frozenset())
    absent = [TITLES[kind] for kind in TITLES if kind not in before and kind not in left_out]
    if settled:
        st.caption(f":material/check: Resolved: {', '.join(settled)}.")
    if absent:
        st.caption(f":material/check: Checked, nothing found: {', '.join(absent)}.")


def _card(dataset: Dataset, kind: Kind, found: Sequence[Finding]) -> None:
    with st.container(border=True, key=f"kind-{kind}"):
        said, way = st.columns([5, 1], vertical_alignment="center")
        with said, st.container(gap=None):
            items = formats.plural(len({sha for finding in found for sha in finding.items}), "picture")
            number = f" :gray-badge[{formats.count(len(found))}]" if len(found) > 1 else ""
            st.markdown(f"{KINDS[kind].icon} **{TITLES[kind]}**{number} &nbsp; {_worth(found[0].score)}")
            st.markdown(formats.plain(found[0].says))
            if len(found) > 1:
                st.caption(f"and {formats.count(len(found) - 1)} more like this, {items} in all")
        way.button(
            "Review and fix",
            key=f"look-{kind}",
            icon=":material/visibility:",
            width="stretch",
            on_click=_look_at,
            args=(dataset, kind),
        )


def _look_at(dataset: Dataset, kind: str) -> None:
    """Change what the URL says: a link from a page to itself would leave it in the browser as it was."""
    st.query_params.from_dict({"dataset": dataset.id, "kind": kind} if kind else {"dataset": dataset.id})


def _worth(score: float) -> str:
    """Five dots: what mending would be worth."""
    full = min(max(ceil(score * STEPS), 1), STEPS)
    return f":orange[{'●' * full}{'○' * (STEPS - full)}]"


def _one(dataset: Dataset, kind: Kind, found: Sequence[Finding]) -> None:
    about = KINDS[kind]
    st.button("All findings", icon=":material/arrow_back:", type="tertiary", on_click=_look_at, args=(dataset, ""))
    st.subheader(f"{about.icon} {TITLES[kind]}", anchor=False)
    otherwise = OTHERWISE.get((dataset.info.task, kind))
    st.markdown(formats.plain(otherwise) if otherwise else about.advice)
    if kind == "label_suspect":
        _how_sure(dataset)
    if not found:
        st.success("Nothing of this kind is left.", icon=":material/check_circle:")
        return
    with st.container(horizontal=True, gap="small"):
        _mend_all(dataset, about, found)
        _where(dataset, kind)
        st.download_button(
            "Download as CSV",
            lambda: as_file(to_csv(found, _names(dataset))),
            file_name=f"{dataset.id}-{kind}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    finding_table.show(dataset, kind, found)


def _how_sure(dataset: Dataset) -> None:
    """A weak model is mistaken more often than the labels are."""
    info = Check(dataset).info()
    if info is not None and info.accuracy is not None and info.accuracy < TRUSTED:
        st.warning(
            f"That model is right about {formats.percent(info.accuracy)} of the pictures only, so many of these "
            "suggestions are its own mistakes. Look at each picture before you accept.",
            icon=":material/visibility:",
        )


def _mend_all(dataset: Dataset, about: About, found: Sequence[Finding]) -> None:
    for number, way in enumerate(about.ways):
        if way == ACCEPT_ALL and not suggestions_of(found):
            continue
        kind = "primary" if way.advised else "secondary"
        if st.button(way.title(found), type=kind, key=f"mend-{number}", help=way.help):
            change = way.change(dataset, found)  # not before: of 100,000 pictures it takes a while
            if change is not None:
                item_edits.make(dataset, change)


def _where(dataset: Dataset, kind: Kind) -> None:
    """Kinds that are mended elsewhere, too: the way there."""
    title, icon = ELSEWHERE.get(kind, ("", ""))
    if title and st.button(title, icon=icon):
        frame.go_to(frame.DATA, dataset=dataset.id)


def _names(dataset: Dataset) -> dict[str, str]:
    table = tables.all_items(dataset)
    return dict(zip(table["sha256"], table["source"], strict=True))
