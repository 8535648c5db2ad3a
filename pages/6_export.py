"""Download a model that is proven to answer as the app does."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages.components import artefacts, frame, more_formats, words
from pages.components.pickers import no_model, pick_run
from tlcore.runs import exporting
from tlcore.runs.formats import FORMATS
from tlcore.runs.manifest import Manifest, read_manifests
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

WITH_RUN = [key for key, form in FORMATS.items() if form.with_run]


def none_yet(run: Run, workspace: Workspace) -> None:
    st.info(
        "This run has a model, but no files that were compared with the app: its worker did not come that far.",
        icon=":material/inventory_2:",
    )
    under_way = {each.key for each in exporting.making(run) if not each.error}
    if st.button("Make the files", type="primary", icon=":material/build:", disabled=bool(under_way)):
        with st.spinner("Starting their workers …"):
            for key in WITH_RUN:
                exporting.forget(run, key)
                exporting.begin(run, key, workspace)
        st.rerun()
    st.caption("The bundle, ONNX and Keras: each is loaded again in a fresh process and asked what the app was.")


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


def cards(run: Run, workspace: Workspace, found: Mapping[str, Manifest]) -> None:
    ordered = [*(key for key in FORMATS if key in found), *(key for key in found if key not in FORMATS)]
    offered = [key for key in ordered if found[key].agrees]
    with st.grid(3, min_column_width=260, gap="small"):
        for key in ordered:
            artefacts.card(run, workspace, found[key], primary=offered[:1] == [key])
    state = run.state()
    app = f"The app itself is right about {words.percent(state.test.accuracy)} of them. " if state.test else ""
    st.caption(
        f"Each file was loaded again in a fresh process, without this app, and asked about every test picture. {app}"
        "A file is offered without a warning only if 99.9 % of its answers are the app's and no probability differs by "
        "more than 0.001; in half precision (16 bits) 99.5 % of the answers are asked for; in 8 bits at most two "
        "points of accuracy may be lost. Point at a figure's name to read what it is."
    )


with frame.page(
    "Export", ":material/download:", "Take the model with you; each file is proven to answer as it does here."
) as ws:
    show(ws)
