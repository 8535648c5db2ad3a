"""What a model's probabilities are worth: how far to trust them, when to ask a person, and what it does not know."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.components import run_facts, words
from pages.components.theme import ACCENT, QUIET, polish
from tlcore.evaluation.calibration import Calibration, ConformalSets, Reliability, Unfamiliarity, read_calibration
from tlcore.evaluation.figures import Interval
from tlcore.runs.run import Run

CONFIG = {"displayModeBar": False}
HEIGHT = 300
METHODS = {"lac": "smallest sets", "aps": "never an empty set"}


def show(run: Run) -> None:
    """Show everything that `calibration.json` has."""
    found = read_calibration(run.path)
    if found is None:
        st.caption(
            f"What the probabilities of this run are worth has not been computed. `python -m tlcore evaluate {run.id}` "
            "does it; where the model has met its validation pictures, train again."
        )
        return
    for note in found.notes:
        st.info(run_facts.escape(note), icon=":material/info:")
    if not found.test:
        return
    trust(found)
    with st.grid(2, min_column_width=360):
        with st.container():
            leaving_out(found)
        with st.container():
            sets(found, key=f"sets-{run.id}")
    if found.unfamiliarity is not None:
        unfamiliar(found.unfamiliarity)


def trust(found: Calibration) -> None:
    """The reliability diagram, and what the temperature has done."""
    st.subheader("Is it as right as it is sure?", anchor=False)
    text, chart = st.columns([1, 1.5], gap="large")
    with text:
        for label, value, about in _figures(found):
            st.metric(label, value)
            st.caption(about)
    with chart:
        st.plotly_chart(
            reliability(found.before, found.after),
            key="reliability",
            config=CONFIG,
            alt="share of right answers for each confidence, before and after the temperature, against the diagonal",
        )


def leaving_out(found: Calibration) -> None:
    """Accuracy against coverage."""
    st.subheader("“Not sure” as an answer", anchor=False)
    st.markdown("Leave the least sure pictures to a person: how often is the model right about the others?")
    st.plotly_chart(
        coverage(found),
        key="coverage",
        config=CONFIG,
        alt="accuracy of the answers that are given, against the share of pictures that get one",
    )
    st.caption(_said_of_coverage(found))


def sets(found: Calibration, *, key: str) -> None:
    """Sets of classes that hold the right one as often as is wished."""
    st.subheader("Several answers instead of one", anchor=False)
    st.markdown("As many classes as it takes to hold the right one in so many of 100 cases:")
    wanted = st.select_slider(
        "The right class should be among them in",
        sorted({each.wanted for each in found.conformal}),
        value=0.9,
        format_func=lambda share: words.percent(share, 0),
        key=f"{key}-wanted",
    )
    method = st.segmented_control(
        "Kind of set",
        list(METHODS),
        default="lac",
        required=True,
        format_func=lambda name: METHODS[name],
        key=f"{key}-method",
        label_visibility="collapsed",
    )
    chosen = next(each for each in found.conformal if each.wanted == wanted and each.method == method)
    st.plotly_chart(
        sizes(chosen), key="set-sizes", config=CONFIG, alt="test pictures by the number of answers they get"
    )
    st.caption(
        f"Of the test pictures **{_with_interval(chosen.coverage)}** have the right class in their set; "
        f"a set has {chosen.mean_size:.2f} classes on average."
    )


def unfamiliar(found: Unfamiliarity) -> None:
    """Whether the model notices what is none of its classes."""
    st.subheader("None of these", anchor=False)
    st.markdown(
        "A model names one of its classes whatever it is shown. Its second output says how unlike the training "
        f"pictures a picture is. Of the run's own test pictures it calls **{_with_interval(found.test)}** unfamiliar, "
        "by mistake; about 5 % are meant to be."
    )
    if not found.strangers:
        st.caption("With other datasets in the workspace their pictures would be shown to it here.")
        return
    table = pd.DataFrame(
        [
            {
                "pictures of": each.name,
                "pictures": each.n,
                "called unfamiliar": 100 * each.recognised,
                "told apart (AUROC)": each.auroc.value,
                "95 %": f"{each.auroc.low:.2f}–{each.auroc.high:.2f}",
            }
            for each in found.strangers
        ]
    )
    bar = st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100, color=ACCENT)
    number = st.column_config.NumberColumn(
        format="%.3f", help="1: always scores higher than a test picture; 0.5: chance"
    )
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        column_config={"called unfamiliar": bar, "told apart (AUROC)": number},
    )


def reliability(before: Reliability, after: Reliability) -> go.Figure:
    """Draw both against the diagonal."""
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="as right as sure",
        line={"color": QUIET, "width": 1, "dash": "dash"},
        hoverinfo="skip",
    )
    for name, found, colour, dash in (
        ("without temperature", before, QUIET, "dot"),
        ("with temperature", after, ACCENT, "solid"),
    ):
        shares = [each.accuracy for each in found.bins]
        figure.add_scatter(
            x=[each.confidence for each in found.bins],
            y=[share.value for share in shares],
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": dash},
            marker={"size": 7},
            error_y=_bars(shares) if found is after else None,
            customdata=[[each.n, each.accuracy.low, each.accuracy.high] for each in found.bins],
            hovertemplate=f"{name}<br>sure: %{{x:.0%}}<br>right: %{{y:.0%}} "
            "(%{customdata[1]:.0%}–%{customdata[2]:.0%})<br>%{customdata[0]} pictures<extra></extra>",
        )
    polish(figure, x="how sure the answer is", y="how often it is right", height=HEIGHT + 40)
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
        hovertemplate="answered: %{x:.0%}<br>right: %{y:.1%}<br>at least %{customdata:.0%} sure<extra></extra>",
        showlegend=False,
    )
    polish(figure, x="share of pictures that get an answer", y="right answers among them", height=HEIGHT)
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
    polish(figure, x="classes in the set", y="test pictures", height=HEIGHT - 110)
    figure.update_xaxes(type="category")
    return figure


def _figures(found: Calibration) -> Iterator[tuple[str, str, str]]:
    ece = found.after.ece
    yield (
        "Calibration error",
        words.percent(ece.value),
        f"95 % interval {words.percent(ece.low)} to {words.percent(ece.high)}; "
        f"{words.percent(found.before.ece.value)} without the temperature. How far “sure” and “right” are apart, on "
        "average; chance alone makes it more than nothing.",
    )
    where = "inside the model's files" if found.in_model else "**not** in the model's files"
    said = "too sure of itself" if found.temperature > 1 else "too hesitant"
    yield (
        "Temperature",
        f"{found.temperature:.2f}",
        f"The model was {said} by this factor. Found on {words.plural(found.validation, 'validation picture')}; it is "
        f"{where}.",
    )


def _said_of_coverage(found: Calibration) -> str:
    best = [point for point in found.coverage if point.coverage >= 0.8]
    if not best:
        return ""
    point = best[-1]
    return (
        f"Answering {words.percent(point.coverage, 0)} of the pictures, those it is at least "
        f"{words.percent(point.confidence, 0)} sure of, it is right in **{_with_interval(point.accuracy)}** of them."
    )


def _with_interval(share: Interval) -> str:
    return f"{words.percent(share.value)} ({100 * share.low:.0f}–{words.percent(share.high, 0)})"


def _bars(shares: list[Interval]) -> dict[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [share.high - share.value for share in shares],
        "arrayminus": [share.value - share.low for share in shares],
        "thickness": 1,
        "width": 2,
        "color": "rgba(47,127,193,0.5)",
    }
