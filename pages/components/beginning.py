"""Where a draft comes from, and what its training begins with: nothing but the backbone, or what a run has learnt.

The URL names the run that is repeated (`from`), what its curves ask to change (`change`) and whether to go on from its
weights (`begin`).
"""

from __future__ import annotations

import streamlit as st

from pages.components import curves_reading, draft, run_facts
from pages.components.settings import Form
from tlcore.errors import GraftError
from tlcore.runs.config import TrainingConfig
from tlcore.runs.run import open_run
from tlcore.workspace import Workspace


def begin_draft(workspace: Workspace) -> bool:
    """Fill the form: from the run that the URL names, or to follow what is recommended; say whether the latter."""
    repeated = st.query_params.get("from", "")
    if not repeated:
        draft.begin("recommended", TrainingConfig(dataset=""))
        return True
    run, change = open_run(workspace, repeated), st.query_params.get("change", "")
    config = curves_reading.changed(run, change)
    if st.query_params.get("begin"):
        config = config.model_copy(update={"start": run.id})
    draft.begin(f"{repeated} {change} {config.start}", config)
    st.query_params.setdefault("dataset", run.config.dataset)
    st.info(f"The settings of **{run_facts.escape(run_facts.title(run))}** are filled in. Change what you like.")
    return False


def choose(workspace: Workspace, form: Form) -> None:
    """Let the person begin with what a run has learnt; nothing where no run is repeated."""
    chosen, repeated = draft.read("start"), st.query_params.get("from", "")
    names = [name for name in dict.fromkeys((repeated, chosen)) if name]
    if names:
        st.radio(
            "Begin with",
            ["", *names],
            format_func=lambda name: _says(workspace, name),
            key=draft.key("start"),
            persist_state="session",
            help="What a run has learnt is kept: its backbone, and its head for every class that is still there. "
            "Quicker where little has changed, such as a few labels.",
        )
    if chosen:
        st.caption("What is frozen below then stays as that run left it; a class that is new begins anew.")
    form.faults("start")


def _says(workspace: Workspace, name: str) -> str:
    if not name:
        return "The pretrained weights"
    try:
        run = open_run(workspace, name)
        return f"What {run_facts.escape(run_facts.title(run))} has learnt ({run_facts.made(run)})"
    except GraftError:
        return f"The weights of {name}"
