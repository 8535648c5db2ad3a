"""What a check found: its kinds, by what mending them is worth, and the pictures of one with what mends them."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import streamlit as st

from pages.components.check import finding_table
from pages.components.check.finding_kinds import ACCEPT_ALL, OTHERWISE, About, about, suggestions_of
from pages.components.items import item_edits
from pages.components.shell import check_results, formats, frame, tables
from tlcore.data.dataset import Dataset
from tlcore.health.check import Check
from tlcore.health.findings import titles, to_csv
from tlcore.modalities import find_modality
from tlcore.modalities.checks import Finding
from tlcore.spreadsheet import as_file

STEPS = 5
# Below it the probe errs more often than people who label do.
TRUSTED = 0.85
ELSEWHERE: dict[str, tuple[str, str]] = {
    "leak": ("Go to the split", ":material/call_split:"),
    "confusable_classes": ("Go to the classes", ":material/category:"),
    "split_class": ("Go to the classes", ":material/category:"),
    "imbalance": ("Add pictures", ":material/add_photo_alternate:"),
}


def show(dataset: Dataset) -> None:
    """Show all kinds, or the one that the URL names."""
    left = check_results.left(dataset)
    by_kind: dict[str, list[Finding]] = {}
    for finding in left:  # sorted by worth: so are the kinds
        by_kind.setdefault(finding.kind, []).append(finding)
    asked = st.query_params.get("kind", "")
    if asked in titles_of(dataset):
        _one(dataset, asked, by_kind.get(asked, []))
    else:
        _overview(dataset, by_kind)


def titles_of(dataset: Dataset) -> dict[str, str]:
    """The kinds of finding that are looked for in a dataset, with their titles."""
    return titles(find_modality(dataset.info.modality), Check(dataset).task())


def _overview(dataset: Dataset, by_kind: dict[str, list[Finding]]) -> None:
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
    looked_for = titles_of(dataset)
    settled = [title for kind, title in looked_for.items() if kind in before and kind not in by_kind]
    absent = [title for kind, title in looked_for.items() if kind not in before]
    if settled:
        st.caption(f":material/check: Resolved: {formats.plain(', '.join(settled))}.")
    if absent:
        st.caption(f":material/check: Checked, nothing found: {formats.plain(', '.join(absent))}.")


def _card(dataset: Dataset, kind: str, found: Sequence[Finding]) -> None:
    icon = about(kind, find_modality(dataset.info.modality)).icon
    with st.container(border=True, key=f"kind-{kind}"):
        said, way = st.columns([5, 1], vertical_alignment="center")
        with said, st.container(gap=None):
            items = formats.plural(len({sha for finding in found for sha in finding.items}), "picture")
            number = f" :gray-badge[{formats.count(len(found))}]" if len(found) > 1 else ""
            st.markdown(f"{icon} **{formats.plain(titles_of(dataset)[kind])}**{number} &nbsp; {_worth(found[0].score)}")
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


def _one(dataset: Dataset, kind: str, found: Sequence[Finding]) -> None:
    known = about(kind, find_modality(dataset.info.modality))
    st.button("All findings", icon=":material/arrow_back:", type="tertiary", on_click=_look_at, args=(dataset, ""))
    st.subheader(f"{known.icon} {formats.plain(titles_of(dataset)[kind])}", anchor=False)
    otherwise = OTHERWISE.get((dataset.info.task, kind))
    st.markdown(formats.plain(otherwise) if otherwise else known.advice)
    if kind == "label_suspect":
        _how_sure(dataset)
    if not found:
        st.success("Nothing of this kind is left.", icon=":material/check_circle:")
        return
    with st.container(horizontal=True, gap="small"):
        _mend_all(dataset, known, found)
        _where(dataset, kind)
        st.download_button(
            "Download as CSV",
            lambda: as_file(to_csv(found, _names(dataset), find_modality(dataset.info.modality).noun)),
            file_name=f"{dataset.id}-{kind}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    finding_table.show(dataset, kind, found)


def _how_sure(dataset: Dataset) -> None:
    """A weak model is mistaken more often than the labels are."""
    info, metric = Check(dataset).info(), Check(dataset).task().metrics[0]
    noun = find_modality(dataset.info.modality).noun
    if info is not None and info.score is not None and metric.kind == "share" and info.score.value < TRUSTED:
        st.warning(
            f"The {metric.name} of that model is only {formats.percent(info.score.value)}, so many of these "
            f"suggestions are its own mistakes. Look at each {noun.one} before you accept.",
            icon=":material/visibility:",
        )


def _mend_all(dataset: Dataset, known: About, found: Sequence[Finding]) -> None:
    for number, way in enumerate(known.ways):
        if way == ACCEPT_ALL and not suggestions_of(found):
            continue
        kind = "primary" if way.advised else "secondary"
        if st.button(way.title(found), type=kind, key=f"mend-{number}", help=way.help):
            change = way.change(dataset, found)  # not before: of 100,000 pictures it takes a while
            if change is not None:
                item_edits.make(dataset, change)


def _where(dataset: Dataset, kind: str) -> None:
    """Kinds that are mended elsewhere, too: the way there."""
    title, icon = ELSEWHERE.get(kind, ("", ""))
    if title:
        frame.page_button(title, frame.DATA, {"dataset": dataset.id}, icon=icon)


def _names(dataset: Dataset) -> dict[str, str]:
    table = tables.all_items(dataset)
    return dict(zip(table["sha256"], table["source"], strict=True))
