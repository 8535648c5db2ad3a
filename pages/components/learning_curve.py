"""Would more pictures help? What was measured, the curve through it and how sure it is, for all or for one class."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from pages.components import charts, checked, run_facts
from pages.components.theme import ACCENT, polish
from tlcore.data.dataset import Dataset
from tlcore.health.curve import Curve

ALL = "All classes"
BAND = f"rgba({charts.BLUE},0.16)"


def show(dataset: Dataset) -> None:
    """Show the curve of all pictures, or of a class; say so where there are too few pictures for one."""
    st.subheader("Would more pictures help?", anchor=False)
    curves = checked.curve(dataset)
    if curves is None:
        st.caption("There are too few pictures to say: it takes 40 and two classes.")
        return
    choices = {ALL: curves.whole, **curves.classes}
    chosen = ALL
    if len(choices) > 2:
        chosen = str(st.selectbox("Of", list(choices), key=f"curve-{dataset.id}", width=320))
    curve = choices.get(chosen, curves.whole)
    st.markdown(run_facts.escape(curve.says))
    st.plotly_chart(
        figure(curve, of_class=chosen != ALL),
        config={"displayModeBar": False},
        alt="share of right answers against the number of pictures, measured and expected",
    )
    st.caption(
        "A quick model learns from growing parts of the pictures and is judged on others; each point is the mean of "
        "several draws, its bar their standard deviation. The line is fitted to the points and goes on to four times "
        "as many pictures; in the band are 90 % of the lines through points drawn anew."
    )


def figure(curve: Curve, *, of_class: bool = False) -> go.Figure:
    """Draw the measured points, the fitted line and its band; dotted where nothing was measured."""
    chart = go.Figure()
    at = [one.pictures for one in curve.fitted]
    chart.add_scatter(
        x=[*at, *reversed(at)],
        y=[*(one.high for one in curve.fitted), *(one.low for one in reversed(curve.fitted))],
        mode="lines",
        fill="toself",
        fillcolor=BAND,
        line={"width": 0},
        name="90 % of fitted lines",
        hoverinfo="skip",
    )
    last = max(point.pictures for point in curve.points)
    measured = sum(one.pictures <= last for one in curve.fitted)
    for name, dash, part in (
        ("fitted", "solid", curve.fitted[:measured]),
        ("expected", "dot", curve.fitted[max(measured - 1, 0) :]),
    ):
        chart.add_scatter(
            x=[one.pictures for one in part],
            y=[one.accuracy for one in part],
            mode="lines",
            line={"color": ACCENT, "dash": dash, "width": 2},
            name=name,
            hovertemplate="%{x:,} pictures: %{y:.1%}<extra></extra>",
        )
    chart.add_scatter(
        x=[point.pictures for point in curve.points],
        y=[point.accuracy for point in curve.points],
        error_y={"array": [point.deviation for point in curve.points], "thickness": 1.2, "width": 3},
        mode="markers",
        marker={"color": ACCENT, "size": 8},
        name="measured",
        hovertemplate="%{x:,} pictures: %{y:.1%}<extra></extra>",
    )
    title = "share found" if of_class else "share right"
    polish(chart, x="pictures of the class" if of_class else "pictures", y=title, height=320)
    chart.update_xaxes(type="log", tickformat=",d", dtick="D2")
    chart.update_yaxes(tickformat=".0%", rangemode="normal")
    return chart
