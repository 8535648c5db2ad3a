"""The error analysis of a run: starts it, shows its progress and how it ended; other modules show its results."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages.components.shell import formats, job_status
from tlcore.evaluation.error_analysis.files import Understanding
from tlcore.jobs.launch import launch
from tlcore.runs.run import Run

LOOKS_FOR = """
- **Slices**: kinds of pictures with more errors than the rest, such as small, dark or blurred ones
- **Saliency**: where the model looks in each picture, and whether a border or a stamp gives a class away
- **Embedding map**: all pictures, placed by the model's features
- **Robustness** to blur, noise, light, JPEG compression, rotation and distance
"""
TAKES = "It takes a few minutes, most of them for testing the model on corrupted pictures."


def show(run: Run, looks_for: str = LOOKS_FOR) -> Understanding | None:
    """Show what there is to say; give the results where there are any, of this worker or of an earlier one.

    Args:
        run: What is analysed.
        looks_for: What it finds, as a list in Markdown.
    """
    understanding = Understanding(run)
    state = understanding.state()
    if state.live:
        job_status.watch(
            "Error analysis running",
            understanding,
            goes_on="It continues when this page is closed.",
            help="The results up to then are kept.",
            key="stop-understanding",
        )
        return None
    if state.state == "created":
        _first(understanding, looks_for)
        return None
    if state.state == "failed":
        job_status.failed("Error analysis failed.", state.error, understanding)
        _start(understanding, "Analyse again")
    elif state.state == "stopped":
        st.info("Error analysis was stopped. The results up to then are shown.", icon=":material/info:")
        _start(understanding, "Analyse again")
    outcome = understanding.outcome()
    for note in outcome.notes if outcome else ():
        st.caption(f":material/info: {formats.plain(note)}")
    return understanding


def _first(understanding: Understanding, looks_for: str) -> None:
    with st.container(border=True):
        st.markdown("### :material/search_insights: Error analysis")
        st.markdown("A single number hides a lot. The error analysis shows where and why the model fails:")
        st.markdown(looks_for)
        st.markdown(f"{TAKES} You can leave this page while it runs. It changes nothing.")
        _start(understanding, "Start error analysis")


def _start(understanding: Understanding, title: str) -> None:
    begin = partial(launch, understanding)
    job_status.start(title, begin, icon=":material/search_insights:", primary=True, key="start-understanding")
