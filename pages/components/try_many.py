"""A zip or a folder of pictures put to a model: its answers, to look through, put right and take along."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.components import answer_table, corrected, run_facts, upload, words
from pages.components.upload import Source
from tlcore.data.corrections import Correction
from tlcore.data.progress import Progress, drain
from tlcore.errors import GraftError
from tlcore.evaluation.calibration import read_calibration
from tlcore.inference.many import Answered, answer_all, contents
from tlcore.inference.predictor import Predictor
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

DRAFT, DONE, FAULT = "many-draft", "many-done", "many-fault"
SURE_FROM = 0.5  # the probability from which an answer counts as sure, until somebody asks for another
CAPTIONS = {
    "Zip": "Drop one archive of pictures, in any folders.",
    "Folder": "Drop a folder of pictures, with or without folders in it.",
    "Pictures": "Drop as many pictures as you like. JPEG, PNG, WebP, BMP, GIF, TIFF, HEIC.",
}


@dataclass
class Done:
    """Answers that are there, of which run and for which pictures."""

    run: str
    source: Source
    answered: Answered


def show(workspace: Workspace, run: Run, model: Predictor) -> None:
    """Ask for pictures, ask the model, show what it says."""
    if fault := st.session_state.pop(FAULT, ""):
        st.error(fault, icon=":material/error:")
    if DRAFT in st.session_state:
        _ask(run, model)
        return
    done: Done | None = st.session_state.get(DONE)
    if done is not None and done.run == run.id:
        _answers(workspace, run, done)
        return
    if done is not None:
        # Another run was chosen: the same pictures once more.
        st.session_state[DRAFT] = st.session_state.pop(DONE).source
        st.rerun()
    try:
        source = upload.choose(workspace, "try-many", with_sample=False, captions=CAPTIONS)
    except GraftError as error:
        st.session_state[FAULT] = str(error)
        st.rerun()
    if source is not None:
        st.session_state[DRAFT] = source
        st.rerun()


def _ask(run: Run, model: Predictor) -> None:
    source: Source = st.session_state[DRAFT]
    st.markdown(f"**Asking about {run_facts.escape(source.name)}**")
    bar = st.progress(0.0, text="Looking at the files …")
    st.button("Cancel", on_click=_forget, key="many-cancel")
    try:
        if source.path is None:
            raise GraftError("A zip, a folder or pictures are needed.")
        with closing(answer_all(model, source.path)) as steps:
            answered = drain(steps, lambda step: bar.progress(step.done / max(step.total, 1), text=_how_far(step)))
    except GraftError as error:
        _forget()
        st.session_state[FAULT] = str(error)
    else:
        st.session_state.pop(DRAFT)
        st.session_state[DONE] = Done(run.id, source, answered)
    st.rerun()


def _how_far(step: Progress) -> str:
    said = [f"{words.count(step.done)} of {words.plural(step.total, 'picture')}"]
    if step.done:
        said.append(f"{words.rate(step.rate)} per second")
    if step.done and step.seconds_left is not None:
        said.append(f"{words.duration(step.seconds_left)} left")
    return " · ".join(said)


def _forget() -> None:
    for name in (DRAFT, DONE):
        found = st.session_state.pop(name, None)
        source = found.source if isinstance(found, Done) else found
        if source is not None:
            source.discard()


@st.fragment
def _answers(workspace: Workspace, run: Run, done: Done) -> None:
    answered = done.answered
    source = done.source.path
    if source is None:
        return
    about = f"**{words.plural(len(answered.names), 'picture')}** of {run_facts.escape(done.source.name)}"
    head = st.container(horizontal=True, vertical_alignment="center")
    sure_from = st.slider(
        "Sure from a confidence of", 0.0, 1.0, SURE_FROM, 0.01, format="percent", key="many-sure", width=480,
        help="Answers below it count as not sure: have a person look at these.",
    )  # fmt: skip
    with head:
        st.markdown(about, width="stretch")
        if st.button("Other pictures", icon=":material/refresh:"):
            _forget()
            st.rerun()
        st.download_button(
            "Answers as CSV", lambda: answered.csv(sure_from).encode(), f"answers-{done.source.name}.csv", "text/csv",
            icon=":material/download:", on_click="ignore", type="primary",
        )  # fmt: skip
    _worth(run, sure_from, answered)
    picked = answer_table.show(answered, source, answered.said(sure_from), sent=corrected.sent(run))
    _correct(workspace, run, done, picked)


def _worth(run: Run, sure_from: float, answered: Answered) -> None:
    """What that confidence was worth on the test pictures, where it is known."""
    said = []
    calibration = read_calibration(run.path)
    points = [point for point in calibration.coverage if point.confidence >= sure_from] if calibration else []
    if points:
        point = min(points, key=lambda one: one.confidence)
        said.append(
            f"Of the test pictures {words.percent(point.coverage)} were answered so surely, and "
            f"{words.percent(point.accuracy.value)} of these answers were right "
            f"({100 * point.accuracy.low:.0f} to {words.percent(point.accuracy.high, 0)})."
        )
    if np.isnan(answered.unfamiliarity).all():
        said.append("This model cannot tell that a picture shows none of its classes.")
    if answered.ignored:
        said.append(f"{words.plural(answered.ignored, 'file')} without a picture's name left aside.")
    if said:
        st.caption(" ".join(said))


def _correct(workspace: Workspace, run: Run, done: Done, picked: list[int]) -> None:
    corrected.told(workspace, run)
    if corrected.dataset(workspace, run) is None:
        st.caption("Wrong answers cannot be sent to the dataset: it is gone.")
        return
    if not picked:
        st.caption("Is an answer wrong? Tick the pictures, say what they show, and send them to the dataset's inbox.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox(
            f"What {'this picture shows' if len(picked) == 1 else f'these {len(picked)} pictures show'}",
            done.answered.labels, index=None, accept_new_options=True, width=280,
            placeholder="Choose a class or type a new one", key="many-label",
        )  # fmt: skip
        if st.button("Send to the inbox", icon=":material/inbox:", disabled=not label, type="primary"):
            send(workspace, run, done, picked, label)
            st.rerun()


def send(workspace: Workspace, run: Run, done: Done, picked: list[int], label: str) -> None:
    """Send some of the pictures to the inbox as `label`."""
    answered, names = done.answered, [done.answered.names[row] for row in picked]
    given = done.source.path
    if given is None:
        return
    try:
        found = contents(given, names)
    except GraftError as error:
        st.session_state[corrected.FAULT] = str(error)
        return
    corrections = [
        Correction(name, content, label, "" if answered.errors[row] else answered.labels[answered.answers[row]])
        for row, name, content in zip(picked, names, found, strict=True)
    ]
    corrected.put_right(workspace, run, corrections)
