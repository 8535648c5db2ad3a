"""Watch a run, or look through all of them."""

from __future__ import annotations

import streamlit as st

from pages.components.runs import run_list
from pages.components.shell import formats, frame, packing, run_view
from tlcore.errors import RunError
from tlcore.runs.run import broken_runs, list_runs, open_run
from tlcore.workspace import Workspace


def one(workspace: Workspace, asked: str) -> None:
    frame.link("All runs", icon=":material/arrow_back:", key="all-runs")
    try:
        run = open_run(workspace, asked)
        _ = run.config
    except RunError as error:
        frame.show_fault(error)
        return
    run_view.show(run)
    run_view.details(run)


def every(workspace: Workspace) -> None:
    runs, broken = list_runs(workspace), broken_runs(workspace)
    if not runs:
        frame.empty_state(
            ":material/monitoring:",
            "No runs yet",
            "A run is one training from start to end: its settings, its curves, its model. Start one and watch it "
            "learn here, epoch by epoch.",
            action="Train a model",
            target=frame.TRAIN,
        )
    else:
        run_list.show(runs)
    for name, reason in broken:
        st.warning(
            f"The run folder **{formats.plain(name)}** cannot be read. {formats.plain(reason)}",
            icon=":material/folder_off:",
        )
    packing.bring(workspace)


asked = st.query_params.get("run", "")
sentence = (
    "One point per epoch, live. The run continues when you close this page."
    if asked
    else "Open a run to watch it, or tick several to compare."
)
with frame.page("Run" if asked else "Runs", ":material/monitoring:", sentence) as workspace:
    if asked:
        one(workspace, asked)
    else:
        every(workspace)
