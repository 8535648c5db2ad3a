"""Download a model that is proven to answer as the app does."""

from __future__ import annotations

import streamlit as st

from pages.components import artefacts, frame, more_formats
from pages.components.pickers import no_model, pick_run
from tlcore.data.progress import drain
from tlcore.runs.formats import FORMATS
from tlcore.runs.launch import make_artefacts
from tlcore.runs.manifest import read_manifests
from tlcore.runs.run import Run
from tlcore.workspace import Workspace


def none_yet(run: Run) -> None:
    st.info(
        "This run has a model, but no files that were compared with the app: its worker did not come that far.",
        icon=":material/inventory_2:",
    )
    if st.button("Make the files", type="primary", icon=":material/build:"):
        # Ended runs only: a worker that is alive makes them itself.
        with st.status("Making the files …", expanded=True) as status:
            drain(make_artefacts(run), lambda step: status.update(label=step.note))
        st.rerun()
    st.caption(
        "It takes half a minute or more. Each file is loaded again in a fresh process and asked what the app was."
    )


def show(workspace: Workspace) -> None:
    run = pick_run(workspace)
    if run is None:
        no_model(workspace, "download it")
        return
    found = {manifest.format: manifest for manifest in read_manifests(run.path)}
    if not found:
        none_yet(run)
        return
    ordered = [*(key for key in FORMATS if key in found), *(key for key in found if key not in FORMATS)]
    offered = [key for key in ordered if found[key].agrees]
    with st.grid(3, min_column_width=260, gap="small"):
        for key in ordered:
            artefacts.card(run, found[key], primary=offered[:1] == [key])
    st.caption(
        "Each file was loaded again in a fresh process, without this app, and asked about every test picture. *Same "
        "answers* counts the pictures with the same class; *largest difference* is that of any probability, 0 to 1; "
        "*per picture* is processor time. A file is offered without a warning only if 99.9 % of the answers are the "
        "same and no probability differs by more than 0.001; in half precision 99.5 % are asked for; in 8 bits at most "
        "two points of accuracy may be lost."
    )
    more_formats.show(run, workspace, {key for key in found if found[key].kept})


with frame.page(
    "Export", ":material/download:", "Take the model with you; each file is proven to answer as it does here."
) as ws:
    show(ws)
