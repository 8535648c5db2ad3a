"""The confusion matrix as a chart: of classes, or of groups of neighbours where there are many.

It knows counts and names. It does not know pictures, runs or what a click opens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from pages.components.shell import charts
from pages.components.shell.theme import PARTS

MOST_CLASSES = 30  # more cannot be told apart in one matrix
Counts = npt.NDArray[np.int64]
Group = tuple[int, ...]


@dataclass(frozen=True)
class Cells:
    """What a matrix draws, row by row.

    Attributes:
        rows, columns: What stands beside and below.
        colour: `(rows, columns)`, 0 to 1.
        text: What stands in each cell.
        about: For each cell what it says of itself and, first, its two places in what a click is to open.
        hover: Plotly's template, over `about`.
    """

    rows: Sequence[str]
    columns: Sequence[str]
    colour: npt.NDArray[np.float64]
    text: Sequence[Sequence[str]]
    about: Sequence[Sequence[Sequence[Any]]]
    hover: str


def grouped(order: Sequence[int]) -> list[Group]:
    """Each class alone where they are few; else as many groups of neighbours as each has classes, about."""
    size = 1 if len(order) <= MOST_CLASSES else ceil(sqrt(len(order)))
    return [tuple(order[at : at + size]) for at in range(0, len(order), size)]


def of_classes(table: Counts, rows: Group, columns: Group, classes: Sequence[str], shares: bool) -> Cells:
    """Cells of true classes and answers; the colour is the share of the true class's pictures, beside the largest."""
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    shown = share[np.ix_(rows, columns)]
    return Cells(
        [classes[row] for row in rows],
        [classes[column] for column in columns],
        shown / max(shown.max(), 1e-9),
        [[_said(table[row, column], share[row, column], shares) for column in columns] for row in rows],
        [
            [
                [row, column, classes[row], classes[column], int(table[row, column]), share[row, column]]
                for column in columns
            ]
            for row in rows
        ],
        "<b>%{customdata[4]}</b> of the pictures of <b>%{customdata[2]}</b> were predicted as "
        "<b>%{customdata[3]}</b><br>(%{customdata[5]:.1%}) · click to see them<extra></extra>",
    )


def of_groups(table: Counts, groups: Sequence[Group], classes: Sequence[str], shares: bool) -> Cells:
    """Cells of two groups each: how many pictures of the first were called another class, one of the second."""
    wrong = table - np.diag(np.diag(table))
    counts = np.array([[wrong[np.ix_(rows, columns)].sum() for columns in groups] for rows in groups])
    share = counts / np.maximum([[table[list(rows)].sum()] for rows in groups], 1)
    ends = [[_short(classes[place], 11) for place in dict.fromkeys((group[0], group[-1]))] for group in groups]
    names = [" … ".join(each) for each in ends]
    places = range(len(groups))
    return Cells(
        names,
        names,
        share / max(share.max(), 1e-9),
        [[_said(counts[row, column], share[row, column], shares) for column in places] for row in places],
        [
            [
                [row, column, names[row], names[column], int(counts[row, column]), share[row, column]]
                for column in places
            ]
            for row in places
        ],
        "<b>%{customdata[4]}</b> confusions (%{customdata[5]:.1%} of the pictures)<br>true: "
        "%{customdata[2]}<br>predicted: %{customdata[3]}<br>click to look inside<extra></extra>",
    )


def figure(
    cells: Cells,
    *,
    dark: bool = False,
    chosen: tuple[int, int] | None = None,
    titles: tuple[str, str] = ("true class", "predicted class"),
) -> go.Figure:
    """True classes down, answers across, by the `titles` of both.

    A heat map answers no clicks in Streamlit, so clear markers lie over it.
    """
    height, width = cells.colour.shape
    small = max(height, width) <= 20
    drawn = go.Figure()
    drawn.add_heatmap(
        z=cells.colour.astype(np.float32),
        x=list(range(width)),
        y=list(range(height)),
        zmin=0,
        zmax=1,
        xgap=2,
        ygap=2,
        colorscale=[[0, f"rgba({charts.BLUE},0.07)"], [0.001, f"rgba({charts.BLUE},0.2)"], [1, f"rgb({charts.BLUE})"]],
        showscale=False,
        hoverinfo="skip",
    )
    places = [(row, column) for row in range(height) for column in range(width)]
    strong = cells.colour > 0.5
    drawn.add_scatter(
        x=[column for _, column in places],
        y=[row for row, _ in places],
        customdata=[cells.about[row][column] for row, column in places],
        text=[cells.text[row][column] if small else "" for row, column in places],
        textfont={
            "size": 15 if max(height, width) <= 10 else 10,
            "color": ["white" if dark or strong[row, column] else "#31333f" for row, column in places],
        },
        mode="markers+text",
        marker={"size": 34, "symbol": "square", "color": "rgba(0,0,0,0)", "line": {"width": 0}},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}, "textfont": {}},
        hovertemplate=cells.hover,
        showlegend=False,
    )
    if chosen is not None:
        row, column = chosen
        drawn.add_shape(
            type="rect",
            x0=column - 0.48,
            x1=column + 0.48,
            y0=row - 0.48,
            y1=row + 0.48,
            line={"width": 3, "color": PARTS["val"]},
        )
    for update, names, ends in (
        (drawn.update_xaxes, cells.columns, [-0.5, width - 0.5]),
        (drawn.update_yaxes, cells.rows, [height - 0.5, -0.5]),
    ):
        update(
            range=ends,
            zeroline=False,
            showgrid=False,
            tickvals=list(range(len(names))),
            ticktext=[_short(name, 26) for name in names],
        )
    drawn.update_xaxes(title=titles[1]).update_yaxes(title=titles[0])
    return drawn.update_layout(
        height=min(140 + (46 if small else 24) * max(height, 4), 900),
        margin={"l": 10, "r": 10, "t": 20, "b": 10},
        dragmode=False,
        hoverdistance=-1,
        uirevision="confusion",
    )


def _said(number: int, share: float, shares: bool) -> str:
    if not number:
        return ""
    return f"{share:.0%}" if shares else str(number)


def _short(name: str, longest: int) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"
