"""Precision, recall, F1 and average precision of each label, with their intervals."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.answers.judged import Judged
from pages.components.shell.theme import ACCENT
from tlcore.tasks.evaluation import Figure, LabelFigures

SHOWN = {"f1": "F1", "precision": "precision", "recall": "recall", "average_precision": "average precision"}


def show(judged: Judged) -> None:
    """A row for each label."""
    st.subheader("Precision, recall and F1 per label", anchor=False)
    st.markdown(
        "**Precision**: when the model gives this label, how often it is right. **Recall**: how many of the pictures "
        "with this label it finds. **F1** is high only if both are. **Average precision** asks how well the label's "
        "pictures are ranked above the others, whatever the threshold. Click a column heading to sort."
    )
    bars = {
        title: st.column_config.ProgressColumn(title, format="%.1f %%", min_value=0, max_value=100, color=ACCENT)
        for title in SHOWN.values()
    }
    rows = pd.DataFrame([_row(each) for each in judged.evaluation.per_label])
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            **bars,
            "threshold": st.column_config.NumberColumn(
                "threshold", format="%.2f", help="The probability from which the label is given"
            ),
            "predicted": st.column_config.NumberColumn("predicted", help="Test pictures that were given the label"),
        },
        width="stretch",
    )


def _row(each: LabelFigures) -> dict[str, object]:
    known = {title: each.figures.get(key) for key, title in SHOWN.items()}
    return {
        "label": each.label,
        **{title: None if figure is None else 100 * figure.value for title, figure in known.items()},
        **{f"{title}, 95 %": interval(figure) for title, figure in known.items()},
        "threshold": each.threshold,
        "test pictures": each.support,
        "predicted": each.answered,
    }


def interval(figure: Figure | None) -> str:
    """The ends of a share's interval; a dash where the share is not defined."""
    return "–" if figure is None else f"{100 * figure.low:.0f}–{100 * figure.high:.0f} %"
