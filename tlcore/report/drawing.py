"""Charts by matplotlib: the colours of all that is drawn, a plane with two axes, and charts as SVG.

It knows colours by what they are for, and matplotlib. It does not know what is drawn.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from tlcore.markup import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What a mark is for: light and dark pages give `ink`, `quiet` and `grid` other colours, the rest stays.
INKS = {"ink": "#1f2328", "quiet": "#6b7280", "grid": "#d5d9df"}
INKS_DARK = {"ink": "#e6e8eb", "quiet": "#9aa1ab", "grid": "#3a3f47"}
# The hues are Okabe and Ito's and Tol's, which stay apart for colour-blind eyes, at a lightness that can be read on
# white and on black.
TRAIN, VAL, TEST, WRONG = "#2f7fc1", "#e08214", "#1b9e83", "#d1495b"
COLOURS = (
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
POINTS = 72  # in an inch
STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.labelsize": 9,
    "axes.labelcolor": INKS["ink"],
    "axes.edgecolor": INKS["quiet"],
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "grid.color": INKS["grid"],
    "grid.linewidth": 0.6,
    "xtick.color": INKS["quiet"],
    "ytick.color": INKS["quiet"],
    "ytick.major.size": 0,
    "text.parse_math": False,
    "text.color": INKS["ink"],
    "figure.facecolor": "none",
    "figure.dpi": POINTS,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 6,
    # Text stays text, in the font of the page; and the same chart has the same bytes.
    "svg.fonttype": "none",
    "svg.hashsalt": "graft",
}


@dataclass(frozen=True)
class Drawing:
    """A chart; `says` is what it shows, for those who cannot see it."""

    figure: Figure
    says: str


@cache
def _styled() -> None:
    """Set matplotlib's style, once for the process: nothing else here draws with it."""
    import matplotlib

    matplotlib.rcParams.update(STYLE)


def plane(width: float, height: float, x: str = "", y: str = "", *, percent: str = "") -> Axes:
    """Make a chart of one plane.

    Args:
        width: Of the whole chart, in points.
        height: Likewise.
        x: What the axis shows.
        y: Likewise.
        percent: The axes, such as `xy`, that are shares from 0 to 1.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MultipleLocator, PercentFormatter

    _styled()
    axes = Figure((width / POINTS, height / POINTS), layout="constrained").add_subplot()
    axes.set(xlabel=x, ylabel=y)
    axes.grid(visible=False, axis="x")
    for name, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        if name in percent:
            axis.set_major_locator(MultipleLocator(0.2))
            axis.set_major_formatter(PercentFormatter(1.0, 0, "\u202f%"))
            getattr(axes, f"set_{name}lim")(0, 1)
    return axes


def finished(axes: Axes, says: str, *, legend: str = "", columns: int = 3) -> Drawing:
    """Give the chart of a plane, with a legend `above` it or `right` of it."""
    figure = cast("Figure", axes.get_figure(root=True))
    if legend == "above":
        figure.legend(loc="outside upper left", ncols=columns, handlelength=1.2)
    elif legend:
        figure.legend(loc="outside right upper", handlelength=1.2)
    for artist in axes.findobj():
        artist.set_clip_on(False)  # all lies within the axes, and a page needs no names for what clips
    with any_letter():
        figure.draw_without_rendering()
    figure.set_layout_engine("none")  # once more it would come out a hair's breadth otherwise
    return Drawing(figure, says)


@contextmanager
def any_letter() -> Iterator[None]:
    """Let matplotlib measure letters that its font lacks without a warning: the page and the PDF have other fonts."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        yield


def as_svg(drawing: Drawing) -> str:
    """Write a chart as an element of a page; its inks are variables of the page's style, so that they turn dark."""
    stream = BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with any_letter():
        drawing.figure.savefig(stream, format="svg", metadata=nothing)
    text = stream.getvalue().decode()
    inside = text[text.index(">", text.index("<svg")) + 1 :]
    for name, colour in INKS.items():
        inside = inside.replace(colour, f"var(--{name})")
    inside = re.sub(r"(font(?:-family)?: [^;\"]*?)'[^;\"]*", r"\1inherit", inside)
    width, height = (POINTS * side for side in drawing.figure.get_size_inches())
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{1.35 * width:.0f}" role="img" '
        f'aria-label="{escape(one_line(drawing.says))}">{inside}'
    )
