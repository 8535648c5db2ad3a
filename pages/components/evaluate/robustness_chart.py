"""Robustness: accuracy under each image corruption with its interval, beside the frozen-backbone baseline."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from pages.components.shell import charts, formats
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.shell.theme import ACCENT, QUIET, polish
from tlcore.evaluation.robustness import Curve, Robustness

HEIGHT = 230
BAND = f"rgba({charts.BLUE},0.16)"


def show(robustness: Robustness | None) -> None:
    """Show a small chart for each corruption, and what stands out."""
    st.subheader("Robustness to image corruptions", anchor=False)
    if robustness is None:
        st.caption("Not measured yet.")
        return
    better = "" if robustness.of.higher_is_better else " Lower is better."
    st.markdown(
        f"{robustness.of.title} on {formats.plural(robustness.n, 'test picture')}, corrupted at five severities. "
        "The band is the 95 % confidence interval. The dotted line is the frozen-backbone baseline: "
        f"{formats.plain(_lower(robustness.baseline_says))}{better}"
    )
    for said in robustness.says:
        st.markdown(f"- {formats.plain(said)}")
    with st.grid(4, min_column_width=230):
        for curve in robustness.curves:
            with st.container(gap="xxsmall"):
                st.markdown(f"**{formats.plain(curve.title)}**")
                plotly_chart(
                    figure(robustness, curve),
                    key=f"robustness-{curve.key}",
                    config={"displayModeBar": False},
                    alt=f"{robustness.of.name} under {curve.title.lower()} at five severities, model and "
                    "frozen-backbone baseline",
                )


def figure(robustness: Robustness, curve: Curve) -> go.Figure:
    """Draw one corruption: the pictures as they are first, then the five strengths."""
    model, baseline = (robustness.model, *curve.model), (robustness.baseline, *curve.baseline)
    places, share = list(range(len(model))), robustness.of.kind == "share"
    unit = f" {formats.plain(robustness.unit)}" if robustness.of.kind == "value" else ""
    digits = ".1%" if share else ".3g"
    chart = go.Figure()
    chart.add_scatter(
        x=[*places, *reversed(places)],
        y=[*(share.high for share in model), *(share.low for share in reversed(model))],
        mode="lines",
        fill="toself",
        fillcolor=BAND,
        line={"width": 0},
        hoverinfo="skip",
    )
    for name, shares, colour, dash in (
        ("frozen-backbone baseline", baseline, QUIET, "dot"),
        ("this model", model, ACCENT, "solid"),
    ):
        chart.add_scatter(
            x=places,
            y=[share.value for share in shares],
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": dash},
            marker={"size": 6},
            customdata=[[share.low, share.high] for share in shares],
            hovertemplate=f"{name}: %{{y:{digits}}} (%{{customdata[0]:{digits}}}–%{{customdata[1]:{digits}}})"
            f"{unit}<extra></extra>",
        )
    polish(chart, x=curve.unit, y=f"{robustness.of.brief}{f',{unit}' if unit else ''}", height=HEIGHT)
    chart.update_layout(showlegend=False, dragmode=False, margin={"t": 8})
    chart.update_xaxes(tickvals=places, ticktext=["as is", *(f"{strength:g}" for strength in curve.strengths)])
    if share:
        chart.update_yaxes(range=[0, 1.02], tickformat=".0%")
    else:
        chart.update_yaxes(rangemode="tozero")
    return chart


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
