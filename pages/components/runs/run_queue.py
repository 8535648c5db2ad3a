"""The line of runs on this machine: who trains, who waits, and the buttons that change it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.components.shell import formats, frame, run_facts
from tlcore.errors import GraftError
from tlcore.jobs.queue import Place, begin_beside, cancel, line, move
from tlcore.runs.run import Run
from tlcore.workspace import Workspace


def worth_showing() -> bool:
    """A line of one is no line."""
    return len(line()) > 1


def draw() -> None:
    """Draw the line where more than one run is in it."""
    places = line()
    if len(places) < 2:
        return
    st.subheader("Queue", anchor=False)
    st.caption(
        "One run trains on this machine at a time, unless you start one beside it. The others follow in this order."
    )
    last = places[-1].position
    with st.container(border=True, gap="small", key="queue"):
        for place in places:
            _row(place, last)


def _row(place: Place, last: int) -> None:
    run, key = Run(place.path), str(place.path)
    what, buttons = st.columns([3, 1.4], vertical_alignment="center")
    with what, st.container(horizontal=True, vertical_alignment="center", gap="small"):
        trains = place.position == 0
        st.markdown(":blue-badge[trains]" if trains else f":gray-badge[{place.position}]", width="content")
        # By its folder: runs of other workspaces stand in the same line.
        asked = run.id if run.path.parent == Workspace.default().runs else key
        frame.link(f"**{formats.plain(run_facts.title(run))}**", key=f"queued-{key}", run=asked)
        elsewhere = run_facts.elsewhere(run)
        said = [f"queued since {formats.moment(place.since)}", *([f"in {elsewhere}"] if elsewhere else [])]
        st.caption(", ".join(said), width="content")
    if trains:
        return
    with buttons, st.container(horizontal=True, gap="xsmall", horizontal_alignment="right"):
        for icon, to, title in (
            ("arrow_upward", place.position - 1, "Earlier"),
            ("arrow_downward", place.position + 1, "Later"),
        ):
            possible = 1 <= to <= last
            if st.button("", key=f"{icon}-{key}", icon=f":material/{icon}:", disabled=not possible, help=title):
                _do(lambda to=to: move(run, to))
        if st.button("", key=f"beside-{key}", icon=":material/play_arrow:", help=run_facts.BESIDE):
            _do(lambda: begin_beside(run))
        leaves = "Takes the run out of the queue. Nothing is lost: Resume puts it back at the end."
        if st.button("Cancel", key=f"cancel-{key}", icon=":material/close:", help=leaves):
            _do(lambda: cancel(run))


def _do(change: Callable[[], None]) -> None:
    try:
        change()
    except GraftError as error:  # it has begun since the page was drawn
        st.error(formats.lines(error))
    else:
        st.rerun()
