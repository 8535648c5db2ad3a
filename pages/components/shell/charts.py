"""The charts of runs: fixed heights, steady axes and one `uirevision`, so that nothing jumps when an epoch arrives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

import plotly.graph_objects as go

from pages.components.shell.theme import CLASS_COLOURS, PARTS, QUIET
from tlcore.runs.config import TrainingConfig
from tlcore.runs.state import RunState

Measure = Literal["loss", "accuracy"]
TITLES: dict[Measure, str] = {"loss": "Loss (nats, lower is better)", "accuracy": "Accuracy (higher is better)"}
HEIGHT = 320
# Half-transparent greys stand on a light and on a dark page; the theme sets text and lines.
BANDS = ("rgba(138,143,152,0.09)", "rgba(138,143,152,0.17)")
BLUE = "47,127,193"  # the accent, to be mixed with what is below it
CONFIG: dict[str, Any] = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}


@dataclass(frozen=True)
class Band:
    """The epochs of a training phase, both ends included."""

    title: str
    first: int
    last: int


def bands(state: RunState, config: TrainingConfig) -> list[Band]:
    """The training phases: as long as planned while they last, as long as they were once they ended."""
    training = [phase for phase in state.phases if phase.epochs > 0]
    found = []
    for phase, later in zip_longest(training, training[1:]):
        last = phase.first_epoch + phase.epochs - 1
        if later is not None:  # it may have ended early, and bear the same name: gradual unfreezing does
            last = max(phase.first_epoch, min(last, later.first_epoch - 1))
        done = [epoch.epoch for epoch in state.epochs if phase.first_epoch <= epoch.epoch <= last]
        over = phase.seconds is not None or not (state.live or state.state == "created")
        found.append(Band(phase.title, phase.first_epoch, max(done, default=phase.first_epoch) if over else last))
    return found or [Band("", 1, config.epochs)]


def last_epoch(state: RunState, config: TrainingConfig) -> int:
    """Where the axis of epochs ends: as planned while the run lives, so that it does not move while one looks."""
    training = [phase for phase in state.phases if phase.epochs > 0]
    if not state.live or not training:
        return max(bands(state, config)[-1].last, 2)
    last = training[-1]
    done = [epoch.epoch for epoch in state.epochs if epoch.epoch >= last.first_epoch]
    end = last.first_epoch + last.epochs - 1
    if config.mode == "fine-tune" and last.name != "fine-tune":
        # The epochs of the settings are still to come, after a warm-up that may have stopped early.
        end = (max(done) if last.seconds is not None and done else end) + config.epochs
    return max(end, 2)


def curves(state: RunState, config: TrainingConfig, measure: Measure, *, revision: str) -> go.Figure:
    """Training and validation over the epochs, with the phases as bands and the best epoch as a star."""
    epochs = [epoch.epoch for epoch in state.epochs]
    figure = go.Figure()
    for name, field, split, dash in (
        ("training", measure, "train", "dot"),
        ("validation", f"val_{measure}", "val", "solid"),
    ):
        figure.add_scatter(
            x=epochs,
            y=[getattr(epoch, field) for epoch in state.epochs],
            name=name,
            mode="lines+markers",
            line={"color": PARTS[split], "width": 2, "dash": dash},
            marker={"size": 6},
            hovertemplate=f"{name}: %{{y:{_number(measure)}}}<extra></extra>",
        )
    best = [epoch for epoch in state.epochs if epoch.epoch == state.best_epoch]
    figure.add_scatter(
        x=[epoch.epoch for epoch in best] or [None],
        y=[getattr(epoch, f"val_{measure}") for epoch in best] or [None],
        name="best epoch",
        mode="markers",
        marker={"symbol": "star", "size": 15, "color": PARTS["val"], "line": {"width": 1, "color": "white"}},
        hovertemplate="the model has the weights of this epoch<extra></extra>",
    )
    for epoch in best:
        figure.add_vline(x=epoch.epoch, line={"width": 1, "dash": "dot", "color": QUIET}, layer="below")
    found, end = bands(state, config), last_epoch(state, config)
    for index, band in enumerate(found):
        if band.title:
            figure.add_vrect(
                x0=band.first - 0.5,
                x1=band.last + 0.5,
                fillcolor=BANDS[index % 2],
                line_width=0,
                layer="below",
                # Short phases stand close together: their names take turns on two lines.
                annotation={"text": band.title, "font": {"size": 12}, "yref": "paper", "y": 1.0, "yanchor": "bottom"}
                | {"yshift": 15 * (len(found) - 1 - index) % 30 if len(found) > 1 else 0},
                # A name that begins far to the right would run out of a narrow chart.
                annotation_position="top left" if band.first <= end / 2 else "top right",
            )
    return _settled(figure, measure, end, revision)


def overlay(runs: Sequence[tuple[str, RunState]], measure: Measure) -> go.Figure:
    """The validation curves of several runs in one chart."""
    figure = go.Figure()
    for index, (name, state) in enumerate(runs):
        figure.add_scatter(
            x=[epoch.epoch for epoch in state.epochs],
            y=[getattr(epoch, f"val_{measure}") for epoch in state.epochs],
            name=name,
            mode="lines+markers",
            line={"color": CLASS_COLOURS[index % len(CLASS_COLOURS)], "width": 2},
            marker={"size": 6, "symbol": index % 8},
            hovertemplate=f"%{{fullData.name}}: %{{y:{_number(measure)}}}<extra></extra>",
        )
    end = max((epoch.epoch for _, state in runs for epoch in state.epochs), default=2)
    _settled(figure, measure, max(end, 2), "overlay")
    return figure.update_layout(yaxis_title=f"Validation {measure}", legend={"y": -0.25, "yanchor": "top"}, height=400)


def _settled(figure: go.Figure, measure: Measure, end: int, revision: str) -> go.Figure:
    figure.update_xaxes(
        title="Epoch", range=[0.5, end + 0.5], dtick=None if end > 12 else 1, tickformat="d", zeroline=False
    )
    figure.update_yaxes(title=TITLES[measure], rangemode="tozero", zeroline=False)
    if measure == "accuracy":
        figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    return figure.update_layout(
        height=HEIGHT,
        uirevision=revision,
        hovermode="x unified",
        dragmode=False,
        margin={"l": 10, "r": 10, "t": 48, "b": 10},
        legend={"orientation": "h", "y": -0.28, "yanchor": "top", "x": 0},
    )


def _number(measure: Measure) -> str:
    return ".1%" if measure == "accuracy" else ".3f"
