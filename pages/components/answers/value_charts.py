"""The charts of a regression: predicted against true values, residuals, and their histogram.

It knows numbers and a unit. It does not know pictures, runs or what a click opens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from pages.components.shell.theme import ACCENT, BAD, PARTS, QUIET, polish

HEIGHT = 420
FEW = 1500  # more points are drawn by the graphics card
Numbers = npt.NDArray[np.float64]
BAND = "rgba(47,127,193,0.12)"


@dataclass(frozen=True)
class Values:
    """What is drawn, `(n,)` each: true and predicted values, and half the width of the prediction intervals.

    Attributes:
        name: What a value is, with its unit: `weight (kg)`.
        unit: Alone.
    """

    true: Numbers
    predicted: Numbers
    margin: float | None
    name: str
    unit: str = ""

    @property
    def residuals(self) -> Numbers:
        """Predicted less true."""
        return self.predicted - self.true

    @property
    def outside(self) -> npt.NDArray[np.bool_]:
        """Whether each true value lies outside its prediction interval."""
        return np.abs(self.residuals) > (math.inf if self.margin is None else self.margin)


def predicted_against_true(values: Values, chosen: int | None = None) -> go.Figure:
    """Draw each item's predicted value over its true one, with the diagonal and the band of the intervals."""
    low, high = _range(np.concatenate([values.true, values.predicted]))
    drawn, ends = go.Figure(), [low, high]
    if values.margin is not None:
        _band(drawn, ends, [each - values.margin for each in ends], [each + values.margin for each in ends])
    _line(drawn, ends, ends, "exact prediction")
    _points(drawn, values, values.true, values.predicted, chosen)
    polish(drawn, x=f"True {values.name}", y=f"Predicted {values.name}", height=HEIGHT)
    drawn.update_xaxes(range=ends).update_yaxes(range=ends)
    return drawn.update_layout(dragmode=False, uirevision="values")


def residuals(values: Values, chosen: int | None = None) -> go.Figure:
    """Draw each item's residual over its predicted value, with the band of the intervals."""
    ends = list(_range(values.predicted))
    drawn = go.Figure()
    if values.margin is not None:
        _band(drawn, ends, [-values.margin] * 2, [values.margin] * 2)
    _line(drawn, ends, [0.0, 0.0], "no error")
    _points(drawn, values, values.predicted, values.residuals, chosen)
    most = 1.08 * max(float(np.abs(values.residuals).max(initial=0.0)), values.margin or 0.0) or 1.0
    unit = f" ({values.unit})" if values.unit else ""
    polish(drawn, x=f"Predicted {values.name}", y=f"Residual: predicted − true{unit}", height=HEIGHT)
    drawn.update_xaxes(range=ends).update_yaxes(range=[-most, most])
    return drawn.update_layout(dragmode=False, uirevision="residuals")


def histogram(values: Values) -> go.Figure:
    """Draw how many items have a residual of each size."""
    counts, edges = np.histogram(values.residuals, bins="auto" if len(values.true) > 2 else 1)
    if len(counts) > 60:
        counts, edges = np.histogram(values.residuals, bins=60)
    drawn = go.Figure()
    drawn.add_bar(
        x=(edges[1:] + edges[:-1]) / 2,
        y=counts,
        width=np.diff(edges),
        customdata=np.stack([edges[:-1], edges[1:]], axis=1),
        marker={"color": ACCENT, "opacity": 0.75, "line": {"width": 1, "color": "rgba(138,143,152,0.4)"}},
        hovertemplate="%{customdata[0]:.3g} to %{customdata[1]:.3g}: %{y} pictures<extra></extra>",
    )
    drawn.add_vline(x=0, line={"width": 1, "dash": "dot", "color": QUIET})
    unit = f" ({values.unit})" if values.unit else ""
    polish(drawn, x=f"Residual: predicted − true{unit}", y="Test pictures", height=260)
    return drawn.update_layout(dragmode=False, showlegend=False, bargap=0)


def _points(drawn: go.Figure, values: Values, across: Numbers, up: Numbers, chosen: int | None) -> None:
    """Points that answer a click; each first says of which item it is."""
    scatter = go.Scatter if len(values.true) <= FEW else go.Scattergl
    for name, colour, part in (
        ("within its interval" if values.margin is not None else "prediction", ACCENT, ~values.outside),
        ("outside its interval", BAD, values.outside),
    ):
        rows = np.flatnonzero(part)
        if not len(rows):
            continue
        drawn.add_trace(
            scatter(
                x=across[rows],
                y=up[rows],
                customdata=np.stack(
                    [rows, values.true[rows], values.predicted[rows], values.residuals[rows]], axis=1
                ).tolist(),
                mode="markers",
                name=name,
                marker={"size": 9, "color": colour, "opacity": 0.65, "line": {"width": 0.5, "color": "white"}},
                selected={"marker": {"opacity": 0.65}},
                unselected={"marker": {"opacity": 0.65}},
                hovertemplate="true %{customdata[1]:.4g}, predicted %{customdata[2]:.4g}<br>off by "
                "%{customdata[3]:+.3g} · click to see it<extra></extra>",
            )
        )
    if chosen is not None:
        drawn.add_scatter(
            x=[across[chosen]],
            y=[up[chosen]],
            mode="markers",
            marker={"size": 17, "color": "rgba(0,0,0,0)", "line": {"width": 3, "color": PARTS["val"]}},
            name="selected",
            showlegend=False,
            hoverinfo="skip",
        )


def _band(drawn: go.Figure, across: list[float], low: list[float], high: list[float]) -> None:
    drawn.add_scatter(
        x=[*across, *across[::-1]],
        y=[*low, *high[::-1]],
        fill="toself",
        fillcolor=BAND,
        mode="lines",
        line={"width": 0},
        name="prediction interval",
        hoverinfo="skip",
    )


def _line(drawn: go.Figure, across: list[float], up: list[float], name: str) -> None:
    drawn.add_scatter(
        x=across, y=up, mode="lines", name=name, hoverinfo="skip", line={"color": QUIET, "width": 1, "dash": "dot"}
    )


def _range(values: Numbers) -> tuple[float, float]:
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room
