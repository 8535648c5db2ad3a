"""Download a model that is proven to answer as the app does."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages.components.export import artefacts, more_formats
from pages.components.shell import formats, frame
from pages.components.shell.pickers import no_model, pick_run
from tlcore.jobs.launch import launch
from tlcore.runs.events import Evaluated
from tlcore.runs.exporting import Making, under_way
from tlcore.runs.formats import FORMATS
from tlcore.runs.manifest import Manifest, read_manifests
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

WITH_RUN = [key for key, form in FORMATS.items() if form.with_run]

_IN_FEWER_BITS = (
    "no probability differs by more than 0.001. In half precision (16 bits), 99.5 % must match; in 8 bits, at "
)
BARS = {
    "classification": f"{_IN_FEWER_BITS}most two points of accuracy may be lost",
    "multilabel": f"{_IN_FEWER_BITS}most two points of mean average precision may be lost",
    "regression": "no value differs by more than 0.1 % of the spread of the values. In half precision (16 bits), 1 % "
    "of the spread is allowed; in 8 bits, the mean absolute error may grow by 2 % of it",
}


def none_yet(run: Run, workspace: Workspace) -> None:
    st.info(
        "This run has a model, but its worker ended before the files were made and verified.",
        icon=":material/inventory_2:",
    )
    busy = any(state.live for state in under_way(run).values())
    if st.button("Make the files", type="primary", icon=":material/build:", disabled=busy):
        with st.spinner("Starting their workers …"):
            for key in WITH_RUN:
                launch(Making(run, key), workspace)
        st.rerun()
    st.caption("Bundle, ONNX and Keras: each is loaded in a fresh process and checked against the app's answers.")


def show(workspace: Workspace) -> None:
    run = pick_run(workspace)
    if run is None:
        no_model(workspace, "download it")
        return
    found = {manifest.format: manifest for manifest in read_manifests(run.path)}
    if found:
        cards(run, workspace, found)
    else:
        none_yet(run, workspace)
    more_formats.show(run, workspace, found)


def _of_app(test: Evaluated) -> str:
    """What the app itself scores, for comparison."""
    shown = formats.figure(test.of, test.value, test.unit)
    if test.metric == "accuracy":
        return f"The app itself is right about {shown} of them. "
    return f"{formats.plain(test.of.title)} of the app itself: {shown}. "


def cards(run: Run, workspace: Workspace, found: Mapping[str, Manifest]) -> None:
    ordered = [*(key for key in FORMATS if key in found), *(key for key in found if key not in FORMATS)]
    offered = [key for key in ordered if found[key].agrees]
    with st.grid(3, min_column_width=260, gap="small"):
        for key in ordered:
            artefacts.card(run, workspace, found[key], primary=offered[:1] == [key])
    state = run.state()
    app = _of_app(state.test) if state.test else ""
    st.caption(
        f"Each file was loaded in a fresh process, without this app, and checked on the whole test set. {app}A file "
        f"is offered without a warning only if at least 99.9 % of its predictions match the app's and "
        f"{formats.plain(BARS[run.dataset.task])}. A file that decodes pictures itself must also decode a set of "
        "difficult files exactly as the app does. Hover over the name of a figure for its meaning."
    )


with frame.page(
    "Export", ":material/download:", "Download the model. Each file is verified to predict what the app predicts."
) as ws:
    show(ws)
