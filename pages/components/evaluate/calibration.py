"""What a model's probabilities are worth: how far to trust them, when to ask a person, and what it does not know."""

from __future__ import annotations

from collections.abc import Iterator

import plotly.graph_objects as go
import streamlit as st

from pages.components.shell import formats
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.shell.theme import ACCENT, FAINT_ACCENT, QUIET, error_bars, polish
from tlcore.evaluation.files import read_calibration
from tlcore.runs.run import Run
from tlcore.tasks.classification.calibration_schema import (
    Calibration,
    ConformalSets,
    Reliability,
)
from tlcore.tasks.evaluation import Figure

CONFIG = {"displayModeBar": False}
HEIGHT = 300
METHODS = {"lac": "smallest sets", "aps": "never empty"}


def show(run: Run) -> None:
    """Show everything that `calibration.json` has."""
    found = read_calibration(run.path)
    if found is None:
        st.caption(
            f"Calibration has not been computed for this run. {formats.code(f'python -m tlcore evaluate {run.id}')} "
            "computes it. If the model was also trained on its validation pictures, train again."
        )
        return
    for note in found.notes:
        st.info(formats.plain(note), icon=":material/info:")
    if not found.test:
        return
    trust(found)
    with st.grid(2, min_column_width=360):
        with st.container():
            leaving_out(found)
        with st.container():
            sets(found, key=f"sets-{run.id}")


def trust(found: Calibration) -> None:
    """The reliability diagram, and what the temperature has done."""
    st.subheader("Calibration: is the confidence right?", anchor=False)
    text, chart = st.columns([1, 1.5], gap="large")
    with text:
        for label, value, about in _figures(found):
            st.metric(label, value)
            st.caption(about)
    with chart:
        plotly_chart(
            reliability(found.before, found.after),
            key="reliability",
            config=CONFIG,
            alt="reliability diagram: accuracy at each confidence, before and after temperature scaling, against "
            "the diagonal",
        )


def leaving_out(found: Calibration) -> None:
    """Accuracy against coverage."""
    st.subheader("Accuracy when unsure predictions are skipped", anchor=False)
    st.markdown("If a person decides the least confident cases, how often is the model right about the rest?")
    plotly_chart(
        coverage(found),
        key="coverage",
        config=CONFIG,
        alt="accuracy of the remaining predictions against the share of pictures that are answered",
    )
    st.caption(_said_of_coverage(found))


def sets(found: Calibration, *, key: str) -> None:
    """Sets of classes that hold the right one as often as is wished."""
    st.subheader("Prediction sets", anchor=False)
    st.markdown(
        "Instead of one class, the model names as many as it needs to include the right one as often as you ask "
        "(conformal prediction)."
    )
    wanted = st.select_slider(
        "Target coverage",
        sorted({each.wanted for each in found.conformal}),
        value=0.9,
        format_func=lambda share: formats.percent(share, 0),
        key=f"{key}-wanted",
    )
    method = st.segmented_control(
        "Method",
        list(METHODS),
        default="lac",
        required=True,
        format_func=lambda name: METHODS[name],
        key=f"{key}-method",
        label_visibility="collapsed",
    )
    chosen = next(each for each in found.conformal if each.wanted == wanted and each.method == method)
    plotly_chart(sizes(chosen), key="set-sizes", config=CONFIG, alt="test pictures by the size of their prediction set")
    st.caption(
        f"Of the test pictures **{_with_interval(chosen.coverage)}** have the right class in their set; "
        f"a set has {chosen.mean_size:.2f} classes on average."
    )


