"""Taking pictures in: what was given waits in the draft, gets a class name if it needs one, and becomes a dataset."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.components import packing, upload, words
from pages.components.upload import Source
from tlcore.data.dataset import Dataset, open_dataset
from tlcore.data.intake import ingest, needs_label, sample
from tlcore.data.progress import Progress, drain
from tlcore.errors import GraftError
from tlcore.workspace import Workspace

DRAFT, FAULT = "intake-draft", "intake-fault"


@dataclass
class Draft:
    """An intake that was asked for and is not done; `into` is the id of the dataset it adds to."""

    source: Source
    into: str = ""
    label: str = ""
    ready: bool = False


def offer(workspace: Workspace, key: str, into: Dataset | None = None) -> None:
    """Show the ways in; what is given is taken in on the next turn, when the uploader has let go of the bytes."""
    if fault := st.session_state.pop(FAULT, ""):
        st.error(fault, icon=":material/error:")
    try:
        source = upload.choose(workspace, key, with_sample=into is None)
    except GraftError as error:
        # Told on the next turn, with an empty uploader: the same files would fail again and again.
        st.session_state[FAULT] = str(error)
        st.rerun()
    if source is not None:
        st.session_state[DRAFT] = Draft(source, into.id if into else "")
        st.rerun()


def under_way() -> bool:
    return DRAFT in st.session_state


def carry_on(workspace: Workspace) -> None:
    """Do what the draft asks for; ask for the class first where the pictures do not say it."""
    draft: Draft = st.session_state[DRAFT]
    try:
        into = open_dataset(workspace, draft.into) if draft.into else None
        if packing.kind_of(draft.source):
            _forget(discard=False)
            packing.unpack(workspace, draft.source)
            return
        if not draft.ready and draft.source.path is not None and needs_label(draft.source.path):
            _ask_for_label(draft, into)
            return
        _take_in(workspace, draft, into)
    except GraftError as error:
        _forget()
        st.session_state[FAULT] = str(error)
        st.rerun()


def _take_in(workspace: Workspace, draft: Draft, into: Dataset | None) -> None:
    source = draft.source
    st.markdown(f"**Taking in {source.name}** · every file is opened and checked")
    bar = st.progress(0.0, text="Looking at what is there …")
    st.button("Cancel", on_click=_forget, key="intake-cancel")
    # Closed at once when the person turns away, so that nothing half-made is left.
    with closing(_steps(workspace, draft, into)) as steps:
        report = drain(steps, lambda progress: bar.progress(_share(progress), text=_said(progress)))
    _forget()
    st.query_params.clear()
    st.query_params["dataset"] = report.dataset.id
    said = f"{words.plural(report.kept, 'picture')} taken in"
    if report.left_out:
        said += f", {words.plural(len(report.left_out), 'file')} left out"
    st.toast(said, icon=":material/check_circle:")
    st.rerun()


def _steps(workspace: Workspace, draft: Draft, into: Dataset | None) -> Generator[Progress, None, Any]:
    if draft.source.path is None:
        return sample(workspace)
    return ingest(workspace, draft.source.path, label=draft.label or None, into=into)


def _ask_for_label(draft: Draft, into: Dataset | None) -> None:
    st.subheader("What do these pictures show?", anchor=False)
    st.markdown("They came without folders, so their class is not known yet. All of them get the same one.")
    classes = list(into.info.classes) if into else []
    # A form: the button need not wait for the field to lose the focus.
    with st.form("intake-label", border=False):
        if classes:
            label = st.selectbox(
                "Class", classes, index=None, accept_new_options=True, placeholder="Choose a class or type a new one"
            )
        else:
            label = st.text_input("Class", placeholder="for example: cat", autocomplete="off")
        if st.form_submit_button("Take in", type="primary"):
            if (label or "").strip():
                draft.label, draft.ready = str(label).strip(), True
                st.rerun()
            st.error("A class needs a name. Type at least one letter.")
    st.button("Cancel", on_click=_forget)


def _forget(*, discard: bool = True) -> None:
    draft = st.session_state.pop(DRAFT, None)
    if draft is not None and discard:
        draft.source.discard()


def _share(progress: Progress) -> float:
    return min(1.0, progress.done / progress.total) if progress.total else 0.0


def _said(progress: Progress) -> str:
    """`1 200 of 2 000 · 310 per second · 3 s left`, after what is being done."""
    said = [progress.note] if progress.note else []
    said.append(f"{words.count(progress.done)} of {words.count(progress.total)}" if progress.total else "")
    if progress.rate > 0:
        said.append(f"{words.rate(progress.rate)} per second")
    if progress.seconds_left is not None:
        said.append(f"{words.duration(progress.seconds_left)} left")
    return " · ".join(part for part in said if part)
