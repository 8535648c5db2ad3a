"""The dataset's pictures on the light table: by class, by state, by likeness, by what looks alike within a class."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.components.items import item_edits, light_table, similar_items
from pages.components.items.item_edits import AWAY, GONE, IN_USE
from pages.components.items.light_table import View
from pages.components.shell import formats, frame, tables, task_words
from pages.components.shell.theme import class_colours
from tlcore.data.dataset import Dataset
from tlcore.data.label_counts import has_label, values

MOST_PILLS = 12
KEY = "gallery-table"
# Orders of the values: an icon, the sign, a title.
ORDERS = {
    "rising": (":material/arrow_upward:", 1, "Smallest value first"),
    "falling": (":material/arrow_downward:", -1, "Largest value first"),
}


@frame.fragment
def browse(dataset: Dataset) -> None:
    """Show the dataset's pictures and see to what is asked for. Turning a page runs nothing but this.

    What is looked at stands in the URL as `show`: nothing for all, `class:…`, `none` (no label), `rising` or `falling`
    (by value), `state:…`, `copies`, `like:…` (a picture), or `split:N:…` (a class in N parts).
    """
    show = _chosen(_choices(dataset))
    kind, _, what = show.partition(":")
    if kind == "copies":
        view: View | str = similar_items.copies(dataset)
    elif kind == "like":
        view = similar_items.like(dataset, what)
    elif kind == "split":
        view = similar_items.split(dataset, what)
    else:
        view = _plain(dataset, kind, what)
    if isinstance(view, str):
        similar_items.explain(dataset, view)
        return
    act = light_table.show(dataset, view, KEY)
    if act is not None and act.do == "like":
        st.query_params["show"] = f"like:{act.shas[0]}"
        st.rerun()
    item_edits.see_to(dataset, act)


def _plain(dataset: Dataset, kind: str, what: str) -> View | str:
    """All pictures, those of a class, or those that are out of use."""
    if kind == "state":
        table = tables.all_items(dataset)
        rows, actions = table[table["state"] == what], AWAY if what == "excluded" else GONE
    else:
        rows, actions = tables.in_use(dataset), IN_USE
        if kind == "class":
            rows = rows[has_label(rows["label"], what, dataset.info.task)]
        elif kind == "none":
            rows = rows[rows["label"] == ""]
        elif kind in ORDERS:
            rows = rows.iloc[np.argsort(values(rows["label"]) * ORDERS[kind][1], kind="stable")]
    if rows.empty:
        return "There are no pictures here. Choose another view above."
    info = dataset.info
    return View(
        name=f"{dataset.id}-{kind}-{what}",
        title=f"{formats.plural(len(rows), 'picture')}: {what or 'all ' + task_words.many(info)}",
        rows=rows,
        actions=actions,
        labelled=kind != "class",
        colours=class_colours(info.classes, info.colours),
    )


def _choices(dataset: Dataset) -> dict[str, tuple[str, str]]:
    """The ways to look at the dataset, by what stands in the URL: an icon and a title."""
    counts, away, task = tables.counts(dataset), tables.away(dataset), dataset.info.task
    choices = {"": ("", f"All {formats.count(len(tables.items(dataset)))}")}
    choices |= {f"class:{label}": ("", f"{label} {formats.count(number)}") for label, number in counts.items()}
    if task == "multilabel" and (none := int((tables.items(dataset)["label"] == "").sum())):
        choices["none"] = (":material/label_off:", f"No label {formats.count(none)}")
    if task == "regression":
        choices |= {kind: (icon, title) for kind, (icon, _, title) in ORDERS.items()}
    if sets := similar_items.number_of_sets(dataset):
        choices["copies"] = (":material/content_copy:", f"Near-duplicates {formats.plural(sets, 'set')}")
    icons = {"excluded": ":material/visibility_off:", "deleted": ":material/delete:"}
    choices |= {
        f"state:{state}": (icons[state], f"{state.capitalize()} {formats.count(number)}")
        for state, number in away.items()
        if number
    }
    return choices


def _chosen(choices: dict[str, tuple[str, str]]) -> str:
    """Let the person choose; the URL leads and the widget follows."""
    asked = st.query_params.get("show", "")
    if asked.startswith("like:"):
        choices = {asked: (":material/image_search:", "Alike"), **choices}
    elif asked.startswith("split:"):
        choices = {asked: (":material/call_split:", f"Parts of {asked.split(':', 2)[-1]}"), **choices}
    asked = asked if asked in choices else ""

    def follow() -> None:
        if chosen := st.session_state["gallery-show"]:
            st.query_params["show"] = chosen
        else:
            st.query_params.pop("show", None)

    def title(key: str) -> str:
        return choices[key][1] if key in choices else key

    def pill(key: str) -> str:
        icon = choices[key][0] if key in choices else ""
        return f"{icon} {formats.plain(title(key))}".strip()

    st.session_state["gallery-show"] = asked
    if len(choices) > MOST_PILLS:
        st.selectbox("Show", list(choices), key="gallery-show", format_func=title, on_change=follow, width=320)
    else:
        st.pills(
            "Show", list(choices), key="gallery-show", format_func=pill, required=True, on_change=follow,
            label_visibility="collapsed",
        )  # fmt: skip
    return asked
