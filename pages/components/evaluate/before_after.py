"""What retraining has changed: a run beside the one that it began with, on the same locked test part."""

from __future__ import annotations

import streamlit as st

from pages.components.evaluate import paired
from pages.components.shell import formats, frame, run_facts
from tlcore.data.dataset import Dataset
from tlcore.errors import GraftError
from tlcore.evaluation.compare import BeforeAfter, before_and_after
from tlcore.runs.run import Run, open_run
from tlcore.tasks import find_task
from tlcore.workspace import Workspace


def show(workspace: Workspace, run: Run, dataset: Dataset | None) -> None:
    """The headline metric before and after, and the pictures that changed; nothing where there is no earlier run."""
    start = run.config.start
    if start is None:
        return
    try:
        earlier = open_run(workspace, start)
        found = before_and_after(earlier, run, dataset)
    except GraftError:
        st.caption(
            ":material/history: The run that this one started from no longer exists or has another task, so before and "
            "after cannot be compared."
        )
        return
    pair, metric, unit = found.pair, find_task(run.dataset.task).metrics[0], run.dataset.unit
    if pair.before is None or pair.after is None:
        return
    st.subheader("Before and after", anchor=False)
    with st.container(border=True):
        paired.figures(metric, pair.before, pair.after, unit, ("before", "after"))
        if pair.right is not None:
            paired.counts(pair.right)
        st.markdown(paired.verdict(pair, metric, unit, run_facts.title(earlier), "this run"))
        for note in _notes(found):
            st.caption(f":material/info: {note}")
        frame.link("Previous run", icon=":material/history:", key=f"before-{earlier.id}", run=earlier.id)
    if pair.better or pair.worse:
        with st.expander("Changes picture by picture", icon=":material/compare_arrows:"):
            names = {earlier.id: f"{run_facts.title(earlier)}, before", run.id: f"{run_facts.title(run)}, after"}
            paired.changed(pair, {earlier.id: earlier, run.id: run}, names, dataset)


def _notes(found: BeforeAfter) -> list[str]:
    notes = ["Both models are evaluated with the current labels of the dataset."]
    if found.relabelled:
        notes[0] += (
            f" {formats.plural(found.relabelled, 'test picture')} had another label when the first run was "
            "evaluated, so these figures differ from those reported then."
        )
    if found.left_out:
        notes.append(
            f"{formats.plural(found.left_out, 'test picture')} removed from the dataset, or missing from one of the "
            "runs, are excluded."
        )
    return notes
