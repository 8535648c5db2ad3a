"""Runs in a chart: what the headline metric costs in time and size, and in which classes two of them differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from pages.components.shell import formats
from pages.components.shell.theme import BAD, CLASS_COLOURS, GOOD, QUIET, error_bars, polish
from tlcore.evaluation.compare import ClassDifference, Comparison
from tlcore.tasks import find_task

MOST_CLASSES = 24
SMALLEST, LARGEST = 10, 26  # pixels across


def figure(found: Comparison, names: Mapping[str, str]) -> go.Figure:
    """The headline metric with its interval over the time of an answer; the area of a mark is the size of the model.

    Where not every run has a time, over the size alone; a run without that is left out.
    """
    runs, metric = found.runs, find_task(found.task).find_metric(found.metric)
    timed = all(run.milliseconds is not None for run in runs)
    chart = go.Figure()
    largest = max((run.bytes or 0 for run in runs), default=0) or 1
    digits = ".1%" if metric.kind == "share" else ".3g"
    for place, run in enumerate(runs):
        across, known = run.milliseconds if timed else (run.bytes or 0) / 1e6, run.figures.get(found.metric)
        if not across or known is None:
            continue
        colour = CLASS_COLOURS[place % len(CLASS_COLOURS)]
        size = max(SMALLEST, LARGEST * ((run.bytes or 0) / largest) ** 0.5) if timed else SMALLEST
        time = f"{run.milliseconds:.3g} ms" if run.milliseconds is not None else "time unknown"
        about = f"{time}, {formats.size(run.bytes) if run.bytes is not None else 'size not known'}"
        chart.add_scatter(
            x=[across],
            y=[known.value],
            error_y=error_bars([known], colour),
            mode="markers",
            name=names[run.run],
            marker={"size": size, "color": colour, "opacity": 0.6, "line": {"width": 1, "color": "white"}},
            customdata=[[known.low, known.high, about]],
            hovertemplate=(
                f"%{{y:{digits}}} (%{{customdata[0]:{digits}}}–%{{customdata[1]:{digits}}})<br>%{{customdata[2]}}"
                "<extra>%{fullData.name}</extra>"
            ),
        )
    across_title = "milliseconds per prediction (larger marks are larger models)" if timed else "megabytes"
    unit = f", {found.unit}" if metric.kind == "value" and found.unit else ""
    polish(chart, x=across_title, y=f"test {metric.brief}{unit}", height=360)
    chart.update_xaxes(rangemode="tozero").update_yaxes(tickformat=".0%" if metric.kind == "share" else None)
    return chart.update_layout(
        dragmode=False, legend={"y": -0.25, "yanchor": "top", "itemsizing": "constant"}, showlegend=True
    )


def differences(classes: Sequence[ClassDifference]) -> go.Figure:
    """How much more of each class the second run finds, the largest differences; grey where chance may have done it."""
    shown = [each for each in classes if each.first != each.second][:MOST_CLASSES]
    shown.sort(key=lambda each: each.second - each.first)
    sure = [each.p_value < 0.05 for each in shown]
    chart = go.Figure()
    chart.add_bar(
        x=[each.second - each.first for each in shown],
        y=[each.label for each in shown],
        orientation="h",
        marker={
            "color": [
                (GOOD if each.second > each.first else BAD) if known else QUIET
                for each, known in zip(shown, sure, strict=True)
            ]
        },
        customdata=[[each.first, each.second, each.only_second, each.only_first, each.p_value] for each in shown],
        hovertemplate=(
            "<b>%{y}</b>: from %{customdata[0]:.0%} to %{customdata[1]:.0%}<br>%{customdata[2]} wrong → right, "
            "%{customdata[3]} right → wrong<br>p = %{customdata[4]:.3f}<extra></extra>"
        ),
    )
    polish(chart, x="difference in recall (grey: not significant)", height=110 + 26 * max(len(shown), 2))
    chart.update_xaxes(tickformat="+.0%", zeroline=True, zerolinecolor=QUIET)
    chart.update_yaxes(type="category", ticksuffix=" ")
    return chart.update_layout(dragmode=False, showlegend=False, bargap=0.35)