def reliability(before: Reliability, after: Reliability) -> go.Figure:
    """Draw both against the diagonal."""
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="perfectly calibrated",
        line={"color": QUIET, "width": 1, "dash": "dash"},
        hoverinfo="skip",
    )
    for name, found, colour, dash in (
        ("before temperature scaling", before, QUIET, "dot"),
        ("after temperature scaling", after, ACCENT, "solid"),
    ):
        shares = [each.accuracy for each in found.bins]
        figure.add_scatter(
            x=[each.confidence for each in found.bins],
            y=[share.value for share in shares],
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": dash},
            marker={"size": 7},
            error_y=error_bars(shares, FAINT_ACCENT) if found is after else None,
            customdata=[[each.n, each.accuracy.low, each.accuracy.high] for each in found.bins],
            hovertemplate=f"{name}<br>confidence: %{{x:.0%}}<br>accuracy: %{{y:.0%}} "
            f"(%{{customdata[1]:.0%}}–%{{customdata[2]:.0%}})<br>%{{customdata[0]}} pictures<extra></extra>",
        )
    polish(figure, x="confidence", y="accuracy", height=HEIGHT + 40)
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%")
    figure.update_yaxes(range=[-0.02, 1.05], tickformat=".0%")
    return figure


def coverage(found: Calibration) -> go.Figure:
    """Draw the accuracy of the answers that are given, with its interval, against their share."""
    points = found.coverage
    shares = [point.coverage for point in points]
    figure = go.Figure()
    figure.add_scatter(
        x=[*shares, *reversed(shares)],
        y=[*(point.accuracy.high for point in points), *(point.accuracy.low for point in reversed(points))],
        mode="lines",
        fill="toself",
        fillcolor="rgba(47,127,193,0.16)",
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=shares,
        y=[point.accuracy.value for point in points],
        mode="lines+markers",
        line={"color": ACCENT, "width": 2},
        marker={"size": 4},
        customdata=[point.confidence for point in points],
        hovertemplate="answered: %{x:.0%}<br>accuracy: %{y:.1%}<br>confidence ≥ %{customdata:.0%}<extra></extra>",
        showlegend=False,
    )
    polish(figure, x="share of pictures answered (coverage)", y="accuracy", height=HEIGHT)
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%")
    lowest = min(point.accuracy.low for point in points)
    figure.update_yaxes(range=[max(0.0, lowest - 0.05), 1.01], tickformat=".0%")
    return figure


def sizes(chosen: ConformalSets) -> go.Figure:
    """Draw how many test pictures get how many answers."""
    last = max((size for size, number in enumerate(chosen.sizes) if number), default=1)
    names = [str(size) for size in range(last + 1)]
    figure = go.Figure()
    figure.add_bar(
        x=names,
        y=list(chosen.sizes[: last + 1]),
        marker={"color": [QUIET, *[ACCENT] * last]},
        hovertemplate="%{x} classes: %{y} pictures<extra></extra>",
    )
    polish(figure, x="size of the prediction set", y="test pictures", height=HEIGHT - 110)
    figure.update_xaxes(type="category")
    return figure


def _figures(found: Calibration) -> Iterator[tuple[str, str, str]]:
    ece = found.after.ece
    yield (
        "Calibration error (ECE)",
        formats.percent(ece.value),
        f"95 % interval {formats.percent(ece.low)} to {formats.percent(ece.high)}; "
        f"{formats.percent(found.before.ece.value)} before temperature scaling. Expected calibration error: the "
        "average gap between confidence and accuracy. It is never exactly 0 on a finite test set.",
    )
    where = "inside the model's files" if found.in_model else "**not** in the model's files"
    said = "overconfident" if found.temperature > 1 else "underconfident"
    yield (
        "Temperature",
        f"{found.temperature:.2f}",
        f"The model was {said}; its logits are divided by this number. Fitted on "
        f"{formats.plural(found.validation, 'validation picture')}; it is {where}.",
    )


def _said_of_coverage(found: Calibration) -> str:
    best = [point for point in found.coverage if point.coverage >= 0.8]
    if not best:
        return ""
    point = best[-1]
    return (
        f"If it answers {formats.percent(point.coverage, 0)} of the pictures, those with a confidence of at least "
        f"{formats.percent(point.confidence, 0)}, it is right in **{_with_interval(point.accuracy)}** of them."
    )


def _with_interval(share: Figure) -> str:
    return f"{formats.percent(share.value)} ({100 * share.low:.0f}–{formats.percent(share.high, 0)})"
