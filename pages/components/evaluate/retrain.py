"""From finding to fixing: what was mended in the dataset since a run, and a new run that goes on from its weights."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.components.items import item_edits
from pages.components.shell import formats, frame, settings, tables
from tlcore.data.dataset import Dataset
from tlcore.data.edits import operations
from tlcore.data.edits.diff import edits_since
from tlcore.errors import GraftError
from tlcore.jobs.launch import launch
from tlcore.runs.config import TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.problems import problems
from tlcore.runs.run import Run, list_runs
from tlcore.workspace import Workspace

MOST_SAID = 5


def show(workspace: Workspace, run: Run, dataset: Dataset | None) -> None:
    """A bar at the foot of the window as soon as something was mended; nothing before."""
    item_edits.tell_fault()
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
            target = frame.EVALUATE if again.evaluation_json.exists() else frame.RUNS
            frame.page_button(
                "See the result", target, {"run": again.id},
                type="primary", icon=":material/arrow_forward:", key="retrained",
            )  # fmt: skip
        else:
            _offer(workspace, run, dataset, says)
        if tables.past(dataset).undo is not None:
            st.button(
                "Undo",
                icon=":material/undo:",
                key="undo-change",
                shortcut="Mod+Z",
                help="Take back the latest change",
                on_click=frame.pressed(_undo),
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
        help="Starts a new run with the same settings from the weights of this one. The test set stays the same, so "
        "that before and after can be compared.",
    ):
        _start(workspace, run, dataset)
    frame.page_button(
        "Settings", frame.TRAIN, {"from": run.id, "begin": "run"},
        icon=":material/tune:", key="retrain-settings", help="Review the settings first",
    )  # fmt: skip
    st.markdown(f"**{_changes(says)}** since this run", help=_listed(says), width="content")
    for fault in faults:
        st.markdown(f":red[{formats.plain(fault.message)}]")


def _start(workspace: Workspace, run: Run, dataset: Dataset) -> None:
    """Start the run and go to it; what forbids it is said where the button is."""
    try:
        made = create_run(workspace, dataset, settings_of(run))
        with st.spinner("Starting the worker …"):
            launch(made)
    except GraftError as error:
        st.error(formats.lines(error), icon=":material/error:")
        return
    frame.go_to(frame.RUNS, run=made.id)


def _undo(dataset: Dataset) -> None:
    try:
        operations.undo(dataset)
    except GraftError as error:
        st.session_state[item_edits.FAULT] = str(error)


def _changes(says: Sequence[str]) -> str:
    return formats.plural(len(says), "change")


def _listed(says: Sequence[str]) -> str:
    """The latest first, in Markdown."""
    lines = [f"- {formats.plain(said)}" for said in reversed(says)]
    more = [f"- and {len(lines) - MOST_SAID} before"] if len(lines) > MOST_SAID else []
    return "\n".join([*lines[:MOST_SAID], *more])
