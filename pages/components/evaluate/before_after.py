"""What retraining has changed: a run beside the one that it began with, on the same locked test part."""

from __future__ import annotations

import streamlit as st

from pages.components.evaluate import comparison, task_comparison
from pages.components.shell import formats, frame, run_facts
from tlcore.data.dataset import Dataset
from tlcore.errors import GraftError
from tlcore.evaluation.before_after import BeforeAfter, before_and_after
from tlcore.evaluation.task_compare import TaskBeforeAfter, task_before_and_after
from tlcore.runs.run import Run, open_run
from tlcore.tasks import find_task
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.workspace import Workspace

LIKELY = 0.05  # below it, chance is a poor explanation


def show(workspace: Workspace, run: Run, dataset: Dataset | None) -> None:
    """Accuracy before and after, and the pictures that changed; nothing where the run began with a backbone alone."""
    start = run.config.start
    if start is None:
        return
    if run.dataset.task != CLASSIFICATION.key:
        _show_task(workspace, run, start, dataset)
        return
    try:
        earlier = open_run(workspace, start)
        found = before_and_after(earlier, run, dataset)
    except GraftError:
        st.caption(
            ":material/history: The run that this one started from no longer exists, so before and after cannot be "
            "compared."
        )
        return
    if not found.pair.items:
        return
    st.subheader("Before and after", anchor=False)
    with st.container(border=True):
        _figures(found)
        st.markdown(_verdict(found, earlier))
        for note in _notes(found):
            st.caption(f":material/info: {note}")
        frame.link(
            "Previous run",
            icon=":material/history:",
            key=f"before-{earlier.id}",
            run=earlier.id,
        )
    if found.pair.only_first or found.pair.only_second:
        with st.expander("Changes picture by picture", icon=":material/compare_arrows:"):
            names = {earlier.id: f"{run_facts.title(earlier)}, before", run.id: f"{run_facts.title(run)}, after"}
            comparison.pair(found.pair, {earlier.id: earlier, run.id: run}, names, dataset)


def _show_task(workspace: Workspace, run: Run, start: str, dataset: Dataset | None) -> None:
    """The headline metric before and after; nothing where the earlier run is gone or had another task."""
    try:
        earlier = open_run(workspace, start)
        found = task_before_and_after(earlier, run, dataset)
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
        task_comparison.figures(metric, pair.before, pair.after, unit, ("before", "after"))
        st.markdown(task_comparison.verdict(pair, metric, unit, "the previous run", "this run"))
        for note in _notes(found):
            st.caption(f":material/info: {note}")
        frame.link("Previous run", icon=":material/history:", key=f"before-{earlier.id}", run=earlier.id)
    if pair.better or pair.worse:
        with st.expander("Changes picture by picture", icon=":material/compare_arrows:"):
            task_comparison.changed(pair, {earlier.id: earlier, run.id: run}, dataset)


def _figures(found: BeforeAfter) -> None:
    with st.grid(4, min_column_width=150):
        for label, figure in (("Before: right", found.before), ("After: right", found.after)):
            with st.container(gap=None):
                st.metric(label, formats.percent(figure.value))
                st.caption(f"95 % interval {100 * figure.low:.1f} to {formats.percent(figure.high)}")
        st.metric("Wrong → right", formats.count(found.pair.only_second))
        st.metric("Right → wrong", formats.count(found.pair.only_first))


def _verdict(found: BeforeAfter, earlier: Run) -> str:
    by, n = found.pair.difference, formats.plural(found.pair.items, "test picture")
    said = (
        f"On the same {n}, **{100 * by.value:+.1f} in a hundred** are answered right, compared with "
        f"{formats.plain(run_facts.title(earlier))} (95 % interval {100 * by.low:+.1f} to {100 * by.high:+.1f}). "
    )
    if found.pair.p_value >= LIKELY:
        return said + (
            "**Not statistically significant**: the difference may be chance (McNemar's exact test, p = "
            f"{found.pair.p_value:.2g})."
        )
    return said + f"**Statistically significant** (McNemar's exact test, p = {found.pair.p_value:.2g})."


def _notes(found: BeforeAfter | TaskBeforeAfter) -> list[str]:
    notes = ["Both models are evaluated with the current labels of the dataset."]
    if found.relabelled:
        notes[0] += (
            f" {formats.plural(found.relabelled, 'test picture')} had another label when the first run was "
            "evaluated, so this accuracy differs from the one reported then."
        )
    if found.left_out:
        notes.append(
            f"{formats.plural(found.left_out, 'test picture')} removed from the dataset, or missing from one of the "
            "runs, are excluded."
        )
    return notes
