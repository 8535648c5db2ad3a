"""The learning curve: measured points, the fitted curve and its band, for all classes or for one."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from pages.components.shell import charts, check_results, formats
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.shell.theme import ACCENT, polish
from tlcore.data.dataset import Dataset
from tlcore.health.curve import Curve

ALL = "All classes"
BAND = f"rgba({charts.BLUE},0.16)"


def show(dataset: Dataset) -> None:
    """Show the curve of all pictures, or of a class; say so where there are too few pictures for one."""
    st.subheader("Learning curve: would more pictures help?", anchor=False)
    if dataset.info.task != "classification":
        st.caption("It is drawn only where each picture has exactly one class.")
        return
    curves = check_results.curve(dataset)
    if curves is None:
        st.caption("There are too few pictures to tell: at least 40 and two classes are needed.")
        return
    choices = {ALL: curves.whole, **curves.classes}
    chosen = ALL
    if len(choices) > 2:
        chosen = str(st.selectbox("Of", list(choices), key=f"curve-{dataset.id}", width=320))
    curve = choices.get(chosen, curves.whole)
    st.markdown(formats.plain(curve.says))
    plotly_chart(
        figure(curve, of_class=chosen != ALL),
        config={"displayModeBar": False},
        alt="accuracy against the number of pictures, measured and extrapolated",
    )
    st.caption(
        "A linear probe is trained on growing subsets and evaluated on the other pictures. Each point is the mean "
        "of several draws with its standard deviation. The line is fitted to the points and extrapolated to four "
        "times as many pictures; the band holds 90 % of the bootstrap fits."
    )


def figure(curve: Curve, *, of_class: bool = False) -> go.Figure:
    """Draw the measured points, the fitted line and its band; dotted where nothing was measured."""
    chart = go.Figure()
    at = [one.items for one in curve.fitted]
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
    last = max(point.items for point in curve.points)
    measured = sum(one.items <= last for one in curve.fitted)
    for name, dash, part in (
        ("fitted", "solid", curve.fitted[:measured]),
        ("expected", "dot", curve.fitted[max(measured - 1, 0) :]),
    ):
        chart.add_scatter(
            x=[one.items for one in part],
            y=[one.accuracy for one in part],
            mode="lines",
            line={"color": ACCENT, "dash": dash, "width": 2},
            name=name,
            hovertemplate="%{x:,} pictures: %{y:.1%}<extra></extra>",
        )
    chart.add_scatter(
        x=[point.items for point in curve.points],
        y=[point.accuracy for point in curve.points],
        error_y={"array": [point.deviation for point in curve.points], "thickness": 1.2, "width": 3},
        mode="markers",
        marker={"color": ACCENT, "size": 8},
        name="measured",
        hovertemplate="%{x:,} pictures: %{y:.1%}<extra></extra>",
    )
    title = "recall" if of_class else "accuracy"
    polish(chart, x="pictures of the class" if of_class else "pictures", y=title, height=320)
    chart.update_xaxes(type="log", tickformat=",d", dtick="D2")
    chart.update_yaxes(tickformat=".0%", rangemode="normal")
    return chart
