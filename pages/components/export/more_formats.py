"""Formats that a run does not have yet: a button for each, and how far those are that are in the making."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import streamlit as st

from pages.components.export.artefacts import ICONS, make
from pages.components.shell import formats, frame, job_status
from tlcore.file_format import Format
from tlcore.jobs.events import now
from tlcore.jobs.state import JobState
from tlcore.runs.exporting import DOWNLOADS, Making, under_way
from tlcore.runs.formats import FORMATS
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

SECONDS, SECONDS_AT_REST = 1.0, 5.0
# By who takes it; what is new stands among the programs until it is given a place here.
PEOPLE = ("bundle", "web", "server", "code")
DEVICES = ("litert", "litert-fp16", "litert-int8", "coreml")


def show(run: Run, workspace: Workspace, made: Collection[str]) -> None:
    """List what is not made yet; `made` are the keys of those that have a card."""
    making = under_way(run)
    if not [key for key in _known(run) if key not in made or key in making]:
        return
    st.subheader("More formats" if made else "Formats", anchor=False)
    st.caption(
        "Each format is made in a process of its own, one after the other, then loaded again and checked on the "
        "test set. This takes a minute or two. You can leave this page, and a failed export does not harm the "
        "run."
    )
    busy = _busy(making)
    # At rest, too: it may be begun in another tab.
    frame.fragment(_list, run_every=SECONDS if busy else SECONDS_AT_REST)(run, workspace, made, busy, _stamps(run))


def _list(run: Run, workspace: Workspace, made: Collection[str], busy: bool, stamps: Mapping[str, int]) -> None:
    """Show the rows; the whole page is drawn again when a file is new, or when work begins or ends."""
    making = under_way(run)
    if _stamps(run) != stamps or busy != _busy(making):
        st.rerun()
    missing = [form for key, form in _known(run).items() if key not in made or key in making]
    if DOWNLOADS in making:  # these have a place of their own above
        missing = [form for form in missing if not form.with_run or form.key in making]
    for title, forms in _by_use(missing).items():
        st.markdown(f"**{title}**")
        for form in forms:
            _row(Making(run, form.key), workspace, form, making.get(form.key))


def _known(run: Run) -> dict[str, Format]:
    """Choose the formats that the run's kind of item can have."""
    return {key: form for key, form in FORMATS.items() if form.fits(run.config.input.modality)}


def _busy(making: Mapping[str, JobState]) -> bool:
    return any(state.live for state in making.values())


def _stamps(run: Run) -> dict[str, int]:
    return {path.parent.name: path.stat().st_mtime_ns for path in run.exports.glob("[!.]*/manifest.json")}


def _by_use(forms: list[Format]) -> dict[str, list[Format]]:
    found: dict[str, list[Format]] = {"To use as it is": [], "For programs": [], "For phones and small devices": []}
    ready, programs, devices = found.values()
    for form in forms:
        (ready if form.key in PEOPLE else devices if form.key in DEVICES else programs).append(form)
    return {title: some for title, some in found.items() if some}


def _row(job: Making, workspace: Workspace, form: Format, state: JobState | None) -> None:
    with st.container(
        border=True,
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        key=f"row-{form.key}",
    ):
        with st.container(width="stretch", gap="xsmall"):
            st.markdown(
                f"{ICONS.get(form.key, '')} **{formats.plain(form.title)}** · {formats.plain(form.description)}"
            )
            if state is not None and state.live:
                st.markdown(f":blue[:material/hourglass_top: {_doing(job, state)}]")
            elif state is not None:
                st.error(formats.lines(state.error), icon=":material/error:")
            elif form.missing:
                st.caption(formats.plain(form.missing))
        if state is not None and state.live:
            job_status.stop(job, state, key=f"stop-{form.key}")
        elif st.button(
            "Make" if state is None else "Try again", key=f"make-{form.key}", icon=":material/build:", width=120,
            disabled=bool(form.missing),
        ):  # fmt: skip
            make(workspace, job)


def _doing(job: Making, state: JobState) -> str:
    spent = f" · {formats.duration(state.seconds_at(now()))}" if state.state == "running" else ""
    return f"{job_status.doing(state, job.progress())}{spent}"
