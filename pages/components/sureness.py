"""Every figure of a judgement with its interval, and what less than the model scores."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components import words
from tlcore.evaluation.figures import Baselines, Interval, Scores
from tlcore.evaluation.metrics import Evaluation

ABOUT = {
    "accuracy": ("Accuracy", "of 100 pictures, so many are answered right"),
    "balanced_accuracy": ("Balanced accuracy", "the same, every class counting alike"),
    "macro_f1": ("Macro F1", "mean over the classes of how well they are both found and told"),
    "log_loss": ("Log loss (nats)", "0 is perfect; sure mistakes cost most"),
    "brier": ("Brier score", "0 is perfect; squared distance of the probabilities from the truth"),
}
SHARES = ("accuracy", "balanced_accuracy", "macro_f1")


def show(evaluation: Evaluation) -> None:
    """The figures and the baselines; nothing of what a run of long ago has not."""
    scores = evaluation.scores
    if scores is not None:
        st.subheader("Every figure, and how sure it is", anchor=False)
        # Not `st.dataframe`: the browser would fetch its canvas and grid for nine lines that nobody sorts.
        st.table(_table(scores, evaluation.baselines), hide_index=True, border="horizontal")
        said = "independent groups" if scores.grouped else "pictures"
        st.caption(f"95 % intervals, from {words.count(scores.units)} {said}.")


def _table(scores: Scores, less: Baselines) -> pd.DataFrame:
    rows = []
    for name, (title, about) in ABOUT.items():
        found = getattr(scores, name)
        rows.append(_row(title, found, about, share=name in SHARES))
    rows += [
        _row(f"Right among {each.k}", each, f"the class is among the {each.k} likeliest answers", share=True)
        for each in scores.top_k
    ]
    for title, found, about in (
        ("Linear probe", less.linear_probe, "accuracy of a logistic regression on the frozen backbone"),
        ("Nearest class mean", less.nearest_mean, "accuracy of the simplest use of the frozen backbone"),
        ("Largest class", less.largest_class, "accuracy of always answering the largest class"),
    ):
        if found is not None:
            rows.append(_row(title, found, about, share=True))
    return pd.DataFrame(rows)


def _row(title: str, found: Interval, about: str, *, share: bool) -> dict[str, str]:
    if share:
        value, interval = words.percent(found.value), f"{100 * found.low:.1f}–{100 * found.high:.1f} %"
    else:
        value, interval = f"{found.value:.3f}", f"{found.low:.3f}–{found.high:.3f}"
    return {"figure": title, "value": value, "95 %": interval, "what it says": about}
