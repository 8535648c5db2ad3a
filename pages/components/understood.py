"""Looking closer at a run: the way to start it, the worker at work, how it ended. What it found is shown by others."""

from __future__ import annotations

import streamlit as st

from pages.components import at_work, run_facts
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
        at_work.failed(f"**The closer look failed.** {run_facts.escape(state.error)}", understanding)
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
    if not understanding.state().live:
        st.rerun()
    at_work.show(
        "Looking closer",
        understanding,
        goes_on="It goes on when this page is closed.",
        help="What was found until then is kept.",
        key="stop-understanding",
    )
