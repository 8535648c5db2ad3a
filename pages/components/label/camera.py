"""The camera on the page: a label, so many frames a second, and what came of the last burst.

It knows what is shown and heard; what frames become is the modality's to say. The browser's half is
`camera.js`, after `webcam.js`.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from types import ModuleType
from typing import Any

import streamlit as st

from pages.components.items import find_display, item_grid
from pages.components.shell import formats, tables, task_words
from tlcore.data.dataset import Dataset
from tlcore.data.staging import Published
from tlcore.errors import DataError, GraftError
from tlcore.modalities import BEFORE
from tlcore.progress import drain
from tlcore.tasks import find_task
from tlcore.tasks.multilabel.labels import join
from tlcore.workspace import Workspace

HERE = Path(__file__).parent
SHELL = HERE.parent / "shell"
KEY, LAST, FAULT, BURST = "camera", "camera-last", "camera-fault", "camera-burst"
RATES = (1, 2, 4, 8, 15)
TILES = 12
_FIRST = {
    "classification": "Choose a class first",
    "multilabel": "Choose labels first",
    "regression": "Enter the value first",
}

_mount = st.components.v2.component(
    "graft.camera",
    html='<div class="camera"></div>',
    css=(SHELL / "webcam.css").read_text(),
    js=(SHELL / "webcam.js").read_text() + (HERE / "camera.js").read_text(),
)


def show(workspace: Workspace, dataset: Dataset | None) -> None:
    """Record frames of one label into a dataset; the first burst makes one of classes where there is none."""
    if fault := st.session_state.pop(FAULT, ""):
        st.error(formats.lines(fault), icon=":material/error:")
    if burst := st.session_state.pop(BURST, None):
        _take(workspace, dataset, burst)
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        label, into = _choose(dataset)
    with right:
        rate = st.select_slider("Frames per second", RATES, value=4, key="camera-rate")
    _mount(
        key=KEY,
        data={
            "label": label,
            "into": into,
            "first": _FIRST[_task(dataset)],
            "rate": rate,
            "most": _bursts(dataset).MOST_FRAMES,
        },
        on_burst_change=_hear,
    )
    _last(dataset)
    st.caption(
        "Hold the button, or press and hold the space bar, while you slowly turn the object. Similar frames become "
        "one group, so that no split puts one of them into training and another into the test set. Nothing is sent "
        "unless you hold the button."
    )


def _bursts(dataset: Dataset | None) -> ModuleType:
    """What becomes of frames; a new dataset is one of pictures."""
    module: ModuleType = find_display(BEFORE if dataset is None else dataset.info.modality).CAMERA
    return module


def _task(dataset: Dataset | None) -> str:
    return dataset.info.task if dataset else "classification"


def _choose(dataset: Dataset | None) -> tuple[str, str]:
    """What the frames are labelled with, and how it is told; the latter is empty as long as nothing is chosen."""
    if dataset is None:
        label = st.text_input("Class", placeholder="for example: cup", autocomplete="off", key="camera-class").strip()
        return label, label
    info = dataset.info
    if info.task == "regression":
        value = st.number_input(
            formats.plain(task_words.value_title(info)), value=None, format="%g", key="camera-value",
            placeholder="Enter the value",
        )  # fmt: skip
        label = "" if value is None else find_task(info.task).read(str(value))
        return label, task_words.written(info, label) if label else ""
    if info.task == "multilabel":
        names = st.multiselect(
            "Labels", list(info.classes), key="camera-labels", accept_new_options=True,
            placeholder="Choose labels or type new ones; none is an answer, too",
        )  # fmt: skip
        label = join(name.strip() for name in names if name.strip())
        return label, task_words.written(info, label)
    label = st.selectbox(
        "Class", list(info.classes), index=None, accept_new_options=True, key="camera-class",
        placeholder="Choose a class or type a new one",
    )  # fmt: skip
    return (label or "").strip(), (label or "").strip()


def _hear() -> None:
    sent = st.session_state.get(KEY, {}).get("burst")
    if isinstance(sent, dict):
        st.session_state[BURST] = sent


def _take(workspace: Workspace, dataset: Dataset | None, burst: dict[str, Any]) -> None:
    try:
        with st.spinner("Importing the frames …"):
            report = drain(
                _bursts(dataset).take_burst(workspace, _frames(burst), str(burst.get("label") or ""), into=dataset),
                lambda step: None,
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
    report: Published | None = st.session_state.get(LAST)
    if report is None or dataset is None or report.dataset.id != dataset.id:
        return
    items = tables.items(dataset)
    bursts = items[items["source"].str.startswith(_bursts(dataset).PREFIX)]
    if bursts.empty:
        return
    burst = bursts["source"].str.rsplit("-", n=1).str[0]
    frames = bursts[burst == burst.max()]  # their names begin with the time
    groups = {group: number for number, group in enumerate(dict.fromkeys(frames["group"]), start=1)}
    label = formats.plain(task_words.written(dataset.info, frames["label"].iloc[0]))
    what = {"classification": "added to the class", "multilabel": "added with", "regression": "added with the value"}
    st.markdown(
        f"**{formats.plural(len(frames), 'frame')}** {what[dataset.info.task]} **{label}**, in "
        f"{formats.plural(len(groups), 'group')} of similar frames."
    )
    shown = frames.head(TILES)
    item_grid.show(dataset, shown["file"], [f"group {groups[group]:d}" for group in shown["group"]])
