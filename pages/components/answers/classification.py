"""The evaluation of a model that answers with one class: its headline, and the figures of each class."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.answers import headline_metric
from pages.components.shell.theme import ACCENT
from tlcore.tasks.classification import LARGEST_CLASS, LINEAR_PROBE, NEAREST_MEAN
from tlcore.tasks.evaluation import Evaluation, Figure

FIGURES = {"precision": "precision", "recall": "recall", "f1": "F1"}


def headline(evaluation: Evaluation) -> None:
    """The accuracy beside what needs less than this model."""
    about = {
        LINEAR_PROBE: "logistic regression on the frozen backbone",
        NEAREST_MEAN: "the simplest use of the frozen backbone",
        LARGEST_CLASS: f"predicting “{evaluation.largest_class}” every time",
    }
    headline_metric.show(evaluation, beside="balanced_accuracy", about=about)


def per_class(evaluation: Evaluation) -> None:
    """Precision, recall and F1 of each class, with their intervals."""
    st.subheader("Precision, recall and F1 per class", anchor=False)
    st.markdown(
        "**Precision**: when the model predicts this class, how often it is right. **Recall**: how many of the "
        "pictures of this class it finds. **F1** is high only if both are. Fewer test pictures mean wider "
        "intervals. Click a column heading to sort."
    )
    table = pd.DataFrame(
        [
            {
                "class": scores.label,
                **{name: 100 * scores.figure(key).value for key, name in FIGURES.items()},
                **{f"{name}, 95 %": _range(scores.figures.get(key)) for key, name in FIGURES.items()},
                "test pictures": scores.support,
            }
            for scores in evaluation.per_label
        ]
    )
    bar = {
        name: st.column_config.ProgressColumn(name, format="%.1f %%", min_value=0, max_value=100, color=ACCENT)
        for name in FIGURES.values()
    }
    st.dataframe(table, hide_index=True, column_config=bar, width="stretch")


def _range(found: Figure | None) -> str:
    return "–" if found is None else f"{100 * found.low:.0f}–{100 * found.high:.0f} %"
