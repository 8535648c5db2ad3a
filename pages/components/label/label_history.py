"""How far the labelling is: labels given, suggestions that were right, and the accuracy of the probe as it grows."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from pages.components.shell import formats
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.shell.theme import ACCENT, polish
from tlcore.data.inbox import Answer, Inbox
from tlcore.labelling.history import Point, course


def labels(holding: dict[str, Answer]) -> list[Answer]:
    """The classes that were given, of all that holds."""
    return [said for said in holding.values() if said.kind == "label"]


def figures(inbox: Inbox, holding: dict[str, Answer], *, waiting: int) -> None:
    """Show how many wait and were labelled, how often the suggestion was right, and how good the probe is by now."""
    given = labels(holding)
    task = inbox.dataset.info.task
    suggested = [said for said in given if said.suggested]
    right = sum(said.suggested == said.label for said in suggested)
    points = course(inbox)
    numbers = task == "regression"
    with st.grid(2 if numbers else 4, min_column_width=150):
        st.metric("Waiting", formats.count(waiting), border=True, height="stretch")
        st.metric("Labels given", formats.count(len(given)), border=True, height="stretch")
        if numbers:
            return
        st.metric(
            "Suggestions right",
            formats.percent(right / len(suggested), 0) if suggested else "–",
            border=True,
            height="stretch",
            help=f"{right} of {len(suggested)}. Hard pictures come first, so this will rise.",
        )
        last = points[-1] if points else None
        st.metric(
            "Probe accuracy" if task == "classification" else "Probe exact match",
            formats.percent(last.accuracy) if last else "–",
            delta=_gained(points),
            delta_color="off",  # within the interval it may be chance
            border=True,
            height="stretch",
            help="It is measured once two classes have some pictures in the dataset.",
        )
    if last:
        low, high = last.interval
        st.caption(
            f"The probe was right about {last.right} of {last.n} pictures from the dataset that it had not seen; 95 "
            f"% confidence interval {100 * low:.0f} to {formats.percent(high, 0)}."
        )
    if len(points) > 1:
        plotly_chart(_chart(points), config={"displayModeBar": False}, key=f"course-{inbox.dataset.id}")


def _gained(points: list[Point]) -> str | None:
    gained = 100 * (points[-1].accuracy - points[0].accuracy) if points else 0.0
    return f"{gained:+.1f} points" if abs(gained) >= 0.05 else None


def _chart(points: list[Point]) -> go.Figure:
    """The probe's accuracy after so many labels, with its 95 % interval."""
    given = [point.labels for point in points]
    shares = [100 * point.accuracy for point in points]
    low, high = zip(*(point.interval for point in points), strict=True)
    figure = go.Figure()
    figure.add_scatter(
        x=[*given, *reversed(given)],
        y=[100 * share for share in (*high, *reversed(low))],
        fill="toself",
        fillcolor="rgba(47,127,193,0.16)",
        mode="lines",
        line={"width": 0},
        hoverinfo="skip",
        name="95 % interval",
    )
    figure.add_scatter(
        x=given,
        y=shares,
        mode="lines+markers",
        line={"color": ACCENT},
        name="probe",
        hovertemplate="%{y:.1f} % after %{x} labels<extra></extra>",
    )
    return polish(figure, x="Labels given in the inbox", y="Probe accuracy (%)", height=260)
