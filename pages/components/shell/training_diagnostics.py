"""What the curves of a training say, each with the sign that it was seen by and the way to the changed run."""

from __future__ import annotations

import streamlit as st

from pages.components.shell import formats, frame
from pages.components.shell.fields import FIELDS, fields_of
from tlcore.data.dataset import open_dataset
from tlcore.errors import ConfigError
from tlcore.evaluation.training_diagnostics import Reading, read_curves
from tlcore.jobs.launch import launch
from tlcore.modalities import Advice
from tlcore.runs.config import TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.run import Run
from tlcore.workspace import Workspace


def show(run: Run) -> None:
    """A note for each reading; nothing where the curves are as they should be."""
    readings = read_curves(run.state().of_the_model, run.config)
    if readings:
        st.subheader("Learning curves", anchor=False)
    for reading in readings:
        _reading(run, reading)


def changed(run: Run, kind: str) -> TrainingConfig:
    """The settings of a run with the first change that its curves ask for; its own where they say no such thing."""
    config = run.config
    found = next((each for each in read_curves(run.state().of_the_model, config) if each.kind == kind), None)
    values = {each.field: each.value for each in first(found)} if found else {}
    return config.changed(values)


def first(reading: Reading) -> tuple[Advice, ...]:
    """What to try first; who lets the backbone learn has to say how much of it."""
    return reading.changes[: 2 if reading.changes and reading.changes[0].field == "mode" else 1]


def _reading(run: Run, reading: Reading) -> None:
    tried = first(reading)
    later, task = reading.changes[len(tried) :], run.dataset.task
    with st.container(border=True):
        st.markdown(f":material/trending_up: **{formats.plain(reading.title)}.** {formats.plain(reading.sign)}")
        said = f"To try: **{_said(tried, task)}**. {formats.plain(' '.join(each.reason for each in tried))}"
        if later:
            said += f"  \nAfter that: {_said(later, task)}."
        st.markdown(said)
        with st.container(horizontal=True):
            key = f"{reading.kind}-{run.id}"
            if st.button("Train with this change", icon=":material/play_arrow:", key=f"start-{key}"):
                _start(run, reading.kind)
            where = {"from": run.id, "change": reading.kind}
            frame.page_button(
                "Review the settings first", frame.TRAIN, where, icon=":material/tune:", key=f"draft-{key}"
            )


def _start(run: Run, kind: str) -> None:
    """Start the changed run and go to it.

    Raises:
        GraftError: The dataset is gone, or the settings do not fit it any more.
    """
    workspace = Workspace.default()
    try:
        made = create_run(workspace, open_dataset(workspace, run.config.dataset), changed(run, kind))
    except ConfigError as error:
        st.error(f"{formats.plain(error)} *Review the settings first* shows where.")
        return
    with st.spinner("Starting the worker …"):
        launch(made)
    frame.go_to(frame.RUNS, run=made.id)


def _said(changes: tuple[Advice, ...], task: str) -> str:
    fields = FIELDS | fields_of(task)
    asked = [(fields[each.field], each.value) for each in changes]
    return "; ".join(f"{about.label} → {formats.plain(about.said(value))}" for about, value in asked)
