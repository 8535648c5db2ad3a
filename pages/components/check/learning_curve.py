"""The learning curve: measured points, the fitted curve and its band, for all classes or for one."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from pages.components.shell import charts, check_results, formats
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.shell.theme import ACCENT, polish
from tlcore.data.dataset import Dataset
from tlcore.health.check import Check
from tlcore.health.curve import LEAST_ROWS, Curve, Point, Predicted
from tlcore.modalities import find_modality
from tlcore.tasks import Metric

ALL = {"class": "All classes", "labels": "All labels", "number": "All"}
BAND = f"rgba({charts.BLUE},0.16)"


def show(dataset: Dataset) -> None:
    """Show the curve of all items, or of a class; say so where there are too few for one."""
    info = dataset.info
    noun, task = find_modality(info.modality).noun, Check(dataset).task()
    st.subheader(f"Learning curve: would more {noun.many} help?", anchor=False)
    curves = check_results.curve(dataset)
    if curves is None:
        st.caption(f"There are too few {noun.many} to tell: at least {LEAST_ROWS}, with different labels, are needed.")
        return
    choices = {ALL[task.probe]: curves.whole, **curves.classes}
    chosen = ALL[task.probe]
    if len(choices) > 2:
        chosen = str(st.selectbox("Of", list(choices), key=f"curve-{dataset.id}", width=320))
    curve, of_class = choices.get(chosen, curves.whole), chosen != ALL[task.probe]
    metric = task.class_metric if of_class and task.class_metric else task.metrics[0]
    st.markdown(formats.plain(curve.says))
    plotly_chart(
        figure(curve, metric, f"{noun.many} of the class" if of_class else noun.many, info.unit),
        config={"displayModeBar": False},
        alt=f"{metric.name} against the number of {noun.many}, measured and extrapolated",
    )
    st.caption(
        f"{metric.explains} A linear probe is trained on growing subsets and evaluated on the other {noun.many}. Each "
        "point is the mean of several draws with its standard deviation. The line is fitted to the points and "
        f"extrapolated to four times as many {noun.many}; the band holds 90 % of the bootstrap fits."
    )


def figure(curve: Curve, metric: Metric, counted: str, unit: str = "") -> go.Figure:
    """Draw the measured points, the fitted line and its band; dotted where nothing was measured."""
    hover = "%{x:,} %{customdata[0]}: %{customdata[1]}<extra></extra>"

    def told(some: Sequence[Point] | Sequence[Predicted]) -> list[tuple[str, str]]:
        return [(counted, metric.shown(one.value, unit)) for one in some]

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
            y=[one.value for one in part],
            mode="lines",
            line={"color": ACCENT, "dash": dash, "width": 2},
            name=name,
            customdata=told(part),
            hovertemplate=hover,
        )
    chart.add_scatter(
        x=[point.items for point in curve.points],
        y=[point.value for point in curve.points],
        error_y={"array": [point.deviation for point in curve.points], "thickness": 1.2, "width": 3},
        mode="markers",
        marker={"color": ACCENT, "size": 8},
        name="measured",
        customdata=told(curve.points),
        hovertemplate=hover,
    )
    title = f"{metric.title} [{unit}]" if metric.kind == "value" and unit else metric.title
    polish(chart, x=counted, y=title, height=320)
    chart.update_xaxes(type="log", tickformat=",d", dtick="D2")
    chart.update_yaxes(tickformat=".0%" if metric.kind == "share" else None, rangemode="normal")
    return chart
