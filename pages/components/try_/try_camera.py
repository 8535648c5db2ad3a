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
from pages.components.try_ import answers, feedback, predictions
from tlcore.data.feedback import Correction
from tlcore.inference.predictions_csv import SURE_FROM, said
from tlcore.inference.predictor import Predictor
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

HERE = Path(__file__).parent
SHELL = HERE.parent / "shell"
RATE = 5  # frames a second, at most
BARS = 6
ASKS = {
    "classification": "What is it?",
    "multilabel": "True labels, with | between them",
    "regression": "True value",
}

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
            "classes": list(model.labels.classes),
            "asks": ASKS[model.labels.task],
            "inbox": inbox,
            "none": model.labels.task == "multilabel",
            "answer": st.session_state.get(f"{key}-answer"),
            "said": st.session_state.get(f"{key}-said"),
        },
        on_frame_change=partial(_hear, key, model),
        on_wrong_change=partial(_correct, key, workspace, run, model),
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
    if asked.outputs is None:
        st.session_state[f"{key}-answer"] = {
            "n": sent["n"],
            "best": [],
            "says": "unread",
            "why": asked.error,
            "ms": 0.0,
        }
        return
    contract, reply = model.labels, model.reply(asked.outputs)
    colours = class_colours(contract.classes)
    st.session_state[f"{key}-answer"] = {
        "n": sent["n"],
        "answered": reply.label,
        "title": "" if contract.task == "classification" else predictions.answer_text(reply, contract),
        "note": predictions.interval_text(reply, contract),
        "best": [
            {
                "label": each.label,
                "share": each.share,
                "colour": colours[each.label],
                "mark": each.threshold,
                "given": each.given,
            }
            for each in predictions.bars(asked.outputs, reply, contract, n=BARS)
        ],
        **_doubt(reply.confidence, asked.unfamiliarity, contract.task),
        "ms": 1000 * (asked.reading_seconds + asked.model_seconds),
    }


def _doubt(confidence: float, unfamiliarity: float | None, task: str) -> dict[str, str]:
    says = said(confidence, unfamiliarity, SURE_FROM, task)
    strange = "Out of distribution: unlike the training pictures."
    unsure = "no class has a probability above 50 %" if task == "classification" else "one of the labels is close"
    why = {"none of these": strange, "out of distribution": strange, "not sure": f"Not sure: {unsure}."}
    return {"says": says, "why": why.get(says, "")}


def _correct(key: str, workspace: Workspace, run: Run, model: Predictor) -> None:
    sent = st.session_state.get(key, {}).get("wrong")
    content = _content(sent)
    label = str(sent.get("label") or "").strip() if isinstance(sent, dict) else ""
    if content is None or (not label and model.labels.task != "multilabel"):
        return
    try:
        label = model.labels.kind.read(label)
    except ValueError as error:
        st.session_state[f"{key}-said"] = {"n": sent["n"], "text": f"{str(error).capitalize()}. Nothing was sent."}
        return
    answered = str(sent.get("answered") or "")
    text = feedback.put_right(workspace, run, [Correction("camera.jpg", content, label, answered)])
    shown = predictions.label_text(label, model.labels)
    st.session_state[f"{key}-said"] = {"n": sent["n"], "text": f"{shown}: {text}"}


def _content(sent: Any) -> bytes | None:
    """The picture in what the browser sent; None where there is none."""
    if not isinstance(sent, dict) or not isinstance(sent.get("n"), int):
        return None
    try:
        return base64.b64decode(str(sent.get("frame") or ""), validate=True) or None
    except (binascii.Error, ValueError):
        return None
