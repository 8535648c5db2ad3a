"""Classes as a whole: another name, two made one, one made two, a colour. Each is an edit that can be undone."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages.components.items import item_edits
from pages.components.shell import formats, tables, task_words
from pages.components.shell.theme import class_colours
from tlcore.data.dataset import Dataset
from tlcore.data.edits.types import Colour, MergeClasses, RenameClass
from tlcore.evaluation.class_names import rename_in_runs
from tlcore.workspace import Workspace

MOST_PARTS = 8


def menu(dataset: Dataset) -> None:
    """The buttons below the chart of the classes."""
    classes = list(tables.counts(dataset))
    if not classes:
        return
    with st.container(horizontal=True, gap="small", key="class-edits"):
        one, many = task_words.one(dataset.info), task_words.many(dataset.info)
        with st.popover(f"Rename a {one}", icon=":material/edit:"):
            _rename(dataset, classes)
        if len(classes) > 1:
            with st.popover(f"Merge {many}", icon=":material/merge:"):
                _merge(dataset, classes)
        if dataset.info.task == "classification":
            with st.popover("Split a class", icon=":material/call_split:"):
                _split(dataset, classes)
        with st.popover("Colours", icon=":material/palette:"):
            _colours(dataset, classes)


def _rename(dataset: Dataset, classes: list[str]) -> None:
    one = task_words.one(dataset.info)
    st.caption("No model needs to be retrained: names are stored beside the weights.")
    with st.form("class-rename", border=False):
        old = st.selectbox(one.capitalize(), classes, key=f"rename-old-{dataset.id}")
        new = st.text_input("New name", max_chars=80, key=f"rename-new-{dataset.id}").strip()
        runs = st.checkbox("Also in finished runs", help="Their bundles then have to be exported again.")
        if st.form_submit_button(f"Rename the {one}", width="stretch"):
            if not new or new == old:
                st.error("The new name must differ from the old one. Type at least one letter.")
            elif new in classes:
                st.error(f"There is a {one} '{formats.plain(new)}' already. Merge the two to combine them.")
            else:
                also = partial(rename_in_runs, Workspace(dataset.path.parents[1]), dataset.id, str(old), new)
                item_edits.make(dataset, RenameClass(old=str(old), new=new), then=also if runs else None)


def _merge(dataset: Dataset, classes: list[str]) -> None:
    one, many = task_words.one(dataset.info), task_words.many(dataset.info)
    st.caption(f"All their {task_words.noun(dataset.info).many} get the same {one}.")
    with st.form("class-merge", border=False):
        merged = st.multiselect(many.capitalize(), classes, key=f"merge-{dataset.id}")
        into = st.selectbox(
            "Into",
            classes,
            key=f"merge-into-{dataset.id}",
            index=None,
            accept_new_options=True,
            placeholder=f"A {one}, or a new name",
        )
        if st.form_submit_button(f"Merge the {many}", width="stretch"):
            into = (into or "").strip()
            if not into or len({*merged, into}) < 2 or not merged:
                st.error(f"Choose the {many} to merge, and the {one} to merge them into.")
            else:
                item_edits.make(dataset, MergeClasses(classes=tuple(merged), into=into))


def _split(dataset: Dataset, classes: list[str]) -> None:
    items = task_words.noun(dataset.info).many
    st.caption(f"Clusters the {items} of a class by how alike they are. Then you can move a cluster to its own class.")
    with st.form("class-split", border=False):
        label = st.selectbox("Class", classes, key=f"split-{dataset.id}")
        parts = st.slider("Parts", 2, MOST_PARTS, key=f"split-parts-{dataset.id}")
        if st.form_submit_button("Show the clusters", width="stretch"):
            st.query_params["show"] = f"split:{parts}:{label}"
            st.rerun()


def _colours(dataset: Dataset, classes: list[str]) -> None:
    colours = class_colours(classes, dataset.info.colours)
    with st.form("class-colours", border=False):
        label = st.selectbox(task_words.one(dataset.info).capitalize(), classes, key=f"colour-of-{dataset.id}")
        st.caption(" · ".join(f"{formats.plain(name)} {colours[name]}" for name in classes[:12]))
        chosen = st.color_picker("Colour", colours[str(label)], key=f"colour-{dataset.id}")
        if st.form_submit_button("Set the colour", width="stretch"):
            item_edits.make(dataset, Colour(label=str(label), colour=chosen))
