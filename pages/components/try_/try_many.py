"""A zip or a folder of pictures put to a model: its answers, to look through, put right and take along."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.components.shell import formats, frame, upload
from pages.components.shell.upload import Source
from pages.components.try_ import answer_table, feedback
from tlcore.data.feedback import Correction
from tlcore.errors import GraftError
from tlcore.evaluation.files import read_calibration
from tlcore.inference.batch import Answered, answer_all, contents
from tlcore.inference.predictions_csv import SURE_FROM
from tlcore.inference.predictor import Predictor
from tlcore.markup import one_line
from tlcore.progress import Progress, drain
from tlcore.runs.run import Run
from tlcore.spreadsheet import as_file
from tlcore.workspace import Workspace

DRAFT, DONE, FAULT = "many-draft", "many-done", "many-fault"
CAPTIONS = {
    "Zip": "Drop one archive of pictures, in any folders.",
    "Folder": "Drop a folder of pictures, with or without subfolders.",
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
        st.error(formats.lines(fault), icon=":material/error:")
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
    st.markdown(f"**Predicting {formats.plain(source.name)}**")
    bar = st.progress(0.0, text="Looking through the files …")
    st.button("Cancel", on_click=_forget, key="many-cancel")
    try:
        if source.path is None:
            raise GraftError("Drop a zip, a folder or pictures.")
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
    said = [f"{formats.count(step.done)} of {formats.plural(step.total, 'picture')}"]
    if step.done:
        said.append(f"{formats.rate(step.rate)} per second")
    if step.done and step.seconds_left is not None:
        said.append(f"{formats.duration(step.seconds_left)} left")
    return " · ".join(said)


def _forget() -> None:
    for name in (DRAFT, DONE):
        found = st.session_state.pop(name, None)
        source = found.source if isinstance(found, Done) else found
        if source is not None:
            source.discard()


@frame.fragment
def _answers(workspace: Workspace, run: Run, done: Done) -> None:
    answered = done.answered
    source = done.source.path
    if source is None:
        return
    about = f"**{formats.plural(len(answered.names), 'picture')}** of {formats.plain(done.source.name)}"
    head = st.container(horizontal=True, vertical_alignment="center")
    sure_from = SURE_FROM
    if answered.contract.classes:
        sure_from = st.slider(
            "Confidence threshold", 0.0, 1.0, SURE_FROM, 0.01, format="percent", key="many-sure", width=480,
            help="Predictions below it count as not sure: have a person check these.",
        )  # fmt: skip
    with head:
        st.markdown(about, width="stretch")
        if st.button("Other pictures", icon=":material/refresh:"):
            _forget()
            st.rerun()
        st.download_button(
            "Predictions as CSV", lambda: as_file(answered.csv(sure_from)), f"answers-{one_line(done.source.name)}.csv",
            mime="text/csv",
            icon=":material/download:", on_click="ignore", type="primary",
        )  # fmt: skip
    _worth(run, sure_from, answered)
    sent, value_range = feedback.sent(run), run.dataset.reading.get("value_range")
    picked = answer_table.show(answered, source, answered.said(sure_from), sent=sent, value_range=value_range)
    _correct(workspace, run, done, picked)


def _worth(run: Run, sure_from: float, answered: Answered) -> None:
    """What that confidence was worth on the test pictures, where it is known."""
    said = []
    calibration = read_calibration(run.path) if answered.contract.task == "classification" else None
    points = [point for point in calibration.coverage if point.confidence >= sure_from] if calibration else []
    if points:
        point = min(points, key=lambda one: one.confidence)
        said.append(
            f"Of the test pictures {formats.percent(point.coverage)} reach this confidence, and "
            f"{formats.percent(point.accuracy.value)} of those predictions are right ({100 * point.accuracy.low:.0f} "
            f"to {formats.percent(point.accuracy.high, 0)})."
        )
    if np.isnan(answered.unfamiliarity).all():
        said.append("This model has no out-of-distribution detection.")
    if answered.ignored:
        said.append(f"{formats.plural(answered.ignored, 'file')} ignored (no picture file extension).")
    if said:
        st.caption(" ".join(said))


def _correct(workspace: Workspace, run: Run, done: Done, picked: list[int]) -> None:
    feedback.told(workspace, run)
    if feedback.dataset(workspace, run) is None:
        st.caption(feedback.why_not(workspace, run))
        return
    if not picked:
        st.caption(
            f"Is a prediction wrong? Tick the pictures, enter their "
            f"{feedback.TITLES[done.answered.contract.task].lower()}, and send them to the inbox of the dataset."
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        contract = done.answered.contract
        of = "this picture" if len(picked) == 1 else f"these {len(picked)} pictures"
        label = feedback.choose(contract, "many-label", f"{feedback.TITLES[contract.task]} of {of}")
        pressed = st.button("Send to the inbox", icon=":material/inbox:", disabled=label is None, type="primary")
        if pressed and label is not None:
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
        st.session_state[feedback.FAULT] = str(error)
        return
    corrections = [
        Correction(name, content, label, reply.label if (reply := answered.replies[row]) else "")
        for row, name, content in zip(picked, names, found, strict=True)
    ]
    feedback.put_right(workspace, run, corrections)
