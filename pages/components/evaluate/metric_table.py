"""All metrics of an evaluation with their intervals, and those of the baselines."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.shell import formats
from tlcore.evaluation.figures import Baselines, Interval, Scores
from tlcore.evaluation.metrics import Evaluation

ABOUT = {
    "accuracy": ("Accuracy", "share of correct predictions"),
    "balanced_accuracy": ("Balanced accuracy", "mean recall: every class counts the same"),
    "macro_f1": ("Macro F1", "mean F1 over classes"),
    "log_loss": ("Log loss (nats)", "0 is perfect; confident errors cost most"),
    "brier": ("Brier score", "0 is perfect; mean squared error of the probabilities"),
}
SHARES = ("accuracy", "balanced_accuracy", "macro_f1")


def show(evaluation: Evaluation) -> None:
    """Rows of the metrics and the baselines; a run of an earlier version may lack some."""
    scores = evaluation.scores
    if scores is not None:
        st.subheader("All metrics with confidence intervals", anchor=False)
        # Not `st.dataframe`: the browser would fetch its canvas and grid for nine lines that nobody sorts.
        st.table(_table(scores, evaluation.baselines), hide_index=True, border="horizontal")
        said = "independent groups" if scores.grouped else "pictures"
        st.caption(f"95 % confidence intervals, from {formats.count(scores.units)} {said}.")


def _table(scores: Scores, less: Baselines) -> pd.DataFrame:
    rows = []
    for name, (title, about) in ABOUT.items():
        found = getattr(scores, name)
        rows.append(_row(title, found, about, share=name in SHARES))
    rows += [
        _row(
            f"Top-{each.k} accuracy", each, f"the true class is among the {each.k} most likely predictions", share=True
        )
        for each in scores.top_k
    ]
    for title, found, about in (
        ("Linear probe", less.linear_probe, "accuracy of logistic regression on the frozen backbone"),
        ("Nearest class mean", less.nearest_mean, "accuracy of the simplest use of the frozen backbone"),
        ("Largest class", less.largest_class, "accuracy of always predicting the largest class"),
    ):
        if found is not None:
            rows.append(_row(title, found, about, share=True))
    return pd.DataFrame(rows)


def _row(title: str, found: Interval, about: str, *, share: bool) -> dict[str, str]:
    if share:
        value, interval = formats.percent(found.value), f"{100 * found.low:.1f}–{100 * found.high:.1f} %"
    else:
        value, interval = f"{found.value:.3f}", f"{found.low:.3f}–{found.high:.3f}"
    return {"metric": title, "value": value, "95 %": interval, "meaning": about}
