"""The camera put to a model, live: a few frames a second, and the answer to the last one beside the picture.

It knows what is asked and shown. Frames are read as every picture file is. The browser's half is `try_camera.js`, after
`webcam.js` and `idle.js`.
"""

from __future__ import annotations

import base64
import binascii
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.shell import frame
from pages.components.shell.theme import class_colours
from pages.components.try_ import answers, feedback
from tlcore.data.feedback import Correction
from tlcore.inference.predictions_csv import SURE_FROM, said
from tlcore.inference.predictor import Predictor, top
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

HERE = Path(__file__).parent
SHELL = HERE.parent / "shell"
RATE = 5  # frames a second, at most
BARS = 6

_mount = st.components.v2.component(
    "graft.try_camera",
    html='<div class="camera"></div>',
    css=(SHELL / "webcam.css").read_text() + (HERE / "try_camera.css").read_text(),
    js="".join(path.read_text() for path in (SHELL / "webcam.js", SHELL / "idle.js", HERE / "try_camera.js")),
)


def show(workspace: Workspace, run: Run, model: Predictor) -> None:
    """Show the camera and what the model says."""
    # Looked up here, not for every frame.
    _live(workspace, run, model, inbox=feedback.dataset(workspace, run) is not None)


@frame.fragment
def _live(workspace: Workspace, run: Run, model: Predictor, *, inbox: bool) -> None:
    """A frame runs nothing but this."""
    key = f"try-camera-{run.id}"
    _mount(
        key=key,
        data={
            "rate": RATE,
            "classes": list(model.labels.labels),
            "inbox": inbox,
            "answer": st.session_state.get(f"{key}-answer"),
            "said": st.session_state.get(f"{key}-said"),
        },
        on_frame_change=partial(_hear, key, model),
        on_wrong_change=partial(_correct, key, workspace, run),
    )
    feedback.told(workspace, run)
    st.caption(
        f"At most {RATE} pictures per second; frames that arrive while one is being processed are dropped. *Hold "
        "still* keeps the current picture, so that you can correct a wrong prediction. Nothing is stored unless you "
        "send it."
    )


def _hear(key: str, model: Predictor) -> None:
    sent = st.session_state.get(key, {}).get("frame")
    content = _content(sent)
    if content is None:
        return
    asked = answers.ask(model, content, "the camera")
    if asked.probabilities is None:
        st.session_state[f"{key}-answer"] = {
            "n": sent["n"],
            "best": [],
            "says": "unread",
            "why": asked.error,
            "ms": 0.0,
        }
        return
    colours = class_colours(model.labels.labels)
    best = top(asked.probabilities, model.labels, n=BARS)
    st.session_state[f"{key}-answer"] = {
        "n": sent["n"],
        "best": [{"label": label, "share": share, "colour": colours[label]} for label, share in best],
        **_doubt(best[0][1], asked.unfamiliarity),
        "ms": 1000 * (asked.reading_seconds + asked.model_seconds),
    }


def _doubt(confidence: float, unfamiliarity: float | None) -> dict[str, str]:
    says = said(confidence, unfamiliarity, SURE_FROM)
    why = {
        "out of distribution": "Out of distribution: unlike the training pictures.",
        "not sure": "Not sure: no class has a probability above 50 %.",
    }
    return {"says": says, "why": why.get(says, "")}


def _correct(key: str, workspace: Workspace, run: Run) -> None:
    sent = st.session_state.get(key, {}).get("wrong")
    content = _content(sent)
    label = str(sent.get("label") or "").strip() if isinstance(sent, dict) else ""
    if content is None or not label:
        return
    answered = str(sent.get("answered") or "")
    text = feedback.put_right(workspace, run, [Correction("camera.jpg", content, label, answered)])
    st.session_state[f"{key}-said"] = {"n": sent["n"], "text": f"{label}: {text}"}


def _content(sent: Any) -> bytes | None:
    """The picture in what the browser sent; None where there is none."""
    if not isinstance(sent, dict) or not isinstance(sent.get("n"), int):
        return None
    try:
        return base64.b64decode(str(sent.get("frame") or ""), validate=True) or None
    except (binascii.Error, ValueError):
        return None
