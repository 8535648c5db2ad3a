"""Looking closer at a run: the way to start it, the worker at work, how it ended. What it found is shown by others."""

from __future__ import annotations

import streamlit as st

from pages.components import run_facts, words
from pages.components.live import STEADY
from tlcore.errors import GraftError
from tlcore.evaluation.understand_work import launch_understanding
from tlcore.evaluation.understanding import Understanding
from tlcore.runs.run import Run

LOOKS_FOR = """
- **Kinds of pictures** that it gets wrong more often than others: small, dark, blurred, from one folder, of one look
- **Where it looks** in each picture, and whether a frame or a stamp gives a class away
- **A map** of all pictures as the model sees them
- **What it does not stand**: blur, noise, light, JPEG, rotation, distance
"""


def show(run: Run) -> Understanding | None:
    """Show what there is to say; give the results where there are any, of this worker or of an earlier one."""
    understanding = Understanding(run)
    state = understanding.state()
    if state.live:
        st.html(STEADY)
        st.fragment(_watch, run_every="1s")(understanding)
        return None
    if state.state == "none":
        _first(run)
        return None
    if state.state == "failed":
        st.error(f"**The closer look failed.** {run_facts.escape(state.error)}", icon=":material/error:")
        if log := understanding.log():
            with st.expander("Log", icon=":material/receipt_long:"):
                st.code(log, language=None, height=240)
        _start(run, "Look again", primary=True)
    elif state.state == "stopped":
        st.info("The closer look was stopped; what was found until then is shown.", icon=":material/info:")
        _start(run, "Look again", primary=True)
    outcome = understanding.outcome()
    for note in outcome.notes if outcome else ():
        st.caption(f":material/info: {run_facts.escape(note)}")
    return understanding


def _first(run: Run) -> None:
    with st.container(border=True):
        st.markdown("### :material/search_insights: Where and why does it fail?")
        st.markdown("One number hides much. A closer look finds:")
        st.markdown(LOOKS_FOR)
        st.markdown(
            "It takes a few minutes, most of it for asking the model about distorted pictures. You can leave the "
            "page meanwhile. Nothing is changed."
        )
        _start(run, "Look closer", primary=True)


def _start(run: Run, title: str, *, primary: bool = False) -> None:
    kind = "primary" if primary else "secondary"
    if st.button(title, type=kind, icon=":material/search_insights:", key="start-understanding"):
        try:
            with st.spinner("Starting …"):
                launch_understanding(run)
        except GraftError as error:
            st.error(str(error), icon=":material/error:")
        else:
            st.rerun()


def _watch(understanding: Understanding) -> None:
    state = understanding.state()
    if not state.live:
        st.rerun()
    progress = state.progress
    share = progress.done / progress.total if progress and progress.total else 0.0
    said = [progress.title if progress else "Starting …"]
    if progress and progress.total:
        said.append(f"{words.count(progress.done)} of {words.count(progress.total)}")
    if progress and progress.seconds_left is not None:
        said.append(f"{words.duration(progress.seconds_left)} left")
    with st.container(border=True):
        st.markdown("### :material/hourglass_top: Looking closer")
        st.progress(min(share, 1.0), text=" · ".join(said))
        st.caption("It goes on when this page is closed.")
        stopping = understanding.stop_asked()
        st.button(
            "Stopping …" if stopping else "Stop",
            key="stop-understanding",
            icon=":material/stop:",
            on_click=understanding.stop,
            disabled=stopping,
            help="What was found until then is kept.",
        )
