"""All metrics of an evaluation with their intervals, beside those of the baselines."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.answers import figure_text
from pages.components.answers.judged import Judged
from pages.components.shell import formats


def show(judged: Judged) -> None:
    """A row for each metric of the task."""
    evaluation = judged.evaluation
    if not evaluation.figures:
        return
    st.subheader("All metrics with confidence intervals", anchor=False)
    rows = []
    for metric in judged.task.metrics:
        found = evaluation.figures.get(metric.key)
        if found is None:
            continue
        beside = {
            formats.plain(title): figure_text.value(metric, figures[metric.key].value, evaluation.unit)
            if metric.key in figures
            else "–"
            for title, figures in evaluation.baselines.items()
        }
        rows.append(
            {
                "metric": metric.title,
                "value": figure_text.value(metric, found.value, evaluation.unit),
                "95 %": figure_text.interval(metric, found, evaluation.unit),
                **beside,
                "meaning": metric.explains + ("" if metric.higher_is_better else " Lower is better."),
            }
        )
    st.table(pd.DataFrame(rows), hide_index=True, border="horizontal")
    said = "independent groups" if evaluation.groups < evaluation.n else "pictures"
    st.caption(f"95 % confidence intervals, from {formats.count(evaluation.groups)} {said}.")
