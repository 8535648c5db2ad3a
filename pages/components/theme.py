"""The colours of everything that is drawn: the same thing has the same colour on every page.

The hues are Okabe and Ito's and Tol's, which stay apart for colour-blind eyes, at a lightness that can be read on
white and on black.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

# The parts of a split; a dataset that brings no split has pictures in none of them.
PARTS = {"train": "#2f7fc1", "val": "#e08214", "test": "#1b9e83"}
PART_TITLES = {"train": "training", "val": "validation", "test": "test"}

GOOD, BAD, QUIET = "#1b9e83", "#d1495b", "#8a8f98"
ACCENT = PARTS["train"]
GRID = "rgba(138, 143, 152, 0.25)"  # seen on light and on dark ground

CLASS_COLOURS = (
    "#4477aa",
    "#ee7733",
    "#228855",
    "#cc4477",
    "#33a9cc",
    "#b39b1e",
    "#8866cc",
    "#a0623a",
    "#009988",
    "#dd5555",
    "#6b8e23",
    "#7788a0",
)


def class_colours(classes: Sequence[str], chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """A colour for each class: the chosen one, or else by its place in the dataset's list; they repeat after twelve."""
    given = {label: CLASS_COLOURS[place % len(CLASS_COLOURS)] for place, label in enumerate(classes)}
    return given | {label: colour for label, colour in (chosen or {}).items() if label in given}


def deepened(colour: str, share: float) -> str:
    """The same hue with `share` of its light."""
    return "#" + "".join(f"{round(int(colour[at : at + 2], 16) * share):02x}" for at in (1, 3, 5))


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
