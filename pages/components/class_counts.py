"""How many pictures each class has, and to which part of a given split they belong."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from pages.components import words
from pages.components.theme import PART_TITLES, QUIET, class_colours, polish

ROW_PIXELS = 34
# Full, half and light: the colour stays the class's, its strength tells the part of a given split.
STRENGTH = {"train": 1.0, "val": 0.3, "test": 0.6, "": 1.0}


def figure(items: pd.DataFrame, classes: tuple[str, ...]) -> go.Figure:
    """Draw a bar for each class, stacked by the given split where there is one."""
    counted = items.groupby(["label", "split"]).size()
    parts = [part for part in ("train", "val", "test", "") if part in set(items["split"])]
    colours = [class_colours(classes)[label] for label in classes]
    chart = go.Figure()
    for part in parts:
        numbers = [int(counted.get((label, part), 0)) for label in classes]
        title = PART_TITLES.get(part, "in no part yet")
        chart.add_bar(
            y=list(classes),
            x=numbers,
            orientation="h",
            marker={"color": colours, "opacity": STRENGTH[part]},
            text=[words.count(number) if number else "" for number in numbers],
            textposition="auto",
            textangle=0,
            showlegend=False,
            hovertemplate="%{y}: %{x:,}" + (f", {title}" if len(parts) > 1 else " pictures") + "<extra></extra>",
        )
        if len(parts) > 1:
            # The bars have many colours: the legend shows the strength alone.
            marker = {"color": QUIET, "opacity": STRENGTH[part]}
            chart.add_bar(y=[classes[0]], x=[0], orientation="h", marker=marker, name=title, hoverinfo="skip")
    polish(chart, x="pictures", height=100 + ROW_PIXELS * len(classes))
    chart.update_layout(barmode="stack", bargap=0.25)
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
