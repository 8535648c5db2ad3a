"""Which cell of a matrix is looked at: by a click on its chart, or from a list for a keyboard; the URL says it.

It knows counts, names and places. It does not know what a matrix counts, nor what a cell opens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from pages.components.answers import confusion_chart
from pages.components.answers.confusion_chart import Cells, Counts
from pages.components.shell.plotly_chart import plotly_chart

MOST_CELLS = 200  # in the list: the largest
Place = tuple[int, int]


def asked(name: str, most: int) -> Place | None:
    """Read two places below `most` from the URL; None where it has none."""
    parts = st.query_params.get(name, "").split("-")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    first, second = map(int, parts)
    return (first, second) if max(first, second) < most else None


def largest(table: Counts) -> Place | None:
    """Find the largest cell beside the diagonal; None where there is none."""
    beside = table - np.diag(np.diag(table))
    if not beside.any():
        return None
    first, second = np.unravel_index(int(beside.argmax()), beside.shape)
    return int(first), int(second)


def draw(
    cells: Cells, key: str, *, name: str, chosen: Place | None, alt: str, titles: tuple[str, str] | None = None
) -> None:
    """Draw a matrix; a click on a cell puts its places into the URL as `name`."""

    def follow() -> None:
        if points := st.session_state[key].selection.points:
            first, second, *_ = points[0]["customdata"]
            st.query_params[name] = f"{first}-{second}"

    plotly_chart(
        confusion_chart.figure(
            cells, dark=st.context.theme.type == "dark", chosen=chosen, **({"titles": titles} if titles else {})
        ),
        key=key,
        on_select=follow,
        selection_mode="points",
        config={"displayModeBar": False},
        alt=alt,
    )


def choose(
    names: Sequence[str],
    table: Counts,
    place: Place | None,
    *,
    key: str,
    between: str,
    help: str,
    then: Callable[[Place], None] | None = None,
) -> Place | None:
    """Let a person choose a cell from a list, the largest first; give the one that is looked at.

    Args:
        names: Of rows and columns.
        table: The counts.
        place: The cell that is looked at; None takes the first of the list.
        key: Of the list.
        between: What stands between the names of a cell.
        help: What a line of the list says.
        then: What else follows from a choice.
    """
    filled = [(int(row), int(column)) for row, column in np.argwhere(table)]
    filled.sort(key=lambda each: (each[0] == each[1], -table[each]))
    if place is None and not filled:
        return None
    place = place or filled[0]
    shown = filled[:MOST_CELLS]
    if place not in shown:
        shown.append(place)

    def follow() -> None:
        first, second = st.session_state[key]
        st.query_params["cell"] = f"{first}-{second}"
        if then is not None:
            then((first, second))

    st.session_state[key] = place
    st.selectbox(
        "Pictures of",
        shown,
        format_func=lambda each: f"{names[each[0]]} {between} {names[each[1]]} ({table[each]})",
        key=key,
        on_change=follow,
        help=help,
    )
    return place
