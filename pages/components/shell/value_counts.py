"""How the numbers of a dataset are distributed, as a whole and over the parts of its split."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import streamlit as st

from pages.components.shell import formats, tables, task_words
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.shell.theme import ACCENT, PART_TITLES, PARTS, polish
from tlcore.data.dataset import Dataset
from tlcore.data.label_counts import values

MOST_BINS = 40
Values = npt.NDArray[np.float64]


def chart(dataset: Dataset) -> None:
    """The histogram of a dataset's numbers, and a line of figures below it."""
    info, found = dataset.info, values(tables.items(dataset)["label"])
    title = task_words.value_title(info)
    plotly_chart(figure(found, title), config={"displayModeBar": False}, alt=f"histogram of {title}")
    low, middle, high = np.quantile(found, [0.05, 0.5, 0.95])
    shown = [task_words.number(float(f"{value:.4g}"), info.unit) for value in (middle, low, high)]
    same = formats.count(len(np.unique(found)))
    st.caption(
        formats.plain(f"Median {shown[0]}; 90 % are between {shown[1]} and {shown[2]}; {same} different values.")
    )


def edges(found: Values) -> Values:
    """Choose the limits of the bars: rules of the field, at most 40 bars, whole numbers where all values are whole."""
    if len(found) and (found == np.round(found)).all() and np.ptp(found) < MOST_BINS:
        return np.arange(found.min() - 0.5, found.max() + 1)
    bins = len(np.histogram_bin_edges(found, "auto")) - 1
    return np.histogram_bin_edges(found, int(np.clip(bins, 5, MOST_BINS)))


def figure(found: Values, title: str) -> go.Figure:
    """Draw the histogram of values."""
    limits = edges(found)
    counts, _ = np.histogram(found, limits)
    drawn = go.Figure()
    drawn.add_bar(
        x=(limits[:-1] + limits[1:]) / 2,
        y=counts.tolist(),
        width=np.diff(limits),
        marker={"color": ACCENT, "line": {"width": 1, "color": "rgba(255,255,255,.35)"}},
        customdata=np.stack([limits[:-1], limits[1:]], axis=1),
        hovertemplate="%{customdata[0]:.4g} to %{customdata[1]:.4g}: %{y:,} pictures<extra></extra>",
    )
    polish(drawn, x=title, y="pictures", height=260)
    drawn.update_layout(bargap=0, margin={"t": 8})
    return drawn


def split_figure(parts: Mapping[str, Values], title: str) -> go.Figure:
    """Draw how the values of each part of a split are distributed, each as shares of its pictures."""
    limits = edges(np.concatenate(list(parts.values())))
    drawn = go.Figure()
    for part, found in parts.items():
        shares = 100 * np.histogram(found, limits)[0] / max(len(found), 1)
        drawn.add_scatter(
            x=np.repeat(limits, 2)[1:-1],
            y=np.repeat(shares, 2),
            mode="lines",
            name=f"{PART_TITLES[part]} ({formats.count(len(found))})",
            line={"color": PARTS[part], "width": 2},
            hovertemplate=f"%{{x:.4g}}: %{{y:.1f}}{formats.THIN}% of {PART_TITLES[part]}<extra></extra>",
        )
    return polish(drawn, x=title, y="share of the set (%)", height=280)
