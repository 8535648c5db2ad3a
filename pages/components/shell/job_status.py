"""A job: its state as a badge, how far its worker is, how it failed, and the buttons that start and stop it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

from pages.components.shell import formats, frame
from tlcore.errors import GraftError
from tlcore.jobs.job import Job
from tlcore.jobs.progress import Progress
from tlcore.jobs.state import JobState, State

AnyJob = Job[Any, Any]
Colour = Literal["gray", "blue", "orange", "green", "red"]
LOG_HEIGHT = 240  # pixels
# Word, icon and colour: a state is never told by its colour alone.
STATES: dict[State, tuple[str, str, Colour]] = {
    "created": ("not started", ":material/radio_button_unchecked:", "gray"),
    "waiting": ("in line", ":material/hourglass_top:", "gray"),
    "running": ("running", ":material/play_circle:", "blue"),
    "stopping": ("stopping", ":material/stop_circle:", "orange"),
    "pausing": ("pausing", ":material/pause_circle:", "blue"),
    "finished": ("finished", ":material/check_circle:", "green"),
    "paused": ("paused", ":material/pause_circle:", "blue"),
    "stopped": ("stopped early", ":material/stop_circle:", "orange"),
    "failed": ("failed", ":material/error:", "red"),
}
# Every second something is drawn again: nothing may dim meanwhile, and Streamlit's own "Stop" beside ours would
# stop the drawing, not the job.
STEADY = """
<style>
[data-testid="stElementContainer"][data-stale="true"] { opacity: 1 !important; transition: none !important; }
[data-testid="stStatusWidget"] { display: none; }
</style>
"""


def badge(state: State) -> str:
    """The state as Markdown, for a line of text."""
    title, icon, colour = STATES[state]
    return f":{colour}-badge[{icon} {title}]"


def start(label: str, begin: Callable[[], object], *, icon: str, primary: bool = False, key: str | None = None) -> None:
    """Show a button that starts a worker and draws the page anew; why it cannot be started is told."""
    if st.button(label, type="primary" if primary else "secondary", icon=icon, key=key):
        try:
            with st.spinner("Starting the worker …"):
                begin()
        except GraftError as error:
            st.error(formats.lines(error), icon=":material/error:")
        else:
            st.rerun()


def watch(title: str, job: AnyJob, *, goes_on: str, help: str, key: str) -> None:
    """Show how far the work is, every second, and draw the whole page anew when it is over.

    `goes_on` is what a closed page means for it, `help` what a stop does.
    """
    st.html(STEADY)
    frame.fragment(_watch, run_every="1s")(title, job, goes_on, help, key)


def _watch(title: str, job: AnyJob, goes_on: str, help: str, key: str) -> None:
    state, progress = job.state(), job.progress()
    if not state.live:
        st.rerun()
    share = progress.done / progress.total if progress and progress.total else 0.0
    with st.container(border=True):
        st.markdown(f"### :material/hourglass_top: {formats.plain(title)}")
        st.progress(min(share, 1.0), text=doing(state, progress))
        st.caption(formats.plain(goes_on))
        stop(job, state, key=key, help=help)


def stop(job: AnyJob, state: JobState, *, key: str, help: str | None = None) -> None:
    """Show the button that asks the worker to stop."""
    stopping = state.state == "stopping"
    st.button(
        "Stopping …" if stopping else "Stop",
        key=key,
        icon=":material/stop:",
        on_click=frame.pressed(job.stop),
        disabled=stopping,
        help=formats.plain(help) if help else None,
    )


def doing(state: JobState, progress: Progress | None) -> str:
    """What happens at this moment, in one line."""
    if state.state == "stopping":
        return "Stopping …"
    if state.behind:
        return f"Waiting for its turn: {formats.count(state.behind)} before it"
    if progress is None:
        return "Starting …"
    said = [formats.plain(progress.title)]
    if progress.total:
        said.append(
            f"{formats.count(progress.done)} of {formats.count(progress.total)} {formats.plain(progress.unit)}".strip()
        )
    if progress.items_per_second:
        said.append(f"{formats.rate(progress.items_per_second)} per second")
    if progress.seconds_left is not None:
        said.append(f"{formats.duration(progress.seconds_left)} left")
    return " · ".join(said)


def failed(title: str, error: str, job: AnyJob) -> None:
    """Say why the work failed, and show the end of its log; the error is shown as it is."""
    st.error(f"**{title}** {formats.lines(error)}", icon=":material/error:")
    if log := job.log(last_lines=50):
        with st.expander("Log", icon=":material/receipt_long:"):
            st.code(log, language=None, height=LOG_HEIGHT)
