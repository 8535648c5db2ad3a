"""The check of a dataset: what it does, how far it is, how it ended. What it found is shown by `findings`."""

from __future__ import annotations

import streamlit as st

from pages.components import at_work, checked, findings, learning_curve, run_facts, tables, words
from pages.components.live import STEADY
from tlcore.data.dataset import Dataset, list_datasets
from tlcore.errors import GraftError
from tlcore.health.check import Check, CheckInfo
from tlcore.health.events import CheckState
from tlcore.health.launch import launch_check
from tlcore.workspace import Workspace

LOOKS_FOR = """
- **Near-copies** (resized, cropped, saved again, mirrored), and those that would stand on both sides of a split
- **Labels that look wrong**, judged by a model that has not seen the picture
- **Poor pictures**: blurred, dark, blown out, nearly uniform, odd in size or shape
- **Shortcuts**: a class given away by its picture size, border, camera or file format
- **Classes**: uneven, hard to tell apart, or really two; pictures that are unlike the rest of theirs
- **Whether more pictures would help**, and of which class
"""


def show(workspace: Workspace, dataset: Dataset) -> None:
    """Show what there is: the way to start, the check at work, or what it found."""
    check = Check(dataset)
    state = check.state()
    if state.live:
        st.html(STEADY)
        st.fragment(_watch, run_every="1s")(check)
        return
    _ended(workspace, dataset, check, state)
    info = check.info()
    if info is None:
        if state.state == "none":
            _first(workspace, dataset)
        return
    _facts(workspace, dataset, check, info)
    findings.show(dataset)
    if not st.query_params.get("kind"):
        learning_curve.show(dataset)


def _first(workspace: Workspace, dataset: Dataset) -> None:
    number = len(tables.items(dataset))
    with st.container(border=True):
        st.markdown("### :material/health_and_safety: What is wrong with these pictures?")
        st.markdown("A model learns what it is shown, mistakes included. The check looks for:")
        st.markdown(LOOKS_FOR)
        st.markdown(
            f"It computes the features of {words.plural(number, 'picture')} once, as a training would, and keeps them "
            f"for it: it takes about as long as preparing a training{_experience(workspace)}. You can leave the page "
            "meanwhile. Nothing is changed; what to do about each finding is yours to decide."
        )
        _start(workspace, dataset, "Check the pictures", primary=True)


def _experience(workspace: Workspace) -> str:
    """How long the latest check on this machine took; empty where there was none."""
    infos = [info for dataset in list_datasets(workspace) if (info := Check(dataset).info())]
    if not infos:
        return ""
    last = max(infos, key=lambda info: info.at)
    return f" (the last check took {words.duration(last.seconds)} for {words.plural(last.pictures, 'picture')})"


def _start(workspace: Workspace, dataset: Dataset, title: str, *, primary: bool = False) -> None:
    kind = "primary" if primary else "secondary"
    if st.button(title, type=kind, icon=":material/health_and_safety:", key="start-check"):
        try:
            with st.spinner("Starting the check …"):
                launch_check(workspace, dataset)
        except GraftError as error:
            st.error(str(error), icon=":material/error:")
        else:
            st.rerun()


def _watch(check: Check) -> None:
    if not check.state().live:
        st.rerun()
    at_work.show(
        "The pictures are being checked",
        check,
        goes_on="It goes on when this page is closed. The results of the last check stay until it is done.",
        help="What was computed is kept: the next check goes on from there.",
        key="stop-check",
    )


def _ended(workspace: Workspace, dataset: Dataset, check: Check, state: CheckState) -> None:
    """Say how the last check ended, where that was not well."""
    if state.state == "failed":
        at_work.failed(f"**The check failed.** {run_facts.escape(state.error)}", check)
    elif state.state == "stopped":
        st.info("The check was stopped. What was computed is kept: it goes on from there.", icon=":material/info:")
    else:
        return
    _start(workspace, dataset, "Check again", primary=True)


def _facts(workspace: Workspace, dataset: Dataset, check: Check, info: CheckInfo) -> None:
    """The numbers of the last check, and whether it is still about the dataset as it is."""
    if st.query_params.get("kind"):
        return
    ended_well = check.state().state == "finished"
    stale = check.stale()
    if stale and ended_well:
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            settled = len(checked.findings(dataset)) - len(checked.left(dataset))
            done = f" {words.plural(settled, 'finding')} settled since." if settled else ""
            st.markdown(
                f":material/update: The pictures or labels have changed since this check.{done} Check again to see "
                "what is left: what was computed is kept, so it is quick.",
                width="stretch",
            )
            _start(workspace, dataset, "Check again")
    with st.grid(4, min_column_width=150):
        st.metric("Pictures checked", words.count(info.pictures), border=True)
        st.metric("Findings left", words.count(len(checked.left(dataset))), border=True)
        right = words.percent(info.accuracy) if info.accuracy is not None else "–"
        probe = "A linear model on the features, each picture judged by one that has not seen it."
        st.metric("A quick model is right", right, border=True, help=probe)
        st.metric("The check took", words.duration(info.seconds), border=True)
    for note in info.notes:
        st.caption(f":material/info: {run_facts.escape(note)}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Checked {words.moment(info.at)}, version {info.version} of the pictures.", width="content")
        if ended_well and not stale:
            _start(workspace, dataset, "Check again")
