"""The charts of a report, drawn from what is stored.

It knows figures and how each kind is best seen. It does not know pages, files or how a drawing is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.evaluation.robustness import Curve, Robustness
from tlcore.report.drawing import COLOURS, INKS, TEST, TRAIN, VAL, WRONG, Drawing, finished, plane
from tlcore.runs.events import CandidateEnded, EpochEnded
from tlcore.tasks import Metric
from tlcore.tasks.classification.calibration_schema import Calibration, Reliability
from tlcore.tasks.evaluation import Evaluation
from tlcore.tasks.evaluation import Figure as Interval
from tlcore.tasks.multilabel.curves import Bin, ThresholdCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_WITH_COUNTS, MOST_WITH_NAMES, MOST_LINES = 14, 40, 12
QUIET, BESIDE = INKS["quiet"], COLOURS[11]
MOST_POINTS = 1500
Numbers = npt.NDArray[np.float64]


def intervals(
    rows: Sequence[tuple[str, Interval]], says: str, *, first: bool = False, unit: str | None = None
) -> Drawing:
    """Figures with their intervals, one below the other; the `first` may stand out.

    They are shares where no `unit` is given.
    """
    shares, room = unit is None, 380 + 4.8 * max(len(short(name)) for name, _ in rows)
    axes = plane(room, (34 if shares else 46) + 19 * len(rows), unit or "", percent="x" if shares else "")
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    places = range(len(rows))
    colours = [BESIDE if first and place else TRAIN for place in places]
    low, high, value = ([getattr(share, name) for _, share in rows] for name in ("low", "high", "value"))
    ends = (0.0, 1.0) if shares else (min(0.0, 1.05 * min(low)), 1.05 * max(high) or 1.0)
    widths = [max(top - bottom, 0.003 * (ends[1] - ends[0])) for bottom, top in zip(low, high, strict=True)]
    axes.barh(places, widths, height=0.42, left=low, color=colours, alpha=0.35)
    axes.scatter(value, places, s=60, marker="|", linewidths=3, c=colours, clip_on=False)
    axes.set_yticks(places, [short(name) for name, _ in rows], fontsize=9, color=INKS["ink"])
    axes.set(ylim=(len(rows) - 0.5, -0.5), xlim=ends)
    return finished(axes, says)


def confusion(judged: Evaluation) -> Drawing:
    """The matrix in the order of the mix-ups; colours are shares of a row, counts stand in it where there is room."""
    order = list(judged.order or range(len(judged.labels)))
    counts = np.array(judged.confusion, np.int64)[np.ix_(order, order)]
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    colours = np.where(np.eye(len(order), dtype=bool), TRAIN, WRONG)
    says = f"Confusion matrix of {len(order)} classes: rows are true classes, columns are predictions."
    return matrix(
        [judged.labels[each] for each in order], counts, shares, colours, "predicted class", "true class", says
    )


def matrix(
    names: Sequence[str],
    counts: npt.NDArray[np.int64],
    shares: npt.NDArray[np.float64],
    colours: npt.NDArray[np.str_],
    x: str,
    y: str,
    says: str,
) -> Drawing:
    """Counts of pairs as cells, the fuller in colour the larger their share; a count stands in it where there is room.

    Args:
        names: Of rows and columns alike, `n` of them.
        counts: `(n, n)`; an empty cell is not drawn.
        shares: `(n, n)`, 0 to 1.
        colours: `(n, n)`.
        x: The title of the columns.
        y: The title of the rows.
        says: The drawing in a sentence.
    """
    from matplotlib.collections import PatchCollection
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    count, names = len(names), [short(name) for name in names]
    side = max(1.6, min(38.0, 420 / max(1, count)))
    room = 50 + (5 * max(len(name) for name in names) if count <= MOST_WITH_NAMES else 0)
    axes = plane(max(count * side + room, 170), count * side + room, x, y)
    axes.grid(visible=False)
    cells, faces = [], []
    for row, column in np.argwhere(counts):
        share = min(1.0, float(shares[row, column]))
        cells.append(Rectangle((column - 0.5, row - 0.5), 1, 1))
        faces.append(to_rgba(str(colours[row, column]), 0.12 + 0.88 * share))
        if count <= MOST_WITH_COUNTS:
            ink = "white" if share > 0.55 else INKS["ink"]
            axes.text(column, row, f"{counts[row, column]}", ha="center", va="center", fontsize=9, color=ink)
    axes.add_collection(PatchCollection(cells, facecolors=faces, linewidths=0))
    axes.set(xlim=(-0.5, count - 0.5), ylim=(count - 0.5, -0.5), aspect="equal")
    for spine in axes.spines.values():
        spine.set_visible(True)
    named = names if count <= MOST_WITH_NAMES else []
    style: dict[str, Any] = {"fontsize": min(9.0, side), "color": INKS["ink"]}
    axes.set_xticks(range(len(named)), named, rotation=90, **style)
    axes.set_yticks(range(len(named)), named, **style)
    axes.tick_params(length=0)
    return finished(axes, says)


def candidates(judged: Sequence[CandidateEnded], leader: CandidateEnded | None, unit: str = "") -> Drawing:
    """The metric of each candidate of Auto with its interval, against the time until it was known."""
    from matplotlib.ticker import MaxNLocator

    of, seconds = judged[0].of, np.cumsum([each.seconds for each in judged])
    shares = of.kind == "share"
    axes = plane(560, 250, "seconds", of.brief if shares or not unit else f"{of.brief} ({unit})", percent="y" * shares)
    values = np.array([each.value for each in judged], float)
    ends = np.array([(each.low, each.high) for each in judged], float).T
    axes.errorbar(seconds, values, yerr=np.abs(ends - values), fmt="none", ecolor=QUIET, capsize=3)
    axes.scatter(seconds, values, s=50, c=[VAL if each == leader else TRAIN for each in judged], zorder=3)
    axes.set_xlim(left=0)
    if shares:  # the candidates are close to each other
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.set_ylim(max(0.0, ends.min() - 0.02), min(1.0, ends.max() + 0.02))
    return finished(
        axes, f"{of.title} of {len(judged)} candidates against time; the best is {leader and leader.title}."
    )


def learning(epochs: Sequence[EpochEnded], metric: Metric | None, best: int | None, *, unit: str = "") -> Drawing:
    """The loss of training and validation over the epochs, or a metric; the epoch that is kept is marked."""
    from matplotlib.ticker import MaxNLocator

    share, unit = metric is not None and metric.kind == "share", f" ({unit})" if unit and metric else ""
    title = metric.name if metric else "loss"
    axes = plane(300, 210, "epoch", f"{metric.short if metric else title}{unit}", percent="y" if share else "")
    numbers = [epoch.epoch for epoch in epochs]
    for prefix, name, colour, dashes in (("", "training", TRAIN, "--"), ("val_", "validation", VAL, "-")):
        values = [
            getattr(epoch, f"{prefix}figures").get(metric.key) if metric else getattr(epoch, f"{prefix}loss")
            for epoch in epochs
        ]
        if any(value is not None for value in values):
            axes.plot(
                numbers, [np.nan if value is None else value for value in values], dashes, color=colour, label=name
            )
    if best is not None:
        axes.axvline(best, color=QUIET, linewidth=0.8, linestyle="--", label="kept")
    axes.set_xlim(min(1, numbers[0]), max(numbers[-1], 2))
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    return finished(axes, f"The {title} on the training and validation set over {len(epochs)} epochs.", legend="above")


def reliability(calibration: Calibration) -> Drawing:
    """How many answers of each confidence are right, before and after the temperature."""
    axes = plane(300, 310, "confidence", "correct predictions", percent="xy")
    _diagonal(axes)
    _bins(axes, calibration.before, BESIDE, "without temperature")
    _bins(axes, calibration.after, TEST, "with it")
    says = "Correct predictions by confidence; on the diagonal, probabilities mean what they say."
    return finished(axes, says, legend="above")


def coverage(calibration: Calibration) -> Drawing:
    """What it is worth to answer only where the model is sure."""
    points = sorted(calibration.coverage, key=lambda point: point.coverage)
    axes = plane(345, 230, "examples that get an answer", "correct predictions", percent="xy")
    across = [point.coverage for point in points]
    bounds = [[getattr(point.accuracy, name) for point in points] for name in ("low", "high")]
    axes.fill_between(across, bounds[0], bounds[1], color=TEST, alpha=0.2, linewidth=0, label="95 % interval")
    axes.plot(
        across, [point.accuracy.value for point in points], color=TEST, clip_on=False, label="correct predictions"
    )
    lowest = min(0.8, int(10 * min(bounds[0])) / 10)
    axes.set_ylim(lowest, 1)
    if lowest > 0.4:
        axes.yaxis.get_major_locator().set_params(base=0.05 if lowest >= 0.8 else 0.1)  # type: ignore[call-arg]
    return finished(
        axes, "The share of correct predictions when only the surest examples are answered.", legend="above"
    )


def class_curves(points: pd.DataFrame, kind: str, classes: Sequence[str]) -> Drawing | None:
    """The ROC (`roc`) or precision–recall (`pr`) curves of all classes in one plane; None where they are too many."""
    present = [int(index) for index in points.loc[points["kind"] == kind, "class"].unique()]
    if not 0 < len(present) <= MOST_LINES:
        return None
    names = {index: short(classes[index]) for index in present}
    titles = ("false positive rate", "recall") if kind == "roc" else ("recall", "precision")
    room = 36 + 4.8 * max(map(len, names.values()))
    axes = plane(290 + room, 255, *titles, percent="xy")
    if kind == "roc":
        _diagonal(axes)
    for index, name in names.items():
        of_class = points[(points["kind"] == kind) & (points["class"] == index)]
        axes.plot(of_class["x"], of_class["y"], color=COLOURS[index % len(COLOURS)], label=name, clip_on=False)
    title = "ROC" if kind == "roc" else "Precision–recall"
    return finished(axes, f"{title} curves of {len(present)} classes.", legend="right")


def robustness(found: Robustness, curve: Curve) -> Drawing:
    """The headline metric of the model and of the frozen backbone as one corruption gets stronger."""
    share, unit = found.of.kind == "share", f", {found.unit}" if found.of.kind == "value" and found.unit else ""
    axes = plane(265, 180, f"{curve.title}: {curve.unit}", f"{found.of.brief}{unit}", percent="y" if share else "")
    places = range(len(curve.strengths) + 1)
    for name, colour, shares in (
        ("this model", TRAIN, (found.model, *curve.model)),
        ("frozen backbone", BESIDE, (found.baseline, *curve.baseline)),
    ):
        _points(axes, places, shares, colour, name, marker="")
    axes.set_xticks(places, ["none", *(f"{each:g}" for each in curve.strengths)])
    return finished(
        axes, f"{found.of.title} under {curve.title.lower()} at {len(curve.strengths)} strengths.", legend="above"
    )


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


def label_reliability(bins: Mapping[str, Sequence[Bin]]) -> Drawing:
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
    _scatter(
        axes, true, predicted, np.abs(predicted - true) > room if margin is not None else np.zeros(len(true), bool)
    )
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
    _scatter(axes, predicted, off, np.abs(off) > margin if margin is not None else np.zeros(len(off), bool))
    most = 1.08 * max(float(np.abs(off).max(initial=0.0)), margin or 0.0) or 1.0
    axes.set(xlim=(low, high), ylim=(-most, most))
    return finished(axes, "Residuals over predicted values; evenly around 0 is best.", legend="above")


def _diagonal(axes: Axes) -> None:
    axes.plot((0, 1), (0, 1), "--", color=QUIET, linewidth=0.8)


def _bins(axes: Axes, found: Reliability, colour: str, name: str) -> None:
    _points(axes, [each.confidence for each in found.bins], [each.accuracy for each in found.bins], colour, name)


def _points(
    axes: Axes,
    places: Sequence[float],
    shares: Sequence[Interval],
    colour: str,
    name: str,
    *,
    marker: str = "o",
) -> None:
    """A line through shares, each with its interval."""
    values = [share.value for share in shares]
    reach = [[share.value - share.low for share in shares], [share.high - share.value for share in shares]]
    axes.errorbar(places, values, reach, color=colour, marker=marker, elinewidth=1.1, label=name)


def short(name: str, most: int = 24) -> str:
    """Shorten a name for the side of a chart."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _scatter(axes: Axes, across: Numbers, up: Numbers, outside: npt.NDArray[np.bool_]) -> None:
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
