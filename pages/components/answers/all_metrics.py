"""All metrics of an evaluation with their intervals, beside those of the baselines."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.answers import figure_text
from pages.components.shell import formats
from tlcore.tasks import find_task
from tlcore.tasks.evaluation import Evaluation


def show(evaluation: Evaluation) -> None:
    """A row for each metric that was measured, a column for each baseline of which more is known than the headline."""
    if not evaluation.figures:
        return
    st.subheader("All metrics with confidence intervals", anchor=False)
    task, unit = find_task(evaluation.task), evaluation.unit
    baselines = {title: figures for title, figures in evaluation.baselines.items() if len(figures) > 1}
    rows = []
    for metric in (*task.metrics, *task.also):
        found = evaluation.figures.get(metric.key)
        if found is None:
            continue
        beside = {
            formats.plain(title): figure_text.value(metric, figures[metric.key].value, unit)
            if metric.key in figures
            else "–"
            for title, figures in baselines.items()
        }
        rows.append(
            {
                "metric": metric.title,
                "value": figure_text.value(metric, found.value, unit),
                "95 %": figure_text.interval(metric, found, unit),
                **beside,
                "meaning": metric.explains + ("" if metric.higher_is_better else " Lower is better."),
            }
        )
    # Not `st.dataframe`: the browser would fetch its canvas and grid for nine lines that nobody sorts.
    st.table(pd.DataFrame(rows), hide_index=True, border="horizontal")
    said = "independent groups" if evaluation.groups < evaluation.n else "pictures"
    st.caption(f"95 % confidence intervals, from {formats.count(evaluation.groups)} {said}.")
