"""Where a draft comes from, and what its training begins with: nothing but the backbone, or what a run has learnt.

The URL names the run that is repeated (`from`), what its curves ask to change (`change`) and whether to go on from its
weights (`begin`). A model file that a Graft exported is dropped here.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.components.shell import draft, formats, frame, run_facts, training_diagnostics, upload
from pages.components.shell.settings import Form
from tlcore.backbones.catalogue import find
from tlcore.errors import GraftError
from tlcore.runs.config import INPUT, TrainingConfig
from tlcore.runs.initial_weights import Start, find_start
from tlcore.runs.keras_file import SUFFIX
from tlcore.runs.run import open_run
from tlcore.workspace import Workspace

DROPPED, FAULT = "train-dropped-model", "train-dropped-fault"


def begin_draft(workspace: Workspace) -> bool:
    """Fill the form: from the run that the URL names, or to follow what is recommended; say whether the latter."""
    repeated = st.query_params.get("from", "")
    if not repeated:
        draft.begin("recommended", TrainingConfig(dataset=""))
        _take_over()
        return True
    run, change = open_run(workspace, repeated), st.query_params.get("change", "")
    config = training_diagnostics.changed(run, change)
    if st.query_params.get("begin"):
        config = config.model_copy(update={"start": run.id})
    draft.begin(f"{repeated} {change} {config.start}", config)
    st.query_params.setdefault("dataset", run.config.dataset)
    st.info(f"The settings of **{formats.plain(run_facts.title(run))}** are filled in. Change what you like.")
    _take_over()
    return False


def choose(workspace: Workspace, form: Form) -> None:
    """Let the person begin with what a run has learnt, or with a model file."""
    chosen, repeated = draft.read("start"), st.query_params.get("from", "")
    names = [name for name in dict.fromkeys((repeated, chosen)) if name]
    if names:
        st.radio(
            "Initial weights",
            ["", *names],
            format_func=lambda name: _says(workspace, name),
            key=draft.key("start"),
            persist_state="session",
            help="Starts from the weights of a run: its backbone, and its head for every class that still exists. "
            "Faster if little has changed, such as a few labels.",
        )
    if chosen:
        st.caption("Frozen blocks keep the weights learned there; a new class starts from scratch.")
        for note in _notes(workspace, chosen):
            st.caption(formats.plain(note))
    form.faults("start")
    with st.popover("Start from a model file", icon=":material/upload_file:", type="tertiary"):
        st.caption(
            f"A `{SUFFIX}` file that Graft exported, here or on another machine. The backbone, image size and "
            "resizing are then set to match it."
        )
        if fault := st.session_state.pop(FAULT, None):
            frame.show_fault(fault)
        if source := upload.one_file(workspace, "model-file", "Keras model", SUFFIX):
            _look_into(workspace, source)


def _look_into(workspace: Workspace, source: upload.Source) -> None:
    """Find out whether a file can be begun with; what comes of it stands on the page when it runs again."""
    try:
        start = find_start(workspace, str(source.path))
        find(start.about.backbone)
        st.session_state[DROPPED] = start
    except GraftError as error:
        source.discard()
        st.session_state[FAULT] = error
    st.rerun()


def _take_over() -> None:
    """Fill in the model file that was dropped in the last run of the page."""
    start: Start | None = st.session_state.pop(DROPPED, None)
    if start is None:
        return
    about = start.about
    draft.adopt(
        start=str(start.model),
        backbone=about.backbone,
        **{f"{INPUT}{name}": value for name, value in about.input.items()},
    )


def _notes(workspace: Workspace, name: str) -> tuple[str, ...]:
    """What there is to say about a model file; of a run that is repeated everything is known."""
    try:
        return find_start(workspace, name).notes if name.endswith(SUFFIX) else ()
    except GraftError:
        return ()  # a fault of the setting, which stands below


def _says(workspace: Workspace, name: str) -> str:
    if not name:
        return "Pretrained weights"
    if name.endswith(SUFFIX):
        return f"The model file {formats.plain(Path(name).name)}"
    try:
        run = open_run(workspace, name)
        return f"Weights of {formats.plain(run_facts.title(run))} ({run_facts.made(run)})"
    except GraftError:
        return f"The weights of {formats.plain(name)}"
