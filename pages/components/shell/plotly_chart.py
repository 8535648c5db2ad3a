"""The one way to a chart on a page: names in it are shown as they are, whatever Plotly would read in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from pages.components.shell import formats

# What a trace says that comes from data. Its `hovertemplate` is the app's own and stays: names go there by
# `customdata`, `text` and `fullData.name`, never by an f-string.
FIELDS = ("name", "x", "y", "text", "hovertext", "customdata", "labels")


def plotly_chart(figure: go.Figure, **options: Any) -> Any:
    """`st.plotly_chart` of the figure with every name as it is."""
    return st.plotly_chart(literal(figure), **options)


def literal(figure: go.Figure) -> go.Figure:
    """A copy of the figure in which no name is read as HTML, TeX or a template."""
    copy = go.Figure(figure)
    for trace in copy.data:
        for field in FIELDS:
            value = trace[field] if field in trace else None  # noqa: SIM401 - a trace has no `get`
            if value is not None and _has_text(value):
                trace[field] = _literal(value)
    for axis in (*copy.select_xaxes(), *copy.select_yaxes()):
        for holder, field in ((axis, "ticktext"), (axis, "categoryarray"), (axis.title, "text")):
            if holder[field] is not None:
                holder[field] = _literal(holder[field])
    for note in copy.layout.annotations:
        note.text = _literal(note.text)
    return copy


def _has_text(value: Any) -> bool:
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.dtype.kind == "U"
    return any(isinstance(each, str) for each in _each(value))


def _each(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple | np.ndarray):
        for each in value:
            yield from _each(each)
    else:
        yield value


def _literal(value: Any) -> Any:
    if isinstance(value, str):
        return formats.in_chart(value)
    return [_literal(each) for each in value] if isinstance(value, list | tuple | np.ndarray) else value
