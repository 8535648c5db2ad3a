"""A worker at work: what it does, how far it is, and the way to stop it."""

from __future__ import annotations

import streamlit as st

from pages.components import words
from tlcore.runs.events import Progress
from tlcore.runs.worker_folder import WorkerFolder

LOG_HEIGHT = 240  # pixels


def show(title: str, folder: WorkerFolder, *, goes_on: str, help: str, key: str) -> None:
    """Show how far the work is; `goes_on` is what a closed page means for it, `help` what a stop does."""
    progress = folder.progress()
    share = progress.done / progress.total if progress and progress.total else 0.0
    with st.container(border=True):
        st.markdown(f"### :material/hourglass_top: {title}")
        st.progress(min(share, 1.0), text=_said(progress))
        st.caption(goes_on)
        stopping = folder.stop_asked()
        st.button(
            "Stopping …" if stopping else "Stop",
            key=key,
            icon=":material/stop:",
            on_click=folder.stop,
            disabled=stopping,
            help=help,
        )


def _said(progress: Progress | None) -> str:
    if progress is None:
        return "Starting …"
    said = [progress.title]
    if progress.total:
        said.append(f"{words.count(progress.done)} of {words.count(progress.total)} {progress.unit}".strip())
    if progress.images_per_second:
        said.append(f"{words.rate(progress.images_per_second)} per second")
    if progress.seconds_left is not None:
        said.append(f"{words.duration(progress.seconds_left)} left")
    return " · ".join(said)


def failed(sentence: str, folder: WorkerFolder) -> None:
    """Say why the work failed, and show the end of its log."""
    st.error(sentence, icon=":material/error:")
    if log := folder.log():
        with st.expander("Log", icon=":material/receipt_long:"):
            st.code(log, language=None, height=LOG_HEIGHT)
