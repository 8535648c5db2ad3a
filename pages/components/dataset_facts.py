"""The numbers of a dataset that matter, and the next steps."""

from __future__ import annotations

import streamlit as st

from pages.components import frame, tables, words
from tlcore.data.dataset import Dataset
from tlcore.data.parts import read_draw

GIVEN = "The folders for training, validation and test are kept as they came."
LATER = "Before a training, the pictures are dealt out at random to training, validation and test."
LOCKED = "The test part was drawn once and stays, so that runs can be compared."


def show(dataset: Dataset) -> None:
    """The numbers that matter, and the next step."""
    items, outcomes = tables.items(dataset), tables.triage(dataset)["outcome"].value_counts()
    classes = dataset.info.classes
    kind, about = ("given", GIVEN) if (items["split"] != "").any() else ("drawn later", LATER)
    if kind != "given" and read_draw(dataset) is not None:
        kind, about = "locked", LOCKED
    left_out = int(outcomes.get("left out", 0))
    with st.grid(4, min_column_width=150):
        st.metric("Pictures", words.count(len(items)), border=True)
        st.metric("Classes", words.count(len(classes)), border=True)
        st.metric("Left out", words.count(left_out), border=True, help="Listed with the reason at the end of the page.")
        st.metric("Split", kind, border=True, help=about)
    if len(classes) > 1:
        with st.container(horizontal=True):
            if st.button("Train a model", type="primary", icon=":material/model_training:"):
                frame.go_to(frame.TRAIN, dataset=dataset.id)
            if st.button("Check the pictures", icon=":material/health_and_safety:"):
                frame.go_to(frame.CHECK, dataset=dataset.id)
    else:
        st.warning(
            f"A model needs at least two classes to tell apart. Here is one: '{classes[0] if classes else ''}'. Add "
            "pictures of another class.",
            icon=":material/category:",
        )
