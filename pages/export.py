"""Download a model that is proven to answer as the app does."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages.components.export import artefacts, more_formats
from pages.components.shell import formats, frame, job_status
from pages.components.shell.pickers import no_model, pick_run
from tlcore.modalities import find_modality
from tlcore.runs.events import Evaluated
from tlcore.runs.exporting import DOWNLOADS, Making
from tlcore.runs.formats import FORMATS
from tlcore.runs.manifest import MOST_CHECKED, Manifest, read_manifests
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

_IN_FEWER_BITS = (
    "no probability differs by more than 0.001. In half precision (16 bits), 99.5 % must match; in 8 bits, at "
)
BARS = {
    "classification": f"{_IN_FEWER_BITS}most two points of accuracy may be lost",
    "multilabel": f"{_IN_FEWER_BITS}most two points of mean average precision may be lost",
    "regression": "no value differs by more than 0.1 % of the spread of the values. In half precision (16 bits), 1 % "
    "of the spread is allowed; in 8 bits, the mean absolute error may grow by 2 % of it",
}


def downloads(run: Run, workspace: Workspace, *, some: bool) -> None:
    """Show how far the downloads of the run are; where there are none, offer to make them."""
    making = Making(run, DOWNLOADS)
    state = making.state()
    if state.live:
        job_status.watch(
            "Making and checking the downloads",
            making,
            goes_on="Each file is offered here as soon as it is proven to answer as the app does. You can evaluate and "
            "try the model meanwhile.",
            help="The result of the run stays. You can make the downloads later.",
            key="stop-downloads",
        )
        return
    if state.state == "failed":
        job_status.failed("The downloads could not be made.", state.error, making)
    elif not some:
        st.info("This run has a model, but its downloads are not made yet.", icon=":material/inventory_2:")
    else:
        return
    if st.button("Make the downloads", type="primary", icon=":material/build:"):
        artefacts.make(workspace, making)
    st.caption("Bundle, ONNX and Keras: each is loaded in a fresh process and checked against the app's answers.")


def show(workspace: Workspace) -> None:
    run = pick_run(workspace)
    if run is None:
        no_model(workspace, "download it")
        return
    found = {manifest.format: manifest for manifest in read_manifests(run.path)}
    downloads(run, workspace, some=bool(found))
    if found:
        cards(run, workspace, found)
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
    many = formats.plain(find_modality(run.config.input.modality).noun.many)
    st.caption(
        f"Each file was loaded in a fresh process, without this app, and checked on the test {many}, on {MOST_CHECKED} "
        f"of them where there are more. {app}A file is offered without a warning only if at least 99.9 % of its "
        f"predictions match the app's and {formats.plain(BARS[run.dataset.task])}. A file that decodes pictures itself "
        "must also decode a set of difficult files exactly as the app does. Hover over the name of a figure for its "
        "meaning."
    )


with frame.page(
    "Export", ":material/download:", "Download the model. Each file is verified to predict what the app predicts."
) as ws:
    show(ws)
