"""Wrong answers, put right: pictures go to the inbox of the run's dataset with the label that a person gives."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.components.shell import formats, frame
from pages.components.try_.answers import Asked, Below
from tlcore.contract import Contract
from tlcore.data.dataset import Dataset, open_dataset
from tlcore.data.feedback import Correction, Sent, send
from tlcore.data.inbox import Inbox
from tlcore.errors import GraftError
from tlcore.progress import drain
from tlcore.runs.run import Run
from tlcore.tasks import Reply, find_task
from tlcore.tasks.multilabel.labels import join
from tlcore.workspace import Workspace

FAULT, SENT = "corrected-fault", "corrected-sent"


def sent(run: Run) -> int:
    """How many pictures went to the inbox of the run's dataset from this tab."""
    count: int = st.session_state.get(_counter(run), 0)
    return count


def _counter(run: Run) -> str:
    return f"{SENT}-{run.dataset.id}"


def dataset(workspace: Workspace, run: Run) -> Dataset | None:
    """The dataset that pictures can be sent to; None where it is gone, or has another task by now."""
    try:
        found = open_dataset(workspace, run.dataset.id)
    except GraftError:
        return None
    return found if found.info.task == run.dataset.task else None


def why_not(workspace: Workspace, run: Run) -> str:
    """Say why wrong predictions cannot be sent to the inbox."""
    try:
        task = find_task(open_dataset(workspace, run.dataset.id).info.task)
    except GraftError:
        return "The dataset was deleted, so wrong predictions cannot be sent to its inbox."
    return (
        f"The dataset is one of {formats.plain(task.title.lower())} by now, so wrong predictions of this model cannot "
        "be sent to its inbox."
    )


def choose(contract: Contract, key: str, title: str, *, without: Sequence[str] = ()) -> str | None:
    """Let a person say what is right, in the way of the task; give it as a label, None as long as nothing is said.

    Args:
        contract: Of the model that was wrong.
        key: Of the widget.
        title: Of the widget.
        without: Classes that are not offered: what the model said.
    """
    if contract.task == "regression":
        unit = f" ({formats.plain(contract.unit)})" if contract.unit else ""
        value = st.number_input(
            f"{title}{unit}", value=None, key=key, placeholder="Enter the true value", format="%g", width=280
        )
        return None if value is None else contract.kind.read(str(value))
    if contract.task == "multilabel":
        names = st.multiselect(
            title,
            list(contract.classes),
            key=key,
            accept_new_options=True,
            placeholder="Choose labels or type new ones",
        )
        none = st.checkbox("None of the labels", key=f"{key}-none", disabled=bool(names))
        return contract.kind.read(join(names)) if names or none else None
    label = st.selectbox(
        title, [each for each in contract.classes if each not in without], index=None, key=key,
        accept_new_options=True, placeholder="Choose a class or type a new one",
    )  # fmt: skip
    return str(label) if label else None


TITLES = {"classification": "True class", "multilabel": "True labels", "regression": "True value"}


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
        frame.page_button("Open the inbox", frame.LABEL, {"dataset": run.dataset.id}, key="corrected-inbox")


def below(workspace: Workspace, run: Run, contract: Contract) -> Below | None:
    """What stands below an answer: a small *Wrong?*; nothing where nothing can be sent."""
    if dataset(workspace, run) is None:
        return None

    def popover(one: Asked, reply: Reply, place: int) -> None:
        content = _bytes(one)
        key = f"{place}-{hashlib.sha256(content).hexdigest()[:16]}"
        with st.popover("Wrong?", icon=":material/edit:", type="tertiary", key=f"wrong-{key}"):
            label = choose(contract, f"right-{key}", TITLES[contract.task], without=reply.labels)
            pressed = st.button("Send to the inbox", key=f"send-{key}", icon=":material/inbox:", disabled=label is None)
            if pressed and label is not None:
                put_right(workspace, run, [Correction(one.name, content, label, reply.label)])
                st.rerun()

    return popover


def _bytes(one: Asked) -> bytes:
    if isinstance(one.source, bytes):
        return one.source
    if isinstance(one.source, Path):
        return one.source.read_bytes()
    one.source.seek(0)
    return one.source.read()
