"""From finding to fixing: what was mended in the dataset since a run, and a new run that goes on from its weights."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.components import frame, picture_edits, run_facts, settings, tables, words
from tlcore.data import edits
from tlcore.data.dataset import Dataset
from tlcore.data.since import edits_since
from tlcore.errors import GraftError
from tlcore.runs.config import TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.launch import launch
from tlcore.runs.problems import problems
from tlcore.runs.run import Run, list_runs
from tlcore.workspace import Workspace

MOST_SAID = 5


def show(workspace: Workspace, run: Run, dataset: Dataset | None) -> None:
    """A bar at the foot of the window as soon as something was mended; nothing before."""
    picture_edits.tell_fault()
    if dataset is None:
        return
    says = edits_since(dataset, run.dataset.version).says
    if not says:
        return
    again = latest(workspace, run)
    done = again is not None and not edits_since(dataset, again.dataset.version).says
    with settings.start_bar():
        if done and again is not None:
            st.markdown(f":material/check: Retrained with {_changes(says)}.", width="content")
            if st.button("See what came of it", type="primary", icon=":material/arrow_forward:", key="retrained"):
                target = frame.EVALUATE if again.evaluation_json.exists() else frame.RUNS
                frame.go_to(target, run=again.id)
        else:
            _offer(workspace, run, dataset, says)
        if tables.past(dataset).undo is not None:
            st.button(
                "Undo",
                icon=":material/undo:",
                key="undo-change",
                shortcut="Mod+Z",
                help="Take back the latest change",
                on_click=_undo,
                args=(dataset,),
            )


def latest(workspace: Workspace, run: Run) -> Run | None:
    """The newest run that began with this one's weights and has not failed."""
    began = (each for each in list_runs(workspace) if each.config.start == run.id)
    return next((each for each in began if each.state().state != "failed"), None)


def settings_of(run: Run) -> TrainingConfig:
    """Those of the run, to go on from its weights."""
    return run.config.model_copy(update={"start": run.id})


def _offer(workspace: Workspace, run: Run, dataset: Dataset, says: Sequence[str]) -> None:
    faults = problems(settings_of(run), dataset)
    if st.button(
        "Retrain with these changes",
        type="primary",
        icon=":material/model_training:",
        key="retrain",
        disabled=bool(faults),
        help="A new run with the settings of this one, from what it has learnt. The test part stays as it is, so that "
        "before and after can be compared.",
    ):
        _start(workspace, run, dataset)
    if st.button("Settings", icon=":material/tune:", key="retrain-settings", help="Look at the settings first"):
        frame.go_to(frame.TRAIN, **{"from": run.id, "begin": "run"})
    st.markdown(f"**{_changes(says)}** since this run", help=_listed(says), width="content")
    for fault in faults:
        st.markdown(f":red[{run_facts.escape(fault.message)}]")


def _start(workspace: Workspace, run: Run, dataset: Dataset) -> None:
    """Start the run and go to it; what forbids it is said where the button is."""
    try:
        made = create_run(workspace, dataset, settings_of(run))
        with st.spinner("Starting the worker …"):
            launch(made)
    except GraftError as error:
        st.error(str(error), icon=":material/error:")
        return
    frame.go_to(frame.RUNS, run=made.id)


def _undo(dataset: Dataset) -> None:
    try:
        edits.undo(dataset)
    except GraftError as error:
        st.session_state[picture_edits.FAULT] = str(error)


def _changes(says: Sequence[str]) -> str:
    return words.plural(len(says), "change")


def _listed(says: Sequence[str]) -> str:
    """The latest first, in Markdown."""
    lines = [f"- {run_facts.escape(said)}" for said in reversed(says)]
    more = [f"- and {len(lines) - MOST_SAID} before"] if len(lines) > MOST_SAID else []
    return "\n".join([*lines[:MOST_SAID], *more])
