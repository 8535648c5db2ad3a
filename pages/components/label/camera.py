"""The camera on the page: a class, so many frames a second, and what came of the last burst.

It knows what is shown and heard; what frames become is `tlcore.data.bursts`' to say. The browser's half is
`camera.js`, after `webcam.js`.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.items import item_grid
from pages.components.shell import formats, tables
from tlcore.data.bursts import MOST_FRAMES, PREFIX, take_burst
from tlcore.data.dataset import Dataset
from tlcore.data.intake import IntakeReport
from tlcore.errors import DataError, GraftError
from tlcore.progress import drain
from tlcore.workspace import Workspace

HERE = Path(__file__).parent
SHELL = HERE.parent / "shell"
KEY, LAST, FAULT, BURST = "camera", "camera-last", "camera-fault", "camera-burst"
RATES = (1, 2, 4, 8, 15)
TILES = 12

_mount = st.components.v2.component(
    "graft.camera",
    html='<div class="camera"></div>',
    css=(SHELL / "webcam.css").read_text(),
    js=(SHELL / "webcam.js").read_text() + (HERE / "camera.js").read_text(),
)


def show(workspace: Workspace, dataset: Dataset | None) -> None:
    """Record into a class of a dataset; the first burst makes one where there is none."""
    if fault := st.session_state.pop(FAULT, ""):
        st.error(formats.lines(fault), icon=":material/error:")
    if burst := st.session_state.pop(BURST, None):
        _take(workspace, dataset, burst)
    if dataset is not None and dataset.info.task != "classification":
        st.info(
            "The camera records into one class at a time, and the pictures of this dataset have several labels or a "
            "number. Put pictures into the inbox instead, and label them there.",
            icon=":material/videocam_off:",
        )
        return
    classes = list(dataset.info.classes) if dataset else []
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        if classes:
            label = st.selectbox(
                "Class", classes, index=None, accept_new_options=True, placeholder="Choose a class or type a new one",
                key="camera-class",
            )  # fmt: skip
        else:
            label = st.text_input("Class", placeholder="for example: cup", autocomplete="off", key="camera-class")
    with right:
        rate = st.select_slider("Frames per second", RATES, value=4, key="camera-rate")
    _mount(
        key=KEY,
        data={"label": (label or "").strip(), "rate": rate, "most": MOST_FRAMES},
        on_burst_change=_hear,
    )
    _last(dataset)
    st.caption(
        "Hold the button, or press and hold the space bar, while you slowly turn the object. Similar frames become "
        "one group, so that no split puts one of them into training and another into the test set. Nothing is sent "
        "unless you hold the button."
    )


def _hear() -> None:
    sent = st.session_state.get(KEY, {}).get("burst")
    if isinstance(sent, dict):
        st.session_state[BURST] = sent


def _take(workspace: Workspace, dataset: Dataset | None, burst: dict[str, Any]) -> None:
    try:
        with st.spinner("Importing the frames …"):
            report = drain(
                take_burst(workspace, _frames(burst), str(burst.get("label") or ""), into=dataset), lambda step: None
            )
    except GraftError as error:
        st.session_state[FAULT] = str(error)
    else:
        st.session_state[LAST] = report
        if dataset is None:
            st.query_params["dataset"] = report.dataset.id
    st.rerun()


def _frames(burst: dict[str, Any]) -> list[bytes]:
    frames = burst.get("frames")
    try:
        return [base64.b64decode(str(frame), validate=True) for frame in (frames if isinstance(frames, list) else [])]
    except (binascii.Error, ValueError) as error:
        raise DataError("The frames from the browser cannot be read. Record again.") from error


def _last(dataset: Dataset | None) -> None:
    """The frames of the last burst, as long as they are in use."""
    report: IntakeReport | None = st.session_state.get(LAST)
    if report is None or dataset is None or report.dataset.id != dataset.id:
        return
    items = tables.items(dataset)
    bursts = items[items["source"].str.startswith(PREFIX)]
    if bursts.empty:
        return
    burst = bursts["source"].str.rsplit("-", n=1).str[0]
    frames = bursts[burst == burst.max()]  # their names begin with the time
    groups = {group: number for number, group in enumerate(dict.fromkeys(frames["group"]), start=1)}
    st.markdown(
        f"**{formats.plural(len(frames), 'frame')}** added to the class "
        f"**{formats.plain(frames['label'].iloc[0])}**, in {formats.plural(len(groups), 'group')} of similar frames."
    )
    shown = frames.head(TILES)
    item_grid.show(dataset, shown["file"], [f"group {groups[group]:d}" for group in shown["group"]])
