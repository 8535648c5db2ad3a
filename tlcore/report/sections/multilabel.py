"""The part of a report about labels: each with its figures, which occur together, and what their probabilities mean.

It knows the answers about the test set, and words. It does not know how a report is laid out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tlcore.evaluation.figures import Interval
from tlcore.report import charts, task_charts
from tlcore.report.document import Block, Cell, Column, Figure, Section, Table, Text
from tlcore.report.facts import TaskFacts
from tlcore.tasks.evaluation import LabelFigures
from tlcore.tasks.multilabel.curves import reliability, threshold_curve
from tlcore.tasks.multilabel.errors import MISSING, label_errors
from tlcore.tasks.multilabel.labels import split, targets

MOST_DRAWN, MOST_LINES = 40, 12


def sections(facts: TaskFacts) -> Iterator[Section]:
    """The sections of this task alone."""
    yield Section("Precision, recall and F1 per label", tuple(_labels(facts)))
    yield Section("Co-occurrence and error matrix", tuple(_matrices(facts)))
    yield Section("Calibration", tuple(_calibration(facts)))


def per_label(facts: TaskFacts) -> Table:
    """Every label with its figures, their intervals and its threshold."""
    columns = (
        Column("label"),
        *(Column(title, "percent") for title in ("precision", "recall", "F1", "average precision")),
        Column("threshold", "number"),
        Column("test examples", "count"),
        Column("predicted", "count"),
    )
    rows = tuple(
        (
            each.label,
            *(_cell(each, key) for key in ("precision", "recall", "f1", "average_precision")),
            each.threshold,
            each.support,
            each.answered,
        )
        for each in facts.judged.per_label
    )
    return Table("per-label", columns, rows, most=200)


def worst(facts: TaskFacts, most: int) -> Iterator[tuple[int, str]]:
    """The test items with the most confident errors, each with a sentence."""
    answers = facts.answers
    found = label_errors(answers.labels, answers.outputs, answers.classes, answers.decision)
    seen: dict[int, str] = {}
    for item, label, kind, share in found[["item", "label", "kind", "probability"]].itertuples(index=False):
        said = "missing" if kind == MISSING else "wrongly given"
        seen.setdefault(int(item), f"{answers.classes[label]} {said} ({share:.0%})")
        if len(seen) >= most:
            break
    for item, said in seen.items():
        true = ", ".join(split(answers.labels[item])) or "no label"
        yield item, f"{said}; true labels: {true}"


def _cell(each: LabelFigures, key: str) -> Cell:
    figure = each.figures.get(key)
    return None if figure is None else Interval(value=figure.value, low=figure.low, high=figure.high)


def _labels(facts: TaskFacts) -> Iterator[Block]:
    yield Text(
        "Precision: when the model gives this label, how often it is right. Recall: of the examples with this label, "
        "how many it finds. F1 is high only where both are. Average precision is the area under the precision–recall "
        "curve, whatever the threshold. A label is given when its probability reaches the threshold, which was chosen "
        "on the validation set."
    )
    yield per_label(facts)
    found = ((each.label, _cell(each, "average_precision")) for each in facts.judged.per_label)
    rows = [(label, cell) for label, cell in found if isinstance(cell, Interval)]
    rows.sort(key=lambda row: row[1].value)
    if rows:
        drawn = rows[:MOST_DRAWN]
        every = len(drawn) == len(rows)
        which = "Average precision of each label" if every else f"The {len(drawn)} lowest average precisions"
        table = Table("average-precision", (Column("label"), Column("average precision", "percent")), tuple(rows))
        yield Figure(charts.intervals(drawn, f"{which}, the lowest first."), f"{which}, the lowest first.", table)
    yield from _curves(facts)


def _curves(facts: TaskFacts) -> Iterator[Block]:
    true = _true(facts)
    curves = {
        label: threshold_curve(facts.answers.outputs[:, at], true[:, at])
        for at, label in enumerate(facts.answers.classes)
        if true[:, at].any()
    }
    if not curves:
        return
    rows = tuple(
        (label, float(recall), float(precision), float(threshold), int(answered))
        for label, curve in curves.items()
        for recall, precision, threshold, answered in zip(
            curve.recall, curve.precision, curve.thresholds, curve.answered, strict=True
        )
    )
    columns = (
        Column("label"),
        *(Column(name, "number") for name in ("recall", "precision", "threshold")),
        Column("given", "count"),
    )
    drawing = task_charts.precision_recall(curves) if len(curves) <= MOST_LINES else None
    yield Figure(drawing, "Precision–recall curves of the labels.", Table("precision-recall-curves", columns, rows))


def _matrices(facts: TaskFacts) -> Iterator[Block]:
    judged = facts.judged
    support = np.array([each.support for each in judged.per_label])
    for name, counts, caption in (
        (
            "co-occurrence",
            judged.co_occurrence,
            "Test examples that have both labels; the diagonal counts each label.",
        ),
        (
            "label-errors",
            judged.errors,
            "Test examples with the label of the row that were wrongly given the label of the column.",
        ),
    ):
        columns = (Column("label"), *(Column(label, "count") for label in judged.labels))
        rows: list[tuple[Cell, ...]] = [(label, *row) for label, row in zip(judged.labels, counts, strict=True)]
        table = np.array(counts, np.int64).reshape(len(support), len(support))
        drawing = task_charts.label_matrix(judged.labels, table, support, errors=name == "label-errors")
        yield Figure(drawing, caption, Table(name, columns, tuple(rows)))


def _calibration(facts: TaskFacts) -> Iterator[Block]:
    yield Text(
        "Of all examples to which the model gives a label with 80 %, about 80 % should have it. The expected "
        "calibration error (ECE) is the average gap; it is never exactly 0 on a finite test set."
    )
    known: list[tuple[Cell, ...]] = [
        (each.label, _cell(each, "calibration_error"), each.support) for each in facts.judged.per_label
    ]
    columns: tuple[Column, ...] = (
        Column("label"),
        Column("calibration error", "percent"),
        Column("test examples", "count"),
    )
    yield Table("calibration-error", columns, tuple(known), most=200)
    true, shares = _true(facts), facts.answers.outputs
    bins = {label: reliability(shares[:, at], true[:, at]) for at, label in enumerate(facts.answers.classes)}
    rows = tuple(
        (label, each.probability, Interval(**each.share.model_dump()), each.n)
        for label, found in bins.items()
        for each in found
    )
    columns = (
        Column("label"),
        Column("mean probability", "percent"),
        Column("have the label", "percent"),
        Column("test examples", "count"),
    )
    drawing = task_charts.reliability(bins) if 0 < len(bins) <= MOST_LINES else None
    caption = "Reliability diagram: on the diagonal, probabilities mean what they say."
    yield Figure(drawing, caption, Table("reliability", columns, rows))


def _true(facts: TaskFacts) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = targets(facts.answers.labels, facts.answers.classes) > 0
    return found
