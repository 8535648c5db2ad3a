"""Formats that a run does not have yet: a button for each, and how far those are that are in the making."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import streamlit as st

from pages.components import words
from pages.components.artefacts import ICONS, make
from tlcore.runs import exporting
from tlcore.runs.exporting import Making
from tlcore.runs.formats import FORMATS, Format
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

SECONDS, SECONDS_AT_REST = 1.0, 5.0
# By who takes it; what is new stands among the programs until it is given a place here.
PEOPLE = ("bundle", "web", "server", "code")
DEVICES = ("litert", "litert-fp16", "litert-int8", "coreml")


def show(run: Run, workspace: Workspace, made: Collection[str]) -> None:
    """List what is not made yet; `made` are the keys of those that have a card."""
    under_way = {each.key for each in exporting.making(run)}
    if not [key for key in FORMATS if key not in made or key in under_way]:
        return
    st.subheader("More formats" if made else "Formats", anchor=False)
    st.caption(
        "Each is made by a process of its own, one after the other, and then loaded again and asked about every test "
        "picture: a minute or two. This page need not stay open, and nothing that goes wrong harms the run."
    )
    busy = any(not each.error for each in exporting.making(run))
    # At rest, too: it may be begun in another tab.
    st.fragment(_list, run_every=SECONDS if busy else SECONDS_AT_REST)(run, workspace, made, busy, _stamps(run))


def _list(run: Run, workspace: Workspace, made: Collection[str], busy: bool, stamps: Mapping[str, int]) -> None:
    """Show the rows; the whole page is drawn again when a file is new, or when work begins or ends."""
    under_way = {each.key: each for each in exporting.making(run)}
    if _stamps(run) != stamps or busy != any(not each.error for each in under_way.values()):
        st.rerun()
    missing = [form for key, form in FORMATS.items() if key not in made or key in under_way]
    for title, forms in _by_use(missing).items():
        st.markdown(f"**{title}**")
        for form in forms:
            _row(run, workspace, form, under_way.get(form.key))


def _stamps(run: Run) -> dict[str, int]:
    return {path.parent.name: path.stat().st_mtime_ns for path in run.exports.glob("[!.]*/manifest.json")}


def _by_use(forms: list[Format]) -> dict[str, list[Format]]:
    found: dict[str, list[Format]] = {"To use as it is": [], "For programs": [], "For phones and small devices": []}
    ready, programs, devices = found.values()
    for form in forms:
        (ready if form.key in PEOPLE else devices if form.key in DEVICES else programs).append(form)
    return {title: some for title, some in found.items() if some}


def _row(run: Run, workspace: Workspace, form: Format, now: Making | None) -> None:
    at_work = now is not None and not now.error
    with st.container(
        border=True,
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        key=f"row-{form.key}",
    ):
        with st.container(width="stretch", gap="xsmall"):
            st.markdown(f"{ICONS.get(form.key, '')} **{form.title}** · {form.description}")
            if now is not None:
                if now.error:
                    st.error(now.error, icon=":material/error:")
                else:
                    st.markdown(f":blue[:material/hourglass_top: {_said(now)}]")
            elif form.missing:
                st.caption(form.missing)
        if at_work:
            st.button(
                "Stop", key=f"stop-{form.key}", icon=":material/stop:", width=120, disabled=now.stopping,
                on_click=exporting.stop, args=(run, form.key),
            )  # fmt: skip
        elif st.button(
            "Make" if now is None else "Try again", key=f"make-{form.key}", icon=":material/build:", width=120,
            disabled=bool(form.missing),
        ):  # fmt: skip
            make(run, workspace, form.key)


def _said(now: Making) -> str:
    if now.stopping:
        return "Stopping …"
    if now.waiting:
        return f"{now.note}: another one is made before it"
    return f"{now.note or 'Getting ready'} · {words.duration(now.seconds)}"
