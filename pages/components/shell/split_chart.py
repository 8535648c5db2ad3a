"""How much of each class is for training, validation and test."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

import plotly.graph_objects as go

from pages.components.shell import formats
from pages.components.shell.theme import PART_TITLES, PARTS, QUIET, polish

ROW_PIXELS = 30


def figure(counts: Mapping[str, Mapping[str, int]], wanted: Mapping[str, float] | None) -> go.Figure:
    """Draw a bar of 100 % for each class, stacked by part; dashed lines stand where the wanted shares end."""
    classes = list(counts)
    chart = go.Figure()
    for part, colour in PARTS.items():
        numbers = [counts[label][part] for label in classes]
        shares = [100 * counts[label][part] / (sum(counts[label].values()) or 1) for label in classes]
        instead = f", {100 * wanted[part]:g}{formats.THIN}% wanted" if wanted else ""
        chart.add_bar(
            y=classes,
            x=shares,
            orientation="h",
            name=PART_TITLES[part],
            marker={"color": colour},
            text=[formats.count(number) if number else "" for number in numbers],
            textposition="inside",
            insidetextfont={"color": "white"},
            textangle=0,
            customdata=numbers,
            hovertemplate=f"%{{y}}, {PART_TITLES[part]}: %{{customdata:,}} pictures, %{{x:.1f}}{formats.THIN}%{instead}"
            "<extra></extra>",
        )
    ends = "; dashed: the shares that are wanted" if wanted else ""
    polish(chart, x=f"share of the class (%){ends}", height=100 + ROW_PIXELS * len(classes))
    chart.update_layout(barmode="stack", bargap=0.25, legend={"traceorder": "normal"})
    for end in list(accumulate(wanted[part] for part in PARTS))[:-1] if wanted else ():
        chart.add_vline(x=100 * end, line={"color": QUIET, "width": 1.5, "dash": "dash"})
    chart.update_xaxes(range=[0, 100])
    chart.update_yaxes(autorange="reversed", showgrid=False, type="category")
    return chart
