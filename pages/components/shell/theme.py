"""The colours of everything that is drawn: the same thing has the same colour on every page and in every report.

The hues are the reports' (`tlcore.report.drawing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import plotly.graph_objects as go

from tlcore.report.drawing import COLOURS as CLASS_COLOURS
from tlcore.report.drawing import TEST, TRAIN, VAL, WRONG

# The parts of a split; a dataset that brings no split has pictures in none of them.
PARTS = {"train": TRAIN, "val": VAL, "test": TEST}
PART_TITLES = {"train": "training", "val": "validation", "test": "test"}

GOOD, BAD, QUIET = TEST, WRONG, "#8a8f98"
ACCENT = PARTS["train"]
FAINT_ACCENT = "rgba(47,127,193,0.5)"
GRID = "rgba(138, 143, 152, 0.25)"  # seen on light and on dark ground


def class_colours(classes: Sequence[str], chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """A colour for each class: the chosen one, or else by its place in the dataset's list; they repeat after twelve."""
    given = {label: CLASS_COLOURS[place % len(CLASS_COLOURS)] for place, label in enumerate(classes)}
    return given | {label: colour for label, colour in (chosen or {}).items() if label in given}


def deepened(colour: str, share: float) -> str:
    """The same hue with `share` of its light."""
    return "#" + "".join(f"{round(int(colour[at : at + 2], 16) * share):02x}" for at in (1, 3, 5))


class Interval(Protocol):
    """A figure with the ends of its interval."""

    @property
    def value(self) -> Any: ...

    @property
    def low(self) -> Any: ...

    @property
    def high(self) -> Any: ...


def error_bars(figures: Sequence[Interval], colour: str) -> dict[str, object]:
    """Make Plotly's error bars of figures with their intervals."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [each.high - each.value for each in figures],
        "arrayminus": [each.value - each.low for each in figures],
        "color": colour,
        "thickness": 1,
        "width": 3,
    }


def polish(figure: go.Figure, *, x: str = "", y: str = "", height: int = 320) -> go.Figure:
    """Give a figure its axis titles and the plain look of the app; return the same figure.

    Colours of text are left to Streamlit, which knows whether the page is dark.
    """
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "title": None},
        hoverlabel={"namelength": -1},
    )
    figure.update_xaxes(title=x or None, gridcolor=GRID, zeroline=False, automargin=True)
    figure.update_yaxes(title=y or None, gridcolor=GRID, zeroline=False, automargin=True)
    return figure


# Nothing else is styled by hand: a readable line length, less air above the headline.
STYLE = """
<style>
.stMainBlockContainer { max-width: 1240px; padding-top: 3.5rem; padding-bottom: 4rem; }
[data-testid="stFileUploaderDropzone"] { min-height: 7.5rem; border-style: dashed; align-items: center; }
@media (max-width: 640px) { .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; } }
</style>
"""
