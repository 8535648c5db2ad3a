"""How many pictures each class has, and to which part of a given split they belong."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from pages.components import words
from pages.components.theme import PART_TITLES, QUIET, class_colours, deepened, polish

ROW_PIXELS = 34
# The hue is the class's, its depth tells the part of a given split; white numbers can be read on each.
DEPTH = {"train": 1.0, "val": 0.76, "test": 0.55, "": 1.0}


def figure(items: pd.DataFrame, classes: tuple[str, ...], chosen_colours: Mapping[str, str] | None = None) -> go.Figure:
    """Draw a bar for each class, stacked by the given split where there is one."""
    counted = items.groupby(["label", "split"]).size()
    there = set(items["split"].unique())
    parts = [part for part in ("train", "val", "test", "") if part in there]
    colours = list(class_colours(classes, chosen_colours).values())
    chart = go.Figure()
    for part in parts:
        numbers = [int(counted.get((label, part), 0)) for label in classes]
        title = PART_TITLES.get(part, "in no part yet")
        chart.add_bar(
            y=list(classes),
            x=numbers,
            orientation="h",
            marker={"color": [deepened(colour, DEPTH[part]) for colour in colours]},
            text=[words.count(number) if number else "" for number in numbers],
            textposition="auto",
            insidetextfont={"color": "white"},
            textangle=0,
            showlegend=False,
            hovertemplate="%{y}: %{x:,}" + (f", {title}" if len(parts) > 1 else " pictures") + "<extra></extra>",
        )
        if len(parts) > 1:
            # The bars have many colours: the legend shows the depth alone.
            marker = {"color": deepened(QUIET, DEPTH[part])}
            chart.add_bar(y=[classes[0]], x=[0], orientation="h", marker=marker, name=title, hoverinfo="skip")
    polish(chart, x="pictures", height=(90 if len(parts) > 1 else 60) + ROW_PIXELS * len(classes))
    chart.update_layout(barmode="stack", bargap=0.25, legend={"traceorder": "normal"})
    chart.update_layout(margin={"t": 28 if len(parts) > 1 else 0})
    if counted.groupby("label").sum().max() < 10:
        chart.update_xaxes(dtick=1)  # no halves of a picture
    chart.update_yaxes(autorange="reversed", showgrid=False, type="category")
    return chart


def imbalance(counts: dict[str, int]) -> str:
    """Say when one class has many more pictures than another; empty where it does not matter."""
    some = {label: number for label, number in counts.items() if number}
    if len(some) < 2:
        return ""
    most, least = max(some, key=lambda label: some[label]), min(some, key=lambda label: some[label])
    if some[most] < 4 * some[least]:
        return ""
    times = some[most] / some[least]
    return (
        f"'{most}' has {times:.2g} times as many pictures as '{least}'. More pictures of the small classes help most; "
        "class balancing, among the advanced settings of a training, helps a little."
    )
