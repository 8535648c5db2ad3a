"""How many pictures each class has, and to which part of a given split they belong."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.components.shell import formats, tables, task_words
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.shell.theme import PART_TITLES, QUIET, class_colours, deepened, polish
from tlcore.data.dataset import Dataset
from tlcore.tasks import find_task

ROW_PIXELS = 34
MOST_ROWS = 10  # without a bar to scroll by
MOST_BARS = 60  # a thousand take a browser half a minute
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
        title = PART_TITLES.get(part, "not split yet")
        chart.add_bar(
            y=list(classes),
            x=numbers,
            orientation="h",
            marker={"color": [deepened(colour, DEPTH[part]) for colour in colours]},
            text=[formats.count(number) if number else "" for number in numbers],
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


def chart(dataset: Dataset) -> None:
    """The chart of a dataset's classes; of many, the largest and the smallest, and a table of all."""
    counts, info = tables.counts(dataset), dataset.info
    classes, said = shown(counts)
    colours = class_colours(info.classes, info.colours)  # each keeps its own where some are left out
    with st.container(height=440 if len(classes) > MOST_ROWS else "content", border=False):
        plotly_chart(figure(_each(dataset), classes, colours), config={"displayModeBar": False})
    if said:
        st.caption(said)
        with st.expander(f"All {formats.count(len(counts))} {task_words.many(info)}", icon=":material/table_rows:"):
            rows = [{task_words.one(info): label, "pictures": number} for label, number in counts.items()]
            st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")


def _each(dataset: Dataset) -> pd.DataFrame:
    """The pictures' labels and parts: a row for each label of a picture where there may be several."""
    table, task = tables.items(dataset), dataset.info.task
    if task == "classification":
        return table
    names = find_task(task).names
    return table[["label", "split"]].assign(label=[names(text) for text in table["label"]]).explode("label").dropna()


def shown(counts: Mapping[str, int]) -> tuple[tuple[str, ...], str]:
    """The classes that a chart has room for, in their order, and which those are, in a sentence where not all."""
    classes = tuple(counts)
    if len(classes) <= MOST_BARS:
        return classes, ""
    by_size, half = sorted(classes, key=lambda label: -counts[label]), MOST_BARS // 2
    some = {*by_size[:half], *by_size[-half:]}
    said = f"The {half} largest and the {half} smallest of {formats.count(len(classes))} classes."
    return tuple(label for label in classes if label in some), said


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
        f"'{most}' has {times:.2g} times as many pictures as '{least}'. More pictures of the small classes help "
        "most. Class balancing, under *Advanced* on the Train page, helps a little."
    )
