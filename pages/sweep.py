"""Try several backbones, depths and learning rates, and see which is how good, at what cost."""

from __future__ import annotations

import streamlit as st

from pages.components.shell import formats, frame, settings, tables
from pages.components.shell.pickers import pick_dataset
from pages.components.sweep import sweep_form, sweep_view
from tlcore.data.dataset import Dataset
from tlcore.errors import RunError
from tlcore.jobs.launch import launch
from tlcore.sweeps.config import SweepConfig, problems
from tlcore.sweeps.sweep import broken_sweeps, create_sweep, list_sweeps, open_sweep
from tlcore.tasks import find_task
from tlcore.workspace import Workspace

LATEST = 10


def one(workspace: Workspace, asked: str) -> None:
    frame.link("New sweep, and earlier ones", icon=":material/arrow_back:", key="all-sweeps")
    try:
        sweep = open_sweep(workspace, asked)
        _ = sweep.config
    except RunError as error:
        frame.show_fault(error)
        return
    sweep_view.show(workspace, sweep)


def start(workspace: Workspace, dataset: Dataset, config: SweepConfig) -> None:
    sweep = create_sweep(workspace, dataset, config)
    with st.spinner("Starting the sweep …"):
        launch(sweep)
    st.query_params.from_dict({"sweep": sweep.id})
    st.rerun()


def new(workspace: Workspace) -> None:
    dataset = pick_dataset(workspace)
    if dataset is None:
        frame.empty_state(
            ":material/photo_library:",
            "First, pictures",
            "A sweep trains several models on the same labelled pictures and compares their accuracy, size and "
            "training time.",
            action="Add pictures",
            target=frame.DATA,
        )
        return
    task, modality = find_task(dataset.info.task), dataset.info.modality
    sweep_form.begin(workspace, modality, task)
    config = sweep_form.draft(dataset)
    faults = problems(config, dataset)
    sweep_form.show(workspace, modality, task, faults)
    with settings.start_bar():
        if st.button("Start", type="primary", icon=":material/play_arrow:", disabled=bool(faults), key="start-sweep"):
            start(workspace, dataset, config)
        if faults:
            st.markdown(f":red[{formats.plural(len(faults), 'choice')} to fix first, marked red above.]")
        else:
            st.markdown(sweep_form.plan(workspace, config, len(tables.items(dataset))), width="stretch")


def earlier(workspace: Workspace) -> None:
    sweeps = list_sweeps(workspace)
    if sweeps:
        st.subheader("Earlier sweeps", anchor=False)
    if len(sweeps) > LATEST and not st.toggle(f"Show all {len(sweeps)}"):
        sweeps = sweeps[:LATEST]
    for sweep in sweeps:
        sweep_view.line(workspace, sweep)
    for name, reason in broken_sweeps(workspace):
        st.warning(
            f"The sweep folder **{formats.plain(name)}** cannot be read. {formats.plain(reason)}",
            icon=":material/folder_off:",
        )


asked = st.query_params.get("sweep", "")
sentence = (
    "Trials run one after another, each as an ordinary run. The sweep continues when you close this page."
    if asked
    else "Choose what to try. Trials share what they have in common, and unpromising ones are pruned."
)
with frame.page("Sweep", ":material/manage_search:", sentence) as workspace:
    if asked:
        one(workspace, asked)
    else:
        new(workspace)
        earlier(workspace)
