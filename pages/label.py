"""Give pictures a class: the most telling of an inbox first, frames of a camera, or a table of labels."""

from __future__ import annotations

import streamlit as st

from pages.components.history import history
from pages.components.label import camera, inbox, label_tables, task_settings
from pages.components.shell import frame
from pages.components.shell.pickers import pick_dataset
from tlcore.workspace import Workspace

WAYS = {
    "inbox": ":material/inbox: Inbox",
    "camera": ":material/videocam: Camera",
    "tables": ":material/table: Import and export",
    "task": ":material/tune: Task",
}


def choose_way() -> str:
    """Which way; the URL says so, and a reload shows the same."""
    asked = st.query_params.get("way", "")
    st.session_state["label-way"] = asked if asked in WAYS else "inbox"

    def follow() -> None:
        st.query_params["way"] = st.session_state["label-way"]

    return str(
        st.segmented_control(
            "How",
            list(WAYS),
            required=True,
            format_func=lambda way: WAYS[way],
            key="label-way",
            label_visibility="collapsed",
            on_change=follow,
        )
    )


def nothing_yet(workspace: Workspace) -> None:
    frame.empty_state(
        ":material/new_label:",
        "Label some pictures first",
        "A few of each class are enough. Graft then suggests a class for each unlabelled picture, and you accept or "
        "correct it with one key.",
        action="Add pictures",
        target=frame.DATA,
    )
    st.subheader("Or start with the camera", anchor=False)
    camera.show(workspace, None)


def show(workspace: Workspace) -> None:
    dataset = pick_dataset(workspace)
    if dataset is None:
        nothing_yet(workspace)
        return
    history.bar(dataset)
    way = choose_way()
    if way == "camera":
        camera.show(workspace, dataset)
    elif way == "tables":
        label_tables.show(dataset)
    elif way == "task":
        task_settings.show(dataset)
    else:
        inbox.show(workspace, dataset)


with frame.page(
    "Label", ":material/new_label:", "Label pictures with one key each, the most informative ones first."
) as ws:
    show(ws)
