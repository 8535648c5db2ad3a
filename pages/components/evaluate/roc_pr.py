"""What a class's probability is worth as a threshold moves: ROC and precision–recall curves of chosen classes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.components.shell import formats, frame
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.shell.theme import CLASS_COLOURS, QUIET, class_colours, polish
from tlcore.evaluation.files import read_curves
from tlcore.runs.run import Run
from tlcore.tasks.evaluation import Evaluation

MOST = 6  # curves in one chart; more cannot be told apart
HEIGHT = 380
KEY = "class-curves"
CONFIG = {"displayModeBar": False}


@frame.fragment
def show(run: Run, evaluation: Evaluation) -> None:
    """Both charts of the classes that the URL names as `classes`; else of those that are hardest to tell."""
    points = read_curves(run.path)
    st.subheader("ROC and precision–recall curves", anchor=False)
    if points is None:
        st.caption(f"This run has no curves. {formats.code(f'python -m tlcore evaluate {run.id}')} computes them.")
        return
    if points.empty:
        st.caption("A curve needs test pictures of at least two classes.")
        return
    st.markdown(
        "Each point is a decision threshold: how many pictures of a class are found, and how many others are "
        "mistaken for it. Hover over a curve to see the threshold."
    )
    chosen = _choose(evaluation, sorted(int(place) for place in points["class"].unique()))
    with st.grid(2, min_column_width=360):
        for kind, title in (("roc", "ROC curve"), ("pr", "Precision–recall curve")):
            with st.container(gap="xsmall"):
                st.markdown(f"**{title}**")
                plotly_chart(
                    figure(points, kind, evaluation, chosen),
                    key=f"curves-{kind}",
                    config=CONFIG,
                    alt=f"{title}, a curve for each chosen class",
                )


def figure(points: pd.DataFrame, kind: str, evaluation: Evaluation, places: Sequence[int]) -> go.Figure:
    """The curves of one kind, `roc` or `pr`, of the classes at `places`; dotted what a guess would do."""
    # Colours repeat after twelve classes: where there are more, those that are shown have one each.
    few = len(evaluation.labels) <= len(CLASS_COLOURS)
    labels = [scores.label for scores in evaluation.per_label]
    colours, chart = class_colours(labels if few else [labels[place] for place in places]), go.Figure()
    here = points[points["kind"] == kind]
    roc = kind == "roc"
    if roc:
        _guess(chart, 0.0, 1.0)
    elif len(places) == 1:  # each class has its own
        share = evaluation.per_label[places[0]].support / max(evaluation.n, 1)
        _guess(chart, share, share)
    found, other = ("recall", "false positive rate") if roc else ("precision", "recall")
    for place in places:
        scores, curve = evaluation.per_label[place], here[here["class"] == place]
        area = scores.areas.get("roc_auc" if roc else "average_precision")
        chart.add_scatter(
            x=curve["x"],
            y=curve["y"],
            name=scores.label if area is None else f"{scores.label} · {area:.3f}",
            mode="lines",
            # Between two thresholds precision is that of the lower one: no straight line leads there.
            line={"color": colours[scores.label], "width": 2, "shape": "linear" if roc else "vh"},
            customdata=curve[["threshold"]],
            hovertemplate=f"threshold %{{customdata[0]:.2f}}: {found} %{{y:.0%}}, {other} %{{x:.0%}}",
        )
    recall = "Recall"
    polish(
        chart,
        x="False positive rate" if roc else recall,
        y=recall if roc else "Precision",
        height=HEIGHT,
    )
    axis = {"range": [-0.01, 1.02], "tickformat": ".0%"}
    chart.update_xaxes(**axis).update_yaxes(**axis)
    return chart.update_layout(dragmode=False, legend={"y": -0.2, "yanchor": "top"})


def _choose(evaluation: Evaluation, there: Sequence[int]) -> list[int]:
    """The classes of the URL; else all of a few, or those with the least area under precision and recall."""
    scores = evaluation.per_label
    hardest = sorted(there, key=lambda place: scores[place].areas.get("average_precision", 0.0))
    asked = [int(part) for part in st.query_params.get("classes", "").split("-") if part.isascii() and part.isdigit()]
    shown = [place for place in asked if place in there][:MOST] or sorted(hardest[:MOST])

    def follow() -> None:
        if places := st.session_state[KEY]:
            st.query_params["classes"] = "-".join(map(str, places))
        else:
            st.query_params.pop("classes", None)

    # The URL leads and the widget follows.
    st.session_state[KEY] = shown
    st.multiselect(
        f"Classes (at most {MOST})" if len(there) > MOST else "Classes",
        hardest,
        format_func=lambda place: scores[place].label,
        key=KEY,
        max_selections=MOST,
        on_change=follow,
        help="The hardest classes first. The number after a name is the area under its curve.",
    )
    return shown


def _guess(chart: go.Figure, first: float, last: float) -> None:
    line = {"color": QUIET, "width": 1, "dash": "dot"}
    chart.add_scatter(x=[0, 1], y=[first, last], mode="lines", line=line, name="a guess", hoverinfo="skip")
