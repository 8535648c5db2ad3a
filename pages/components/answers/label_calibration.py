"""Calibration of a multi-label model: whether each label's probability means what it says."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.components.answers import label_picker
from pages.components.answers.judged import Judged
from pages.components.answers.label_table import interval
from pages.components.shell import formats, frame
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.shell.theme import ACCENT, FAINT_ACCENT, QUIET, error_bars, polish
from tlcore.tasks.multilabel.curves import Bin, label_calibration_error, reliability
from tlcore.tasks.multilabel.labels import targets


@frame.fragment
def show(judged: Judged) -> None:
    """The reliability diagram of the label that the URL names, and the calibration error of each."""
    answers, evaluation = judged.answers, judged.evaluation
    st.subheader("Calibration: is the probability right?", anchor=False)
    st.markdown(
        "Of all pictures to which the model gives a label with 80 %, about 80 % should have it. Points above the "
        "diagonal: the probabilities are too low; below: too high. Each label has its own temperature, fitted on "
        "the validation set."
    )
    place = label_picker.pick(judged, "calibration-label")
    shares, true = answers.outputs[:, place], targets(answers.labels, answers.classes)[:, place] > 0
    chart, text = st.columns([1.5, 1], gap="large")
    with chart:
        plotly_chart(
            figure(reliability(shares, true)),
            key="label-reliability",
            config={"displayModeBar": False},
            alt=f"reliability diagram of {evaluation.labels[place]}: share of pictures at each probability",
        )
    with text:
        known = evaluation.per_label[place].figures.get("calibration_error")
        found = known or label_calibration_error(shares, true, answers.groups)
        st.metric("Calibration error (ECE)", formats.percent(found.value))
        st.caption(
            f"95 % interval {formats.percent(found.low)} to {formats.percent(found.high)}. Expected calibration error: "
            "the average gap between probability and share. It is never exactly 0 on a finite test set."
        )
    _table(judged)


def figure(bins: Sequence[Bin]) -> go.Figure:
    """Draw the share of pictures that have the label over the probability that the model gave it."""
    drawn = go.Figure()
    drawn.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", name="perfect calibration", hoverinfo="skip",
        line={"color": QUIET, "width": 1, "dash": "dot"},
    )  # fmt: skip
    drawn.add_scatter(
        x=[each.probability for each in bins],
        y=[each.share.value for each in bins],
        customdata=[each.n for each in bins],
        error_y=error_bars([each.share for each in bins], FAINT_ACCENT),
        mode="lines+markers",
        name="this label",
        line={"color": ACCENT, "width": 2},
        marker={"size": 9},
        hovertemplate="probability %{x:.0%}: %{y:.0%} have the label (%{customdata} pictures)<extra></extra>",
    )
    polish(drawn, x="Probability of the label", y="Share that have it", height=340)
    axis = {"range": [-0.02, 1.03], "tickformat": ".0%"}
    return drawn.update_xaxes(**axis).update_yaxes(**axis).update_layout(dragmode=False)


def _table(judged: Judged) -> None:
    rows = [
        {"label": each.label, "calibration error": 100 * found.value, "95 %": interval(found), "pictures": each.support}
        for each in judged.evaluation.per_label
        if (found := each.figures.get("calibration_error"))
    ]
    if not rows:  # a run of before
        return
    bar = st.column_config.ProgressColumn("calibration error", format="%.1f %%", min_value=0, max_value=50)
    table = pd.DataFrame(rows).sort_values("calibration error", ascending=False, kind="stable")
    with st.expander("Calibration error of every label", icon=":material/table_rows:"):
        st.dataframe(table, hide_index=True, column_config={"calibration error": bar}, width="stretch")
