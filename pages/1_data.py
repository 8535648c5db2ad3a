"""Bring labelled pictures, see what became of them, and go on to train."""

from __future__ import annotations

import streamlit as st

from pages.components import class_counts, dataset_edits, frame, gallery, intake, tables, triage, upload, welcome, words
from pages.components.pickers import pick_dataset
from tlcore.data.dataset import Dataset, broken_datasets
from tlcore.workspace import Workspace

GIVEN = "The folders for training, validation and test are kept as they came."
DRAWN = "Before a training, the pictures are dealt out at random to training, validation and test."


def another(workspace: Workspace) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("A new dataset", anchor=False)
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


def facts(dataset: Dataset) -> None:
    """The numbers that matter, and the next step."""
    items, outcomes = tables.items(dataset), tables.triage(dataset)["outcome"].value_counts()
    classes = dataset.info.classes
    given = (items["split"] != "").any()
    left_out = int(outcomes.get("left out", 0))
    with st.grid(4, min_column_width=150):
        st.metric("Pictures", words.count(len(items)), border=True)
        st.metric("Classes", words.count(len(classes)), border=True)
        st.metric("Left out", words.count(left_out), border=True, help="Listed with the reason at the end of the page.")
        st.metric("Split", "given" if given else "drawn later", border=True, help=GIVEN if given else DRAWN)
    if len(classes) > 1:
        if st.button("Train a model", type="primary", icon=":material/model_training:"):
            frame.go_to(frame.TRAIN, dataset=dataset.id)
    else:
        st.warning(
            f"A model needs at least two classes to tell apart. Here is one: '{classes[0] if classes else ''}'. Add "
            "pictures of another class.",
            icon=":material/category:",
        )


def more(workspace: Workspace, dataset: Dataset) -> None:
    few = len(dataset.info.classes) < 2
    with st.expander("Add pictures to this dataset", icon=":material/add_photo_alternate:", expanded=few):
        intake.offer(workspace, f"add-{dataset.id}", into=dataset)


def show(workspace: Workspace) -> None:
    upload.sweep(workspace)
    for name, fault in broken_datasets(workspace):
        st.warning(f"The dataset in the folder {name} is left out of the list. {fault}", icon=":material/folder_off:")
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
    facts(dataset)
    items, counts = tables.items(dataset), tables.counts(dataset)
    if len(counts) < 2:
        more(workspace, dataset)
    st.subheader("Classes", anchor=False)
    with st.container(height=440 if len(counts) > 10 else "content", border=False):
        st.plotly_chart(class_counts.figure(items, dataset.info.classes), config={"displayModeBar": False})
    if uneven := class_counts.imbalance(counts):
        st.info(uneven, icon=":material/balance:")
    st.subheader("Pictures", anchor=False)
    gallery.browse(dataset)
    st.subheader("What became of each file", anchor=False)
    triage.show(dataset)
    if len(counts) >= 2:
        more(workspace, dataset)


with frame.page(
    "Data", ":material/photo_library:", "Drop in labelled pictures; see what is there before you train."
) as ws:
    show(ws)
