"""The charts of runs: fixed heights, steady axes and one `uirevision`, so that nothing jumps when an epoch arrives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import plotly.graph_objects as go

from pages.components.shell import formats
from pages.components.shell.theme import CLASS_COLOURS, PARTS, QUIET
from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import EpochEnded
from tlcore.runs.state import RunState
from tlcore.tasks import Metric, Task
from tlcore.tasks.task import LOSS

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
    if state.planned_epochs:
        return max(state.planned_epochs, 2)
    last = training[-1]  # a run of before, that did not say its plan
    done = [epoch.epoch for epoch in state.epochs if epoch.epoch >= last.first_epoch]
    end = last.first_epoch + last.epochs - 1
    if config.mode == "fine-tune" and last.name != "fine-tune":
        # The epochs of the settings are still to come, after a warm-up that may have stopped early.
        end = (max(done) if last.seconds is not None and done else end) + config.epochs
    return max(end, 2)


def unit_of(metric: Metric, task: Task, unit: str = "") -> str:
    """Give the unit of a metric of a task whose values are in `unit`; empty where it has none."""
    if metric == LOSS:
        return "nats" if task.few else ""  # cross-entropy; the loss of a number is of its standardized value
    return unit if metric.kind == "value" else ""


def axis_title(metric: Metric, unit: str = "") -> str:
    """Name a metric on an axis, such as `Loss (nats, lower is better)`."""
    better = "higher is better" if metric.higher_is_better else "lower is better"
    return f"{metric.title.partition(' (')[0]} ({', '.join(filter(None, (formats.in_chart(unit), better)))})"


def value_of(epoch: EpochEnded, metric: Metric, *, validation: bool) -> float | None:
    """Give a metric of an epoch; None where it was not measured."""
    if metric == LOSS:
        return epoch.val_loss if validation else epoch.loss
    return (epoch.val_figures if validation else epoch.figures).get(metric.key)


def curves(
    state: RunState, config: TrainingConfig, metric: Metric, *, unit: str = "", task: Task, revision: str
) -> go.Figure:
    """Draw training and validation over the epochs, with the phases as bands and the best epoch as a star.

    `unit` is that of the values that the task predicts.
    """
    epochs = [epoch.epoch for epoch in state.epochs]
    figure = go.Figure()
    for name, validation, split, dash in (("training", False, "train", "dot"), ("validation", True, "val", "solid")):
        values = [value_of(epoch, metric, validation=validation) for epoch in state.epochs]
        if not validation and state.epochs and not any(value is not None for value in values):
            continue  # measured on the validation set alone
        figure.add_scatter(
            x=epochs,
            y=values,
            name=name,
            mode="lines+markers",
            line={"color": PARTS[split], "width": 2, "dash": dash},
            marker={"size": 6},
            hovertemplate=f"{name}: {_hover(metric, unit)}<extra></extra>",
        )
    best = [epoch for epoch in state.epochs if epoch.epoch == state.best_epoch]
    figure.add_scatter(
        x=[epoch.epoch for epoch in best] or [None],
        y=[value_of(epoch, metric, validation=True) for epoch in best] or [None],
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
    return _settled(figure, metric, end, revision, unit_of(metric, task, unit))


def overlay(runs: Sequence[tuple[str, RunState]], metric: Metric, *, unit: str = "", task: Task) -> go.Figure:
    """Draw the validation curves of several runs of one task in one chart."""
    figure = go.Figure()
    for index, (name, state) in enumerate(runs):
        figure.add_scatter(
            x=[epoch.epoch for epoch in state.epochs],
            y=[value_of(epoch, metric, validation=True) for epoch in state.epochs],
            name=name,
            mode="lines+markers",
            line={"color": CLASS_COLOURS[index % len(CLASS_COLOURS)], "width": 2},
            marker={"size": 6, "symbol": index % 8},
            hovertemplate=f"%{{fullData.name}}: {_hover(metric, unit)}<extra></extra>",
        )
    end = max((epoch.epoch for _, state in runs for epoch in state.epochs), default=2)
    shown = unit_of(metric, task, unit)
    _settled(figure, metric, max(end, 2), "overlay", shown)
    title = f"Validation {metric.name.partition(' (')[0]}"
    if shown and metric != LOSS:
        title += f" ({formats.in_chart(shown)})"
    return figure.update_layout(yaxis_title=title, legend={"y": -0.25, "yanchor": "top"}, height=400)


def _settled(figure: go.Figure, metric: Metric, end: int, revision: str, unit: str) -> go.Figure:
    figure.update_xaxes(
        title="Epoch", range=[0.5, end + 0.5], dtick=None if end > 12 else 1, tickformat="d", zeroline=False
    )
    figure.update_yaxes(title=axis_title(metric, unit), zeroline=False)
    if metric.kind == "share":
        figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    elif not metric.higher_is_better:  # an error or a loss: nothing is below zero
        figure.update_yaxes(rangemode="tozero")
    return figure.update_layout(
        height=HEIGHT,
        uirevision=revision,
        hovermode="x unified",
        dragmode=False,
        margin={"l": 10, "r": 10, "t": 48, "b": 10},
        legend={"orientation": "h", "y": -0.28, "yanchor": "top", "x": 0},
    )


def _hover(metric: Metric, unit: str) -> str:
    """Write a value beside the mouse, in Plotly's words."""
    if metric.kind == "share":
        return "%{y:.1%}"
    return f"%{{y:.4~g}} {formats.in_chart(unit)}".rstrip() if metric.kind == "value" else "%{y:.3f}"
