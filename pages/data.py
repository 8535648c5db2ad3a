"""Bring labelled items, see what became of them, and go on to train."""

from __future__ import annotations

import streamlit as st

from pages.components.data import (
    class_edits,
    dataset_edits,
    dataset_facts,
    import_report,
    intake,
    label_chart,
    welcome,
)
from pages.components.history import history
from pages.components.items import gallery
from pages.components.shell import formats, frame, split_view, task_words, upload
from pages.components.shell.pickers import pick_dataset
from tlcore.data.dataset import Dataset, broken_datasets
from tlcore.modalities import NOUN
from tlcore.tasks import find_task
from tlcore.workspace import Workspace


def another(workspace: Workspace) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("New dataset", anchor=False)
        if st.button("Back", icon=":material/arrow_back:"):
            st.query_params.pop("new", None)
            st.rerun()
    intake.offer(workspace, "another")


def head(workspace: Workspace) -> Dataset | None:
    """The picker, and what can be done with the dataset as a whole."""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        dataset = pick_dataset(workspace)
    if dataset is None:
        return None
    with right, st.container(horizontal=True, gap="small"):
        if st.button("New dataset", icon=":material/add:"):
            st.query_params["new"] = "1"
            st.rerun()
        dataset_edits.menu(dataset)
    return dataset


def too_few(dataset: Dataset) -> bool:
    return len(dataset.info.classes) < find_task(dataset.info.task).few


def more(workspace: Workspace, dataset: Dataset) -> None:
    few = too_few(dataset)
    with st.expander(
        f"Add {task_words.noun(dataset.info).many} to this dataset", icon=":material/add_photo_alternate:", expanded=few
    ):
        intake.offer(workspace, f"add-{dataset.id}", into=dataset)


def show(workspace: Workspace) -> None:
    upload.sweep(workspace)
    for name, fault in broken_datasets(workspace):
        st.warning(
            f"The dataset in the folder {formats.plain(name)} cannot be opened. {formats.plain(fault)}",
            icon=":material/folder_off:",
        )
    if intake.under_way():
        intake.carry_on(workspace)
        return
    if st.query_params.get("new"):
        another(workspace)
        return
    dataset = head(workspace)
    if dataset is None:
        welcome.show(workspace)
        return
    dataset_facts.show(dataset)
    if too_few(dataset):
        more(workspace, dataset)
    label_chart.show(dataset)
    class_edits.menu(dataset)
    if not too_few(dataset):
        split_view.show(dataset)
    st.subheader(task_words.noun(dataset.info).many.capitalize(), anchor=False)
    history.bar(dataset)
    gallery.browse(dataset)
    st.subheader("Import report", anchor=False)
    import_report.show(dataset)
    if not too_few(dataset):
        more(workspace, dataset)


with frame.page(
    "Data", ":material/photo_library:", f"Import labelled {NOUN.many} and review them before you train."
) as ws:
    show(ws)
