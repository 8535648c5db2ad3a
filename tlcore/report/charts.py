"""The charts of a report, drawn from what is stored.

It knows figures and how each kind is best seen. It does not know pages, files or how a drawing is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from tlcore.evaluation.calibration import Calibration, Reliability
from tlcore.evaluation.figures import Interval
from tlcore.evaluation.metrics import Evaluation
from tlcore.evaluation.robustness import Curve, Robustness
from tlcore.report.drawing import COLOURS, TEST, TRAIN, VAL, WRONG, Box, Drawing, Line, Mark, Plane, Word, steps
from tlcore.runs.events import EpochEnded

SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
MOST_WITH_COUNTS, MOST_WITH_NAMES, MOST_LINES = 14, 40, 12
QUIET = "quiet"


def intervals(rows: Sequence[tuple[str, Interval]], says: str, *, first: bool = False) -> Drawing:
    """Shares with their intervals, one below the other; the `first` may stand out."""
    left, width, step = 8 + 5.2 * max(len(_short(name)) for name, _ in rows), 330.0, 19.0
    marks: list[Mark] = []
    bottom = 8 + step * len(rows)
    for value in SHARES:
        place = left + value * width
        marks += [
            Line(((place, 4), (place, bottom)), "grid", 0.6),
            Word(place, bottom + 12, f"{100 * value:g} %", "middle", 8, QUIET),
        ]
    for number, (name, share) in enumerate(rows):
        y = 8 + step * (number + 0.5)
        colour = TRAIN if first and number == 0 else COLOURS[11] if first else TRAIN
        low, high, here = (left + width * value for value in (share.low, share.high, share.value))
        says_here = f"{name}: {share.value:.1%}, 95 % interval {share.low:.1%} to {share.high:.1%}"
        marks += [
            Word(left - 8, y + 3, _short(name), "end", 9),
            Box(low, y - 4, max(high - low, 1.0), 8, colour, 0.35, says_here),
            Box(here - 1.5, y - 6, 3, 12, colour, 1.0, says_here),
        ]
    return Drawing(left + width + 20, bottom + 20, says, tuple(marks))


def confusion(judged: Evaluation) -> Drawing:
    """The matrix in the order of the mix-ups; colours are shares of a row, counts stand in it where there is room."""
    order = judged.order or tuple(range(len(judged.classes)))
    names = [_short(judged.classes[index]) for index in order]
    count = len(order)
    named = count <= MOST_WITH_NAMES
    side = max(1.6, min(38.0, 420 / count))
    left = 24 + (5 * max(len(name) for name in names) if named else 0)
    top = 8.0
    marks: list[Mark] = []
    for row, true in enumerate(order):
        total = sum(judged.confusion[true]) or 1
        for column, answer in enumerate(order):
            if pictures := judged.confusion[true][answer]:
                share, place = pictures / total, (left + side * column, top + side * row)
                says = f"{judged.classes[true]} → {judged.classes[answer]}: {pictures:,} ({share:.0%} of the row)"
                colour = TRAIN if true == answer else WRONG
                marks.append(Box(*place, side, side, colour, 0.12 + 0.88 * share, says))
                if count <= MOST_WITH_COUNTS:
                    ink = "#ffffff" if share > 0.55 else "ink"
                    marks.append(Word(place[0] + side / 2, place[1] + side / 2 + 3, f"{pictures}", "middle", 9, ink))
        if named:
            size = min(9.0, side)
            marks.append(Word(left - 6, top + side * (row + 0.5) + size / 3, names[row], "end", size))
    bottom, right = top + side * count, left + side * count
    frame = ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
    marks.append(Line(frame, QUIET, 0.8))
    below = 0.0
    if named:
        size = min(9.0, side)
        for column, name in enumerate(names):
            marks.append(Word(left + side * (column + 0.5) + size / 3, bottom + 6, name, "end", size, upright=True))
        below = 5.2 * max(len(name) for name in names)
    marks += [
        Word((left + right) / 2, bottom + below + 20, "answer", "middle"),
        Word(11, (top + bottom) / 2, "true class", "middle", upright=True),
    ]
    says = f"Confusion matrix of {count} classes: rows are true classes, columns are answers."
    return Drawing(max(right + 12, 160), bottom + below + 28, says, tuple(marks))


def learning(epochs: Sequence[EpochEnded], measure: str, best: int | None) -> Drawing:
    """Training and validation over the epochs, by `loss` or `accuracy`; the epoch that is kept is marked."""
    values = [(epoch.epoch, getattr(epoch, measure), getattr(epoch, f"val_{measure}")) for epoch in epochs]
    most = max((max(train, val) for _, train, val in values), default=1.0)
    y = (0.0, 1.0) if measure == "accuracy" else (0.0, most * 1.05 or 1.0)
    plane = Plane(x=(min(1, epochs[0].epoch), max(epochs[-1].epoch, 2)), y=y, width=250, height=160)
    ticks = SHARES if measure == "accuracy" else steps(*y)
    whole = tuple(value for value in steps(*plane.x) if value == int(value) and value >= 1)
    plane.axes("epoch", measure if measure == "accuracy" else "loss (nats)", ticks=(whole, ticks), percent="")
    if best is not None:
        plane.marks.append(Line((plane.at(best, y[0]), plane.at(best, y[1])), QUIET, 0.8, dashed=True))
    numbers = [epoch for epoch, *_ in values]
    plane.line(numbers, [train for _, train, _ in values], TRAIN, dashed=True)
    plane.line(numbers, [val for *_, val in values], VAL)
    plane.legend([("training", TRAIN), ("validation", VAL)] + ([("kept", "quiet")] if best is not None else []))
    return plane.drawing(f"The {measure} of training and validation pictures over {len(epochs)} epochs.")


def reliability(calibration: Calibration) -> Drawing:
    """How many answers of each confidence are right, before and after the temperature."""
    plane = Plane(x=(0.0, 1.0), y=(0.0, 1.0), width=240, height=240)
    plane.axes("confidence", "right answers", ticks=(SHARES, SHARES), percent="xy")
    plane.marks.append(Line((plane.at(0, 0), plane.at(1, 1)), QUIET, 0.8, dashed=True))
    _bins(plane, calibration.before, COLOURS[11])
    _bins(plane, calibration.after, TEST)
    plane.legend([("without temperature", COLOURS[11]), ("with it", TEST)])
    return plane.drawing("Right answers by confidence; on the diagonal, probabilities mean what they say.")


def coverage(calibration: Calibration) -> Drawing:
    """What it is worth to answer only where the model is sure."""
    points = sorted(calibration.coverage, key=lambda point: point.coverage)
    lowest = min(point.accuracy.low for point in points)
    y = (min(0.8, int(10 * lowest) / 10), 1.0)
    plane = Plane(x=(0.0, 1.0), y=y, width=280, height=170)
    plane.axes("pictures that get an answer", "right answers", ticks=(SHARES, steps(*y)), percent="xy")
    for bound in ("low", "high"):
        plane.line([p.coverage for p in points], [getattr(p.accuracy, bound) for p in points], COLOURS[11], dashed=True)
    plane.line([p.coverage for p in points], [p.accuracy.value for p in points], TEST)
    plane.legend([("right answers", TEST), ("95 % interval", COLOURS[11])])
    return plane.drawing("The share of right answers when only the surest pictures are answered.")


def class_curves(points: pd.DataFrame, kind: str, classes: Sequence[str]) -> Drawing | None:
    """The ROC (`roc`) or precision–recall (`pr`) curves of all classes in one plane; None where they are too many."""
    present = points.loc[points["kind"] == kind, "class"].unique()
    if not 0 < len(present) <= MOST_LINES:
        return None
    plane = Plane(x=(0.0, 1.0), y=(0.0, 1.0), width=230, height=200)
    titles = ("other pictures called so", "recall") if kind == "roc" else ("recall", "precision")
    plane.axes(*titles, ticks=(SHARES, SHARES), percent="xy")
    if kind == "roc":
        plane.marks.append(Line((plane.at(0, 0), plane.at(1, 1)), QUIET, 0.8, dashed=True))
    for index in present:
        of_class = points[(points["kind"] == kind) & (points["class"] == index)]
        plane.line(of_class["x"].tolist(), of_class["y"].tolist(), COLOURS[int(index) % len(COLOURS)])
    return _with_names(plane, [(_short(classes[int(i)]), COLOURS[int(i) % len(COLOURS)]) for i in present], kind)


def robustness(found: Robustness, curve: Curve) -> Drawing:
    """The accuracy of the model and of the frozen backbone as one distortion gets stronger."""
    places = [0.0, *(float(number + 1) for number in range(len(curve.strengths)))]
    plane = Plane(x=(0.0, places[-1]), y=(0.0, 1.0), width=200, height=120)
    plane.axes(f"{curve.title}: {curve.unit}", "right", ticks=((), (0.0, 0.5, 1.0)), percent="y")
    for place, strength in zip(places, ("none", *(f"{each:g}" for each in curve.strengths)), strict=True):
        x = plane.at(place, 0.0)[0]
        plane.marks.append(Word(x, plane.top + plane.height + 12, strength, "middle", 8, QUIET))
    for shares, colour in (
        ((found.baseline, *curve.baseline), COLOURS[11]),
        ((found.model, *curve.model), TRAIN),
    ):
        plane.line(places, [share.value for share in shares], colour)
        for place, share in zip(places, shares, strict=True):
            plane.whisker(place, share.low, share.high, colour)
    plane.legend([("this model", TRAIN), ("frozen backbone", COLOURS[11])])
    return plane.drawing(f"Accuracy under {curve.title.lower()} at {len(curve.strengths)} strengths.")


def _bins(plane: Plane, found: Reliability, colour: str) -> None:
    for each in found.bins:
        says = f"{each.n:,} pictures, {each.confidence:.0%} sure on average: {each.accuracy.value:.0%} right"
        plane.whisker(each.confidence, each.accuracy.low, each.accuracy.high, colour)
        plane.dot(each.confidence, each.accuracy.value, colour, says=says)
    plane.line([each.confidence for each in found.bins], [each.accuracy.value for each in found.bins], colour)


def _with_names(plane: Plane, entries: Sequence[tuple[str, str]], kind: str) -> Drawing:
    """Names to the right of a plane: there may be too many for a line above it."""
    right = plane.left + plane.width + 14
    for number, (name, colour) in enumerate(entries):
        y = plane.top + 8 + 14 * number
        plane.marks += [Box(right, y - 5, 10, 3, colour), Word(right + 14, y - 1, name, "start", 8)]
    whole = plane.drawing(f"{'ROC' if kind == 'roc' else 'Precision–recall'} curves of {len(entries)} classes.")
    longest = max(len(name) for name, _ in entries)
    return Drawing(right + 20 + 4.6 * longest, whole.height, whole.says, whole.marks)


def _short(name: str, most: int = 24) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
