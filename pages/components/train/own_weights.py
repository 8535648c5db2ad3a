"""Weights of one's own: a folder or a zip becomes a backbone of the catalogue, or stops being one."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.components.shell import draft, formats, frame, upload
from tlcore.backbones.own import own_rows
from tlcore.data.dataset import Dataset
from tlcore.disk import expanded
from tlcore.errors import GraftError
from tlcore.progress import drain
from tlcore.runs.own_backbones import Added, add_in_process, remove_backbone
from tlcore.workspace import Workspace

ADDED, FAULT, DROPPED = "own-weights-added", "own-weights-fault", "own-weights-dropped"
NAME, LICENCE, SOURCE, PATH = "own-weights-name", "own-weights-licence", "own-weights-source", "own-weights-path"


def take_over() -> None:
    """Choose the backbone that was added in the last run of the page, and say what was found out."""
    added: Added | None = st.session_state.pop(ADDED, None)
    if added is None:
        return
    draft.choose_backbone(added.backbone)
    st.success(
        f"**{formats.plain(added.title)}** is in the catalogue and chosen. It has {formats.weights(added.parameters)} "
        "weights, and was tried on some of your pictures.",
        icon=":material/check:",
    )
    for note in added.notes:
        st.info(formats.plain(note))


def show(workspace: Workspace, dataset: Dataset) -> None:
    """Ask for a folder of weights, its name and its licence; list those that were added."""
    with st.popover("Add your own weights", icon=":material/add:", type="tertiary"):
        st.caption(
            "A pretrained network for your field, such as radiology: a folder that KerasHub or Hugging Face's "
            "transformers wrote, with its `config.json`. It is checked, and tried on some of your pictures, before it "
            "joins the backbones."
        )
        if fault := st.session_state.pop(FAULT, None):
            frame.show_fault(fault)
        given = _given(workspace)
        st.text_input("Name", placeholder="Chest X-ray ViT", key=NAME)
        st.text_input(
            "Licence", placeholder="CC BY-NC 4.0", key=LICENCE,
            help="Of the weights. The model card of an export names it. Type *unknown* if you do not know it.",
        )  # fmt: skip
        st.text_input(
            "Source (optional)", placeholder="Address or paper", key=SOURCE, help="The model card names it, too."
        )
        if st.button("Add", type="primary", icon=":material/add:", key="own-weights-add"):
            _add(workspace, dataset, given)
        _list(workspace)


def _given(workspace: Workspace) -> Path | None:
    """Give what was dropped, or the path that was typed."""
    if source := upload.one_file(workspace, "own-weights-zip"):
        _discard()
        st.session_state[DROPPED] = source
    dropped: upload.Source | None = st.session_state.get(DROPPED)
    if dropped is not None:
        st.caption(f":material/folder_zip: {formats.plain(dropped.name)}.zip")
        return dropped.path
    if not upload.local_folders_allowed():
        return None
    typed = st.text_input("Or a folder on this machine", placeholder="/home/me/weights", key=PATH, autocomplete="off")
    return expanded(Path(typed.strip().strip("'\""))) if typed.strip() else None


def _add(workspace: Workspace, dataset: Dataset, given: Path | None) -> None:
    """Add the weights in a process of its own; what comes of it stands on the page when it runs again."""
    if given is None:
        st.warning("A folder of weights is needed. Nothing was given. Drop a zip, or type the path of a folder.")
        return
    name, licence, source = (st.session_state[key] for key in (NAME, LICENCE, SOURCE))
    bar = st.progress(0.0, "Checking the weights …")
    steps = add_in_process(workspace, given, name=name, licence=licence, source=source, dataset=dataset.id)
    try:
        st.session_state[ADDED] = drain(steps, lambda step: bar.progress(0.0, formats.plain(step.note)))
        _discard()
    except GraftError as error:
        st.session_state[FAULT] = error
    finally:
        steps.close()  # whoever leaves the page ends it
        bar.empty()
    st.rerun()


def _discard() -> None:
    dropped: upload.Source | None = st.session_state.pop(DROPPED, None)
    if dropped is not None:
        dropped.discard()


def _list(workspace: Workspace) -> None:
    """List the backbones that were added, each with a button that removes it."""
    if not (rows := own_rows(workspace)):
        return
    st.caption("Added so far")
    for row in rows.values():
        words, button = st.columns([5, 1], vertical_alignment="center")
        words.markdown(f"{formats.plain(row.title)} · {formats.plain(row.licence)}")
        button.button(
            "", icon=":material/delete:", key=f"remove-{row.key}", help="Remove it, if no run uses it",
            on_click=frame.pressed(remove_backbone), args=(workspace, row.key),
        )  # fmt: skip
