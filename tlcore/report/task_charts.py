"""The charts of a report about several labels or a number, drawn from what is stored.

It knows figures and how each kind is best seen. It does not know pages, files or how a drawing is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tlcore.evaluation.figures import Interval
from tlcore.report.charts import BESIDE, QUIET, matrix, short
from tlcore.report.drawing import COLOURS, INKS, TRAIN, VAL, WRONG, Drawing, finished, plane
from tlcore.runs.events import EpochEnded
from tlcore.tasks.multilabel.curves import Bin, ThresholdCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_POINTS = 1500
Numbers = npt.NDArray[np.float64]


def value_intervals(rows: Sequence[tuple[str, Interval]], unit: str, says: str) -> Drawing:
    """Figures in a unit with their intervals, one below the other; the first stands out."""
    axes = plane(380 + 4.8 * max(len(short(name)) for name, _ in rows), 46 + 19 * len(rows), unit)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    places = range(len(rows))
    colours = [BESIDE if place else TRAIN for place in places]
    lows, highs = [figure.low for _, figure in rows], [figure.high for _, figure in rows]
    most = 1.05 * max(highs) or 1.0
    widths = [max(high - low, 0.003 * most) for low, high in zip(lows, highs, strict=True)]
    axes.barh(places, widths, height=0.42, left=lows, color=colours, alpha=0.35)
    axes.scatter([figure.value for _, figure in rows], places, s=60, marker="|", linewidths=3, c=colours)
    axes.set_yticks(places, [short(name) for name, _ in rows], fontsize=9, color=INKS["ink"])
    axes.set(ylim=(len(rows) - 0.5, -0.5), xlim=(0, most))
    return finished(axes, says)


def label_matrix(
    labels: Sequence[str], table: npt.NDArray[np.int64], support: npt.NDArray[np.int64], *, errors: bool
) -> Drawing:
    """Counts of pairs of labels; colours are shares of a row, counts stand in it where there is room."""
    titles = ("wrongly given label", "true label") if errors else ("also has the label", "label")
    shares = np.where(np.eye(len(labels), dtype=bool), 0.0, table / np.maximum(1, support)[:, None])
    colours = np.full(table.shape, WRONG if errors else TRAIN)
    which = "labels that were given wrongly" if errors else "labels that occur together"
    return matrix(labels, table, shares, colours, *titles, f"Matrix of {len(labels)} labels: {which}.")


def precision_recall(curves: Mapping[str, ThresholdCurve]) -> Drawing:
    """The precision–recall curve of each label in one plane."""
    axes = plane(326 + 4.8 * max(len(short(name)) for name in curves), 255, "recall", "precision", percent="xy")
    for place, (name, curve) in enumerate(curves.items()):
        # Between two thresholds precision is that of the lower one.
        colour = COLOURS[place % len(COLOURS)]
        axes.step(curve.recall, curve.precision, where="pre", color=colour, label=short(name), clip_on=False)
    return finished(axes, f"Precision–recall curves of {len(curves)} labels.", legend="right")


def reliability(bins: Mapping[str, Sequence[Bin]]) -> Drawing:
    """The share of items that have a label at each probability, a line for each label."""
    axes = plane(326 + 4.8 * max(len(short(name)) for name in bins), 255, "probability", "have the label", percent="xy")
    axes.plot((0, 1), (0, 1), "--", color=QUIET, linewidth=0.8)
    for place, (name, found) in enumerate(bins.items()):
        across, up = [each.probability for each in found], [each.share.value for each in found]
        axes.plot(across, up, marker="o", markersize=4, color=COLOURS[place % len(COLOURS)], label=short(name))
    says = "Share of examples that have a label at each probability; on the diagonal, probabilities mean what they say."
    return finished(axes, says, legend="right")


def predicted_against_true(true: Numbers, predicted: Numbers, margin: float | None, name: str) -> Drawing:
    """Predicted over true values, with the diagonal and the band of the prediction intervals."""
    both = np.concatenate([true, predicted])
    low, high = _range(both)
    axes = plane(330, 310, f"true {name}", f"predicted {name}")
    axes.grid(visible=True, axis="x")
    ends, room = np.array([low, high]), margin or 0.0
    if margin is not None:
        axes.fill_between(ends, ends - margin, ends + margin, color=TRAIN, alpha=0.12, linewidth=0, label="interval")
    axes.plot(ends, ends, "--", color=QUIET, linewidth=0.8)
    _points(axes, true, predicted, np.abs(predicted - true) > room if margin is not None else np.zeros(len(true), bool))
    axes.set(xlim=(low, high), ylim=(low - room, high + room))
    return finished(axes, "Predicted values over true ones; on the diagonal the prediction is exact.", legend="above")


def residuals(true: Numbers, predicted: Numbers, margin: float | None, name: str, unit: str) -> Drawing:
    """Residuals over predicted values, with the band of the prediction intervals."""
    low, high = _range(predicted)
    axes = plane(330, 250, f"predicted {name}", f"predicted − true{f', {unit}' if unit else ''}")
    if margin is not None:
        axes.fill_between((low, high), -margin, margin, color=TRAIN, alpha=0.12, linewidth=0, label="interval")
    axes.plot((low, high), (0, 0), "--", color=QUIET, linewidth=0.8)
    off = predicted - true
    _points(axes, predicted, off, np.abs(off) > margin if margin is not None else np.zeros(len(off), bool))
    most = 1.08 * max(float(np.abs(off).max(initial=0.0)), margin or 0.0) or 1.0
    axes.set(xlim=(low, high), ylim=(-most, most))
    return finished(axes, "Residuals over predicted values; evenly around 0 is best.", legend="above")


def learning(epochs: Sequence[EpochEnded], best: int | None) -> Drawing:
    """The loss of training and validation over the epochs; the epoch that is kept is marked."""
    from matplotlib.ticker import MaxNLocator

    axes = plane(300, 210, "epoch", "loss")
    numbers = [epoch.epoch for epoch in epochs]
    axes.plot(numbers, [epoch.loss for epoch in epochs], "--", color=TRAIN, label="training")
    axes.plot(numbers, [epoch.val_loss for epoch in epochs], "-", color=VAL, label="validation")
    if best is not None:
        axes.axvline(best, color=QUIET, linewidth=0.8, linestyle="--", label="kept")
    axes.set_xlim(min(1, numbers[0]), max(numbers[-1], 2))
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    return finished(axes, f"The loss of training and validation set over {len(epochs)} epochs.", legend="above")


def _points(axes: Axes, across: Numbers, up: Numbers, outside: npt.NDArray[np.bool_]) -> None:
    """Points of at most so many items, those outside their intervals in another colour."""
    rows = np.arange(len(across))
    if len(rows) > MOST_POINTS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_POINTS, replace=False))
    for name, colour, part in (("within", TRAIN, ~outside[rows]), ("outside", WRONG, outside[rows])):
        if part.any():
            axes.scatter(across[rows][part], up[rows][part], s=12, color=colour, alpha=0.6, linewidths=0, label=name)


def _range(values: Numbers) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room
