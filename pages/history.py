"""What was changed in a dataset, when and how; take it back, name a version, compare two."""

from __future__ import annotations

import streamlit as st

from pages.components.history import history
from pages.components.items import item_edits
from pages.components.shell import frame, tables
from pages.components.shell.pickers import pick_dataset
from tlcore.workspace import Workspace


def show(workspace: Workspace) -> None:
    dataset = pick_dataset(workspace)
    if dataset is None:
        frame.empty_state(
            ":material/photo_library:",
            "No dataset yet",
            "Every change to a dataset is recorded here and can be undone.",
            action="Add pictures",
            target=frame.DATA,
        )
        return
    item_edits.tell_fault()
    if len(tables.past(dataset).entries) < 2:
        frame.empty_state(
            ":material/history:",
            "No changes yet",
            "Move a picture to another class, exclude one, rename a class: each change is listed here, before and "
            "after, and can be undone.",
            action="Look at the pictures",
            target=frame.DATA,
            dataset=dataset.id,
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        history.undo_and_redo(dataset)
        st.page_link(
            frame.DATA, label="Pictures", icon=":material/photo_library:", query_params={"dataset": dataset.id}
        )
    st.subheader("Versions", anchor=False)
    history.timeline(dataset)
    st.subheader("Compare two versions", anchor=False)
    history.comparison(dataset)


with frame.page(
    "History", ":material/history:", "Every change to the dataset, newest first. Each can be undone."
) as ws:
    show(ws)
