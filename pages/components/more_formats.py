"""Formats that a run does not have yet: a button for each, and how far those are that are in the making."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from pages.components import words
from pages.components.artefacts import ICONS
from tlcore.runs import exporting
from tlcore.runs.formats import FORMATS, Format
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

SECONDS = 1.0


def show(run: Run, workspace: Workspace, made: Collection[str]) -> None:
    """List what is not made yet; `made` are the keys of those that have a file."""
    under_way = {each.key: each for each in exporting.making(run)}
    waiting = [key for key, each in under_way.items() if not each.error]
    missing = [form for key, form in FORMATS.items() if key not in made or key in under_way]
    if not missing:
        return
    st.subheader("More formats", anchor=False)
    st.caption(
        "Each is made by a process of its own and then proven like the files above; this page need not stay open."
    )
    if waiting:
        _watch(run, tuple(waiting))
    for form in missing:
        if form.key not in waiting:
            _row(run, workspace, form, under_way.get(form.key))


@st.fragment(run_every=SECONDS)
def _watch(run: Run, keys: tuple[str, ...]) -> None:
    """Say how far those in the making are; the page is drawn again when one of them is over."""
    under_way = {each.key: each for each in exporting.making(run)}
    if any(key not in under_way or under_way[key].error for key in keys):
        st.rerun()
    for key in keys:
        now = under_way[key]
        share = now.done / now.total if now.total else 0.0
        so_far = f"{words.count(now.done)} of {words.count(now.total)} pictures" if now.done else "converting"
        st.progress(share, f"{ICONS.get(key, '')} {FORMATS[key].title}: {so_far}, {words.duration(now.seconds)}")


def _row(run: Run, workspace: Workspace, form: Format, failed: exporting.Making | None) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width="stretch"):
            st.markdown(f"{ICONS.get(form.key, '')} **{form.title}** · {form.description}")
            if failed is not None:
                st.error(failed.error, icon=":material/error:")
            if form.missing:
                st.caption(form.missing)
        if st.button("Make", key=f"make-{form.key}", icon=":material/build:", disabled=bool(form.missing), width=110):
            exporting.forget(run, form.key)
            exporting.begin(run, form.key, workspace)
            st.rerun()
