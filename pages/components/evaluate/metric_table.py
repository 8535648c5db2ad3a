"""All metrics of an evaluation with their intervals, and those of the baselines."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.shell import formats
from tlcore.tasks.classification import LARGEST_CLASS, LINEAR_PROBE, NEAREST_MEAN
from tlcore.tasks.evaluation import Evaluation, Figure

ABOUT = {
    "accuracy": ("Accuracy", "share of correct predictions"),
    "balanced_accuracy": ("Balanced accuracy", "mean recall: every class counts the same"),
    "macro_f1": ("Macro F1", "mean F1 over classes"),
    "log_loss": ("Log loss (nats)", "0 is perfect; confident errors cost most"),
    "brier": ("Brier score", "0 is perfect; mean squared error of the probabilities"),
    **{
        f"top_{k}": (f"Top-{k} accuracy", f"the true class is among the {k} most likely predictions") for k in (2, 3, 5)
    },
}
SHARES = ("accuracy", "balanced_accuracy", "macro_f1")


def show(evaluation: Evaluation) -> None:
    """Rows of the metrics and the baselines; a run of an earlier version may lack some."""
    if not evaluation.figures:
        return
    st.subheader("All metrics with confidence intervals", anchor=False)
    # Not `st.dataframe`: the browser would fetch its canvas and grid for nine lines that nobody sorts.
    st.table(_table(evaluation), hide_index=True, border="horizontal")
    said = "independent groups" if evaluation.grouped else "pictures"
    st.caption(f"95 % confidence intervals, from {formats.count(evaluation.groups)} {said}.")


def _table(evaluation: Evaluation) -> pd.DataFrame:
    known = evaluation.figures
    rows = [
        _row(title, known[name], about, share=name in SHARES or name.startswith("top_"))
        for name, (title, about) in ABOUT.items()
        if name in known
    ]
    for title, about in (
        (LINEAR_PROBE, "accuracy of logistic regression on the frozen backbone"),
        (NEAREST_MEAN, "accuracy of the simplest use of the frozen backbone"),
        (LARGEST_CLASS, "accuracy of always predicting the largest class"),
    ):
        if found := evaluation.baseline(title):
            rows.append(_row(title, found, about, share=True))
    return pd.DataFrame(rows)


def _row(title: str, found: Figure, about: str, *, share: bool) -> dict[str, str]:
    if share:
        value, interval = formats.percent(found.value), f"{100 * found.low:.1f}–{100 * found.high:.1f} %"
    else:
        value, interval = f"{found.value:.3f}", f"{found.low:.3f}–{found.high:.3f}"
    return {"metric": title, "value": value, "95 %": interval, "meaning": about}
