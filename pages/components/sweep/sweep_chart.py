"""The trials of a sweep in one picture: how good on the test set, against time or size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import plotly.graph_objects as go

from pages.components.shell import charts, formats
from pages.components.shell.theme import CLASS_COLOURS, PARTS, QUIET, error_bars, polish
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.runs.config import TargetMetric
from tlcore.runs.events import Evaluated
from tlcore.sweeps.table import Row, front
from tlcore.tasks import find_metric

AXES: dict[str, tuple[str, Callable[[Row], float | None]]] = {
    "time": ("Time to train, evaluate and verify (s)", lambda row: row.seconds),
    "size": ("Size of the model file (MB)", lambda row: None if row.bytes is None else row.bytes / 1e6),
}
SMALLEST, LARGEST = 10, 26  # pixels, across
LINES = 5  # beside the mouse
# A shape says how deep, so that colour is not all there is.
FROZEN, SOME, ALL = "circle", "diamond", "square"


def depth(row: Row) -> str:
    """How much of the backbone was trained, in words."""
    blocks = row.trial.blocks
    if not blocks:
        return "freeze"
    known = CATALOGUE.get(row.trial.backbone)
    if known is not None and blocks >= len(known.blocks):
        return "every block"
    return "last block" if blocks == 1 else f"last {blocks} blocks"


def backbone(row: Row) -> str:
    known = CATALOGUE.get(row.trial.backbone)
    return known.title if known else row.trial.backbone


def outcome(rows: Sequence[Row], best: Row | None, metric: TargetMetric, axis: str, *, revision: str) -> go.Figure:
    """Draw the test metric with its interval against time or size; a mark's area grows with the size of the file."""
    title, cost = AXES[axis]
    shown = [row for row in rows if row.test is not None and cost(row) is not None]
    figure = go.Figure()
    kept = front(shown, cost, metric)
    figure.add_scatter(
        x=[cost(row) for row in kept],
        y=[row.test.value for row in kept if row.test],
        name="Pareto front",
        mode="lines",
        line={"color": QUIET, "width": 2, "dash": "dot"},
        hoverinfo="skip",
    )
    largest = max((row.bytes or 0 for row in shown), default=0)
    for place, name in enumerate(dict.fromkeys(row.trial.backbone for row in rows)):
        mine = [row for row in shown if row.trial.backbone == name]
        if mine:
            _marks(figure, mine, cost, CLASS_COLOURS[place % len(CLASS_COLOURS)], largest, metric)
    if best is not None and best.test is not None and cost(best) is not None:
        figure.add_scatter(
            x=[cost(best)],
            y=[best.test.value],
            name="best on validation",
            mode="markers",
            cliponaxis=False,
            marker={"symbol": "star", "size": 15, "color": PARTS["val"], "line": {"width": 1, "color": "white"}},
            hoverinfo="skip",
        )
    test = next((row.test for row in shown if row.test), None)
    name = "Test metric" if test is None else charts.axis_title(test.of, test.unit if test.of.kind == "value" else "")
    polish(figure, x=title, y=name if test is None else f"Test {name[:1].lower()}{name[1:]}", height=440)
    figure.update_xaxes(rangemode="tozero")
    if test is None or test.of.kind == "share":
        figure.update_yaxes(tickformat=".0%", range=_range(shown))
    elif not test.of.higher_is_better:
        figure.update_yaxes(rangemode="tozero")
    return figure.update_layout(
        uirevision=f"{revision}-{axis}",
        dragmode=False,
        hovermode="closest",
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    )


def _marks(
    figure: go.Figure,
    rows: Sequence[Row],
    cost: Callable[[Row], float | None],
    colour: str,
    largest: int,
    metric: TargetMetric,
) -> None:
    tests = [row.test for row in rows if row.test is not None]
    figure.add_scatter(
        x=[cost(row) for row in rows],
        y=[test.value for test in tests],
        error_y=error_bars(tests, colour),
        name=backbone(rows[0]),
        mode="markers",
        cliponaxis=False,  # a mark at 100 % is shown whole
        marker={
            "color": colour,
            "size": [_across(row.bytes or 0, largest) for row in rows],
            "symbol": [_shape(row) for row in rows],
            # A run that was ended early is faint.
            "opacity": [0.9 if row.trial.state == "finished" else 0.35 for row in rows],
            "line": {"width": 1, "color": "white"},
        },
        customdata=[_facts(row, metric) for row in rows],
        hovertemplate="<b>%{customdata[0]}</b>"
        + "".join(f"<br>%{{customdata[{place}]}}" for place in range(1, LINES))
        + "<extra></extra>",
    )


def _facts(row: Row, metric: TargetMetric) -> list[str]:
    """The lines beside the mouse."""
    test, trial = row.test, row.trial
    judged = "not evaluated"
    if test is not None:
        figure = formats.percent(test.value) if test.of.kind == "share" else test.of.plain(test.value, test.unit)
        name = "" if test.metric == "accuracy" else f"{test.of.short} "
        judged = f"test {name}{figure} ({bounds(test)}), {formats.plural(test.n, 'picture')}"
    cost = f"{formats.duration(row.seconds)} · {formats.size(row.bytes or 0)}"
    if trial.state != "finished":
        cost += " · " + ("pruned" if trial.state == "pruned" else "stopped")
    return [
        formats.in_chart(line)
        for line in (
            f"{backbone(row)}, {depth(row)}",
            f"trial {trial.number}, learning rate {trial.rate:.2g}",
            judged,
            f"validation {measure(row, metric)} after {formats.plural(row.epochs, 'epoch')}",
            cost,
        )
    ]


def measure(row: Row, metric: TargetMetric) -> str:
    """Write the value that chooses, with its name and unit."""
    if row.validation is None:
        return "–"
    if metric == "loss":
        return f"loss {row.validation:.3g}"
    of = find_metric(metric)
    if of.kind == "share":
        return f"{of.name} {formats.percent(row.validation)}"
    return f"{of.name} {of.plain(row.validation, row.test.unit if row.test else '')}"


def bounds(test: Evaluated) -> str:
    """Write the ends of the interval of the test metric; shares in percent."""
    if test.of.kind == "share":
        return f"{100 * test.low:.0f}–{100 * test.high:.0f}"
    return f"{test.of.plain(test.low)}–{test.of.plain(test.high)}"


def _across(size: int, largest: int) -> float:
    return max(SMALLEST, LARGEST * math.sqrt(size / largest)) if largest else SMALLEST


def _shape(row: Row) -> str:
    said = depth(row)
    return FROZEN if said == "freeze" else ALL if said == "every block" else SOME


def _range(rows: Sequence[Row]) -> list[Any]:
    """From a little below the lowest interval to 1, in steps of a tenth, so that it seldom moves."""
    lowest = min((row.test.low for row in rows if row.test), default=0.0)
    return [max(0.0, math.floor(10 * lowest - 0.2) / 10), 1.02]
