"""The numbers of a dataset that matter, and the next steps."""

from __future__ import annotations

import streamlit as st

from pages.components.data import value_range
from pages.components.shell import formats, frame, tables
from tlcore.data.dataset import Dataset
from tlcore.data.split.file import read_draw

GIVEN = "The given training, validation and test folders are used."
LATER = "The first run splits the pictures at random into training, validation and test sets."
LOCKED = "The test set was drawn once and stays the same, so that runs can be compared."


def show(dataset: Dataset) -> None:
    """The numbers that matter, and the next step."""
    items, outcomes = tables.items(dataset), tables.triage(dataset)["outcome"].value_counts()
    classes = dataset.info.classes
    kind, about = ("given", GIVEN) if (items["split"] != "").any() else ("drawn later", LATER)
    if kind != "given" and read_draw(dataset) is not None:
        kind, about = "locked", LOCKED
    left_out = int(outcomes.get("left out", 0))
    with st.grid(4, min_column_width=150):
        st.metric("Pictures", formats.count(len(items)), border=True)
        st.metric("Classes", formats.count(len(classes)), border=True)
        st.metric(
            "Left out", formats.count(left_out), border=True, help="Listed with the reasons at the end of this page."
        )
        st.metric("Split", kind, border=True, help=about)
    value_range.show(dataset)
    if len(classes) > 1:
        with st.container(horizontal=True):
            if st.button("Train a model", type="primary", icon=":material/model_training:"):
                frame.go_to(frame.TRAIN, dataset=dataset.id)
            if st.button("Check the pictures", icon=":material/health_and_safety:"):
                frame.go_to(frame.CHECK, dataset=dataset.id)
    else:
        st.warning(
            "A model needs at least two classes to tell apart. This dataset has one: "
            f"'{formats.plain(classes[0]) if classes else ''}'. Add pictures of another class.",
            icon=":material/category:",
        )
