"""Taking items in: what was given waits in the draft, is shown in a preview, and becomes a dataset."""

from __future__ import annotations

import secrets
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import streamlit as st

from pages.components.data import example, import_preview
from pages.components.data.import_preview import State
from pages.components.shell import formats, frame, packing, task_words, upload
from pages.components.shell.upload import Source
from tlcore.data.dataset import Dataset, open_dataset
from tlcore.data.import_plan import ImportChoices
from tlcore.data.intake import ingest, sample
from tlcore.errors import GraftError
from tlcore.progress import Progress, drain
from tlcore.tasks import find_task
from tlcore.workspace import Workspace

SAMPLE = Source(None, "the sample")
DRAFT, FAULT = "intake-draft", "intake-fault"


@dataclass
class Draft:
    """An intake that was asked for and is not done.

    Attributes:
        into: The id of the dataset that it adds to; empty for a new one.
        preview: What a person has chosen in the import preview.
        chosen: The choices with which the person has pressed *Import*; None until then.
        then: What comes after the import: the Train page, or an example run on what was imported.
    """

    source: Source
    into: str = ""
    preview: State = field(default_factory=lambda: State(secrets.token_hex(4)))
    chosen: ImportChoices | None = None
    then: Literal["", "train", "example"] = ""


def offer(workspace: Workspace, key: str, into: Dataset | None = None, *, with_sample: bool = True) -> None:
    """Show the ways to import; the import starts on the next rerun, when the uploader has freed its memory."""
    if fault := st.session_state.pop(FAULT, ""):
        st.error(formats.lines(fault), icon=":material/error:")
    try:
        source = upload.choose(workspace, key, with_sample=with_sample and into is None)
    except GraftError as error:
        # Told on the next turn, with an empty uploader: the same files would fail again and again.
        st.session_state[FAULT] = str(error)
        st.rerun()
    if source is not None:
        st.session_state[DRAFT] = Draft(source, into.id if into else "")
        st.rerun()


def offer_sample(key: str) -> None:
    """Show the button that imports the sample."""
    if st.button("Open the sample", icon=":material/texture:", key=f"{key}-sample"):
        st.session_state[DRAFT] = Draft(SAMPLE)
        st.rerun()


def offer_example(key: str) -> None:
    """Show the button that imports the sample and trains an example run on it."""
    if st.button("Train the example", icon=":material/play_arrow:", key=f"{key}-example"):
        st.session_state[DRAFT] = Draft(SAMPLE, then="example")
        st.rerun()


def under_way() -> bool:
    return DRAFT in st.session_state


def carry_on(workspace: Workspace) -> None:
    """Show the import preview of the draft, and take it in when the person has pressed *Import*."""
    draft: Draft = st.session_state[DRAFT]
    try:
        into = open_dataset(workspace, draft.into) if draft.into else None
        if packing.kind_of(draft.source):
            # A whole dataset of Graft's: there is nothing to understand.
            _forget(discard=False)
            packing.unpack(workspace, draft.source)
        elif draft.source.path is None or draft.chosen is not None:
            _take_in(workspace, draft, into)
        else:
            import_preview.show(draft.source.path, draft.preview, into, partial(_go, draft), _forget)
    except GraftError as error:
        if draft.chosen is not None and DRAFT in st.session_state:
            # Nothing is lost: the preview comes back with the fault, and something else can be chosen.
            draft.chosen, draft.preview.fault = None, str(error)
        else:
            _forget()
            st.session_state[FAULT] = str(error)
        st.rerun()


def _go(draft: Draft, choices: ImportChoices, train: bool) -> None:
    """Note that *Import* was pressed; the import begins on the next turn."""
    draft.chosen, draft.then = choices, "train" if train else ""


def _take_in(workspace: Workspace, draft: Draft, into: Dataset | None) -> None:
    source = draft.source
    st.markdown(f"**Importing {formats.plain(source.name)}** · every file is opened and checked")
    bar = st.progress(0.0, text="Looking through the files …")
    st.button("Cancel", on_click=_forget, key="intake-cancel")
    # Closed at once when the person turns away, so that nothing half-made is left.
    with closing(_steps(workspace, draft, into)) as steps:
        report = drain(steps, lambda progress: bar.progress(_share(progress), text=formats.plain(_said(progress))))
    _forget()
    noun = task_words.noun(report.dataset.info)
    said = f"{formats.plural(report.kept, noun.one, noun.many)} imported"
    if report.left_out:
        said += f", {formats.plural(len(report.left_out), 'file')} left out"
    st.toast(said, icon=":material/check_circle:")
    if draft.then == "example":
        example.start(workspace, report.dataset)
    info = report.dataset.info
    if draft.then == "train" and len(info.classes) >= find_task(info.task).few:
        frame.go_to(frame.TRAIN, dataset=report.dataset.id)
    st.query_params.clear()
    st.query_params["dataset"] = report.dataset.id
    st.rerun()


def _steps(workspace: Workspace, draft: Draft, into: Dataset | None) -> Generator[Progress, None, Any]:
    if draft.source.path is None:
        return sample(workspace)
    return ingest(workspace, draft.source.path, into=into, choices=draft.chosen)


def _forget(*, discard: bool = True) -> None:
    draft = st.session_state.pop(DRAFT, None)
    if draft is not None and discard:
        draft.source.discard()


def _share(progress: Progress) -> float:
    return min(1.0, progress.done / progress.total) if progress.total else 0.0


def _said(progress: Progress) -> str:
    """`1 200 of 2 000 · 310 per second · 3 s left`, after what is being done."""
    said = [progress.note] if progress.note else []
    said.append(f"{formats.count(progress.done)} of {formats.count(progress.total)}" if progress.total else "")
    if progress.rate > 0:
        said.append(f"{formats.rate(progress.rate)} per second")
    if progress.seconds_left is not None:
        said.append(f"{formats.duration(progress.seconds_left)} left")
    return " · ".join(part for part in said if part)
