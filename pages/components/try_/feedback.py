"""Wrong answers, put right: pictures go to the inbox of the run's dataset with the class that a person gives."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.components.shell import formats, frame
from pages.components.try_.answers import Asked, Below
from tlcore.data.dataset import Dataset, open_dataset
from tlcore.data.feedback import Correction, Sent, send
from tlcore.data.inbox import Inbox
from tlcore.errors import GraftError
from tlcore.progress import drain
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

FAULT, SENT = "corrected-fault", "corrected-sent"


def sent(run: Run) -> int:
    """How many pictures went to the inbox of the run's dataset from this tab."""
    count: int = st.session_state.get(_counter(run), 0)
    return count


def _counter(run: Run) -> str:
    return f"{SENT}-{run.dataset.id}"


def dataset(workspace: Workspace, run: Run) -> Dataset | None:
    """The dataset that pictures can be sent to; None where it is gone."""
    try:
        return open_dataset(workspace, run.dataset.id)
    except GraftError:
        return None


def put_right(workspace: Workspace, run: Run, corrections: Sequence[Correction]) -> str:
    """Send pictures to the inbox and say what became of them, in a sentence."""
    try:
        done = drain(send(workspace, Inbox(open_dataset(workspace, run.dataset.id)), corrections), lambda step: None)
    except GraftError as error:
        st.session_state[FAULT] = str(error)
        return str(error)
    if done.labelled:
        st.session_state[_counter(run)] = sent(run) + done.labelled
    said = _said(done)
    if done.left_out:
        st.session_state[FAULT] = said
    return said


def _said(done: Sent) -> str:
    said = f"{formats.plural(done.labelled, 'picture')} in the inbox." if done.labelled else ""
    if done.left_out:
        first = done.left_out[0].reason
        said += f" {formats.plural(len(done.left_out), 'picture')} left out: {first}"
        if first.startswith("The dataset has"):
            said += " If that class is wrong, change it on the Data page."
    return said.strip()


def told(workspace: Workspace, run: Run) -> None:
    """Say what was sent, and the way to it: there the pictures join the dataset."""
    if fault := st.session_state.pop(FAULT, ""):
        st.warning(formats.lines(fault), icon=":material/inbox:")
    if not (count := sent(run)):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/inbox: {formats.plural(count, 'corrected picture')} went to the inbox. Add them to the "
            "dataset there."
        )
        if st.button("Open the inbox", key="corrected-inbox"):
            frame.go_to(frame.LABEL, dataset=run.dataset.id)


def below(workspace: Workspace, run: Run, classes: Sequence[str]) -> Below | None:
    """What stands below an answer: a small *Wrong?*; nothing where the dataset is gone."""
    if dataset(workspace, run) is None:
        return None

    def popover(one: Asked, answered: str, place: int) -> None:
        content = _bytes(one)
        key = f"{place}-{hashlib.sha256(content).hexdigest()[:16]}"
        with st.popover("Wrong?", icon=":material/edit:", type="tertiary", key=f"wrong-{key}"):
            label = st.selectbox(
                "True class", [each for each in classes if each != answered], index=None, key=f"right-{key}",
                accept_new_options=True, placeholder="Choose a class or type a new one",
            )  # fmt: skip
            if st.button("Send to the inbox", key=f"send-{key}", icon=":material/inbox:", disabled=not label):
                put_right(workspace, run, [Correction(one.name, content, str(label), answered)])
                st.rerun()

    return popover


def _bytes(one: Asked) -> bytes:
    if isinstance(one.source, bytes):
        return one.source
    if isinstance(one.source, Path):
        return one.source.read_bytes()
    one.source.seek(0)
    return one.source.read()
