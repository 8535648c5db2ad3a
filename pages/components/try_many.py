"""A zip or a folder of pictures put to a model: a table of its answers, to look through, put right and take along."""

from __future__ import annotations

import base64
import io
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from pages.components import corrected, run_facts, upload, words
from pages.components.upload import Source
from tlcore.data.corrections import Correction
from tlcore.data.pixels import open_picture
from tlcore.data.progress import drain
from tlcore.errors import GraftError
from tlcore.evaluation.calibration import read_calibration
from tlcore.inference.many import Answered, Said, answer_all, contents, counts
from tlcore.inference.predictor import Predictor
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

DRAFT, DONE, FAULT = "many-draft", "many-done", "many-fault"
PER_PAGE, SIDE = 50, 96
ICONS: dict[Said, str] = {"sure": "✓", "not sure": "?", "none of these": "∅", "cannot be read": "✗"}
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
            answered = drain(
                steps,
                lambda step: bar.progress(
                    step.done / max(step.total, 1),
                    text=f"{words.count(step.done)} of {words.count(step.total)} · {words.rate(step.rate)} per second",
                ),
            )
    except GraftError as error:
        _forget()
        st.session_state[FAULT] = str(error)
    else:
        st.session_state.pop(DRAFT)
        st.session_state[DONE] = Done(run.id, source, answered)
    st.rerun()


def _forget() -> None:
    for name in (DRAFT, DONE):
        found = st.session_state.pop(name, None)
        source = found.source if isinstance(found, Done) else found
        if source is not None:
            source.discard()


@st.fragment
def _answers(workspace: Workspace, run: Run, done: Done) -> None:
    answered = done.answered
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        sure_from = st.slider("Sure from a confidence of", 0.0, 1.0, 0.5, 0.01, format="percent", key="many-sure")
    worth = answered.said(sure_from)
    with right, st.container(horizontal=True):
        st.download_button(
            "Answers as CSV", lambda: answered.csv(sure_from).encode(), f"answers-{done.source.name}.csv", "text/csv",
            icon=":material/download:", on_click="ignore", type="primary",
        )  # fmt: skip
        if st.button("Other pictures", icon=":material/refresh:"):
            _forget()
            st.rerun()
    _worth(run, sure_from, answered)
    counted = counts(worth)
    titles = {"": f"All {words.count(len(worth))}"} | {
        each: f"{ICONS[each]} {each} {words.count(number)}" for each, number in counted.items()
    }
    kind = st.pills(
        "Show", list(titles), format_func=lambda key: titles.get(key, key), default="", required=True,
        key="many-kind", label_visibility="collapsed",
    )  # fmt: skip
    rows = np.array([place for place, each in enumerate(worth) if not kind or each == kind], dtype=np.int64)
    doubtful = st.toggle("Least sure first", key="many-order")
    if doubtful:
        rows = rows[np.argsort(answered.confidence[rows], kind="stable")]
    pages = max(1, -(-len(rows) // PER_PAGE))
    page = st.pagination(pages, key=f"many-page-{kind}-{pages}") if pages > 1 else 1
    shown = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
    # Another view, or pictures that were just sent: what was ticked does not hold any more.
    picked = _table(done, shown, worth, f"{kind}-{doubtful}-{page}-{st.session_state.get(corrected.SENT, 0)}")
    _correct(workspace, run, done, [int(shown[place]) for place in picked if place < len(shown)])


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
            f"({100 * point.accuracy.low:.0f}–{100 * point.accuracy.high:.0f})."
        )
    if np.isnan(answered.unfamiliarity).all():
        said.append("This model cannot tell that a picture shows none of its classes.")
    if answered.ignored:
        said.append(f"{words.plural(answered.ignored, 'file')} without a picture's name left aside.")
    if said:
        st.caption(" ".join(said))


def _table(done: Done, shown: np.ndarray, worth: list[Said], view: str) -> list[int]:
    answered, names = done.answered, [done.answered.names[row] for row in shown]
    good = [not answered.errors[row] for row in shown]
    table = pd.DataFrame(
        {
            "picture": _thumbnails(str(done.source.path), tuple(names)),
            "answer": [
                answered.labels[answered.answers[row]] if ok else "–" for row, ok in zip(shown, good, strict=True)
            ],
            "confidence": [
                float(answered.confidence[row]) if ok else None for row, ok in zip(shown, good, strict=True)
            ],
            "says": [f"{ICONS[worth[row]]} {worth[row]}" for row in shown],
            "file": names,
            "why": [answered.errors[row] for row in shown],
        }
    )
    columns = ["picture", "answer", "confidence", "says", "file", *(["why"] if not all(good) else [])]
    event = st.dataframe(
        table,
        column_order=columns,
        column_config={
            "picture": st.column_config.ImageColumn("picture", width="small"),
            "file": st.column_config.TextColumn("file", width="medium"),
            "confidence": st.column_config.ProgressColumn(
                "confidence", min_value=0.0, max_value=1.0, format="percent", width="small"
            ),
        },
        row_height=64,
        height=560,
        hide_index=True,
        width="stretch",
        on_select="rerun",
        selection_mode="multi-row",
        key=f"many-table-{view}",
        placeholder="",
    )
    return list(event["selection"]["rows"])


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


@st.cache_data(max_entries=32, show_spinner=False)
def _thumbnails(source: str, names: tuple[str, ...]) -> list[str]:
    """Small pictures as addresses that hold them; empty where one cannot be read."""
    try:
        return [_thumbnail(content) for content in contents(Path(source), names)]
    except GraftError:
        return [""] * len(names)


def _thumbnail(content: bytes) -> str:
    try:
        picture = open_picture(content, side=SIDE)
    except (ValueError, OSError):
        return ""
    picture.thumbnail((SIDE, SIDE))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"
