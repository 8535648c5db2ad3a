"""What Auto has tried: the candidates, how good each is and how long it took, and the button that ends the search."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import accumulate

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.components.shell import charts, formats, frame, run_facts
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.shell.theme import PARTS, QUIET, error_bars, polish
from tlcore.modalities import Noun
from tlcore.runs.events import CandidateEnded
from tlcore.runs.run import Run
from tlcore.runs.state import RunState

HEIGHT = 300
SYMBOLS = {"cross-validation": "circle", "validation": "diamond"}
OUTCOMES = {"leads": "Took the lead", "behind": "Not better", "skipped": "Left out", "stopped": "Stopped"}


def show(run: Run, state: RunState) -> None:
    """Show the search of a run with the mode `auto`."""
    st.subheader("Leaderboard", anchor=False)
    noun = run_facts.noun(run)
    st.caption(
        f"Candidates in the order of their cost, each judged on {noun.many} that it has not learned from. The test set "
        "is used once, for the winner."
    )
    if state.live and (state.phase is None or state.phase.name != "evaluate") and state.test is None:
        _search(run, state)
    judged = [each for each in state.candidates if each.value is not None]
    if judged:
        figure = chart(judged, state.leader, revision=run.id)
        plotly_chart(figure, key=f"leaderboard-{run.id}", config=charts.CONFIG, alt="Candidates by time and metric")
    if state.candidates:
        st.dataframe(table(state.candidates, state.leader, noun), hide_index=True, width="stretch")
    elif not state.live:
        st.caption("The run ended before the first candidate was judged.")


def _search(run: Run, state: RunState) -> None:
    """Say what is tried now, and offer to take the best so far."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        trying = state.trying
        if trying is not None:
            since = formats.duration((datetime.now(UTC) - trying.at).total_seconds())
            about = formats.duration(trying.seconds)
            st.markdown(f"Trying **{formats.plain(trying.title)}**: {since} of about {about}.")
        taken = run.take_file.exists()
        st.button(
            "Take this one",
            key="take",
            icon=":material/check:",
            disabled=state.leader is None or taken or state.state != "running",
            on_click=frame.pressed(run.take),
            help="Ends the search: the best model so far is evaluated on the test set and exported.",
        )
        frame.page_button(
            "Try it",
            frame.TRY,
            {"run": run.id},
            key="try-leader",
            icon=":material/image_search:",
            disabled=state.leader is None,
        )


def chart(judged: list[CandidateEnded], leader: CandidateEnded | None, *, revision: str) -> go.Figure:
    """Draw the metric of each candidate, with its 95 % interval, at the time at which it was known."""
    figure, ends = go.Figure(), _ends(judged)
    of, unit = judged[0].of, judged[0].unit
    for by, symbol in SYMBOLS.items():
        mine = [(each, end) for each, end in zip(judged, ends, strict=True) if each.by == by]
        if not mine:
            continue
        figure.add_scatter(
            x=[end for _, end in mine],
            y=[each.value for each, _ in mine],
            error_y=error_bars([each for each, _ in mine], QUIET),
            name=f"by {by}",
            mode="markers",
            marker={"size": 11, "symbol": symbol, "color": PARTS["train"]},
            customdata=[
                (each.title, formats.figure(of, each.value or 0.0, unit), formats.duration(end)) for each, end in mine
            ],
            hovertemplate="%{customdata[0]}: %{customdata[1]}, known after %{customdata[2]}<extra></extra>",
        )
    for each, end in zip(judged, ends, strict=True):
        if each == leader:
            figure.add_scatter(
                x=[end],
                y=[each.value],
                name="best so far",
                mode="markers",
                marker={"symbol": "star", "size": 16, "color": PARTS["val"], "line": {"width": 1, "color": "white"}},
                hoverinfo="skip",
            )
    polish(figure, x="Time (seconds)", y=charts.axis_title(of, unit if of.kind == "value" else ""), height=HEIGHT)
    figure.update_xaxes(rangemode="tozero")
    if of.kind == "share":
        figure.update_yaxes(tickformat=".0%")
    return figure.update_layout(
        uirevision=revision,
        dragmode=False,
        hovermode="closest",
        legend={"orientation": "h", "y": -0.25, "yanchor": "top", "x": 0},
    )


def table(candidates: tuple[CandidateEnded, ...], leader: CandidateEnded | None, noun: Noun) -> pd.DataFrame:
    """List the candidates, the leader marked."""
    return pd.DataFrame(
        {
            "Candidate": f"★ {each.title}" if each == leader else each.title,
            f"{each.of.title} (95 %)": _figure(each),
            "Judged by": f"{each.by}, {noun.counted(each.n)}" if each.value is not None else "–",
            "Time": formats.duration(each.seconds) if each.value is not None else "–",
            "Expected": "–" if each.expected_seconds is None else formats.duration(each.expected_seconds),
            "Result": f"{OUTCOMES[each.outcome]}. {each.reason}",
        }
        for each in candidates
    )


def _figure(each: CandidateEnded) -> str:
    if each.value is None or each.low is None or each.high is None:
        return "–"
    value, low, high = (formats.figure(each.of, number, each.unit) for number in (each.value, each.low, each.high))
    return f"{value} ({low} to {high})"


def _ends(candidates: list[CandidateEnded]) -> list[float]:
    """Seconds of the search until each candidate was judged."""
    return list(accumulate(each.seconds for each in candidates))
