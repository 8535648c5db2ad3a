"""The part of a report about probabilities: calibration, skipped predictions, prediction sets, thresholds.

It knows the calibration of a run, and words. It does not know how it is computed or laid out.
"""

from __future__ import annotations

from collections.abc import Iterator

from tlcore.report import charts
from tlcore.report.document import Block, Column, Figure, Table, Text
from tlcore.report.facts import Facts
from tlcore.tasks.classification.calibration_schema import Calibration


def trust(facts: Facts) -> Iterator[Block]:
    """Whether "80 % sure" is right in 80 of 100 cases, and what can be made of it."""
    found = facts.calibration
    if found is None:
        yield Text("The calibration of the probabilities was not measured.", "note")
        return
    yield Text(
        f"The logits are divided by a temperature of {found.temperature:.2f}, fitted on {found.validation:,} "
        f"validation {facts.noun.many} and {'part of the model' if found.in_model else 'not part of the model'}: "
        + (
            "without it the model is surer than it is right."
            if found.temperature > 1
            else "without it the model is less sure than it is right."
        )
    )
    if not found.test:
        return
    columns = (Column("on the test set"), Column("without it", "number"), Column("with it", "number"))
    yield Table(
        "calibration",
        columns,
        (
            ("expected calibration error", found.before.ece, found.after.ece),
            ("log loss, nats", found.before.log_loss, found.after.log_loss),
            ("Brier score", found.before.brier, found.after.brier),
        ),
    )
    yield _reliability(found)
    if found.coverage:
        yield _coverage(found)
    yield from _sets(found)
    yield from _thresholds(found)
    for note in found.notes:
        yield Text(note, "note")


def _reliability(found: Calibration) -> Figure:
    rows = [
        (which, each.low, each.high, each.n, each.confidence, each.accuracy)
        for which, of in (("without temperature", found.before), ("with it", found.after))
        for each in of.bins
    ]
    columns = (
        Column("which"),
        Column("confidence above", "percent"),
        Column("up to", "percent"),
        Column("examples", "count"),
        Column("mean confidence", "percent"),
        Column("right answers", "percent"),
    )
    caption = "Reliability: on the diagonal “80 % sure” is right in 80 of 100 cases; below it, too much is promised."
    return Figure(charts.reliability(found), caption, Table("reliability", columns, tuple(rows)))


def _coverage(found: Calibration) -> Figure:
    columns = (Column("least confidence", "percent"), Column("answered", "percent"), Column("right", "percent"))
    rows = tuple((point.confidence, point.coverage, point.accuracy) for point in found.coverage)
    caption = "Accuracy when unsure predictions are skipped: how many are left, and how many of those are right."
    return Figure(charts.coverage(found), caption, Table("coverage", columns, rows))


def _sets(found: Calibration) -> Iterator[Block]:
    if not found.conformal:
        return
    yield Text(
        "Prediction sets: sets of classes, as large as it takes to hold the right class in a chosen share of cases:"
    )
    columns = (
        Column("method"),
        Column("target coverage", "percent"),
        Column("coverage on the test set", "percent"),
        Column("classes in a set", "number"),
    )
    rows = tuple((each.method.upper(), each.wanted, each.coverage, each.mean_size) for each in found.conformal)
    yield Table("conformal-sets", columns, rows)


def _thresholds(found: Calibration) -> Iterator[Block]:
    if not found.thresholds:
        return
    yield Text(
        "Decision thresholds: where a missed example of a class costs as much as several false alarms, predict the "
        "class from this probability on (chosen on the validation set; the effect is that on the test set):"
    )
    columns = (
        Column("class"),
        Column("false alarms that a miss costs", "number"),
        Column("from", "percent"),
        Column("missed", "count"),
        Column("false alarms", "count"),
        Column("missed by the likeliest class", "count"),
        Column("its false alarms", "count"),
    )
    rows = tuple(
        (
            each.label,
            each.ratio,
            each.threshold if each.threshold <= 1 else None,
            each.test.misses,
            each.test.alarms,
            each.usual.misses,
            each.usual.alarms,
        )
        for each in found.thresholds
    )
    yield Table("thresholds", columns, rows, most=24)
