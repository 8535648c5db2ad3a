"""The part of a report about labels: each with its figures, which occur together, and what their probabilities mean.

It knows the answers about the test set, and words. It does not know how a report is laid out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tlcore.markup import markdown
from tlcore.report import charts
from tlcore.report.card_text import of_table
from tlcore.report.document import Block, Cell, Column, Figure, Section, Table, Text
from tlcore.report.facts import Facts
from tlcore.report.sections import labels
from tlcore.report.sections.task_report import Part, TaskReport
from tlcore.tasks.evaluation import Figure as Interval
from tlcore.tasks.multilabel.curves import reliability, threshold_curve
from tlcore.tasks.multilabel.errors import MISSING, label_errors
from tlcore.tasks.multilabel.labels import split, targets

MOST_LINES = 12
EXPLAINS = (
    "Precision: when the model gives this label, how often it is right. Recall: of the examples with this label, how "
    "many it finds. F1 is high only where both are. Average precision is the area under the precision–recall curve, "
    "whatever the threshold. A label is given when its probability reaches the threshold, which was chosen on the "
    "validation set."
)
CODE = """```python
import json

import keras

model = keras.models.load_model("model.keras")
probabilities = model.predict({inputs})
about = json.load(open("contract.json"))
given = probabilities >= about["decision"]["thresholds"]  # labels are in about["classes"]
```"""


def about(facts: Facts) -> str:
    named = ", ".join(f"“{markdown(label)}”" for label in facts.dataset.classes)
    return f"Gives a {facts.noun.one} any number of {len(facts.dataset.classes)} labels: {named}."


def use(facts: Facts) -> Iterator[str]:
    yield "A label is given when its probability reaches its threshold, which was chosen on the validation set."


def limit(facts: Facts) -> str:
    return f"It knows {len(facts.dataset.classes)} labels and cannot say that a {facts.noun.one} shows something else."


def sections(facts: Facts) -> Iterator[Section]:
    own = (*labels.figures(facts, EXPLAINS, "average_precision"), *_curves(facts))
    yield Section("Precision, recall and F1 per label", own)
    yield Section("Co-occurrence and error matrix", tuple(_matrices(facts)))
    yield Section("Calibration", tuple(_calibration(facts)))


def card(facts: Facts) -> Iterator[Part]:
    yield "Precision, recall and F1 per label", of_table(labels.per_label(facts))


def worst(facts: Facts, most: int) -> Iterator[tuple[str, str]]:
    """The most confident errors, each item once."""
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
        yield str(answers.table["file"].iloc[item]), f"{said}; true labels: {true}"


def _curves(facts: Facts) -> Iterator[Block]:
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
    drawing = charts.precision_recall(curves) if len(curves) <= MOST_LINES else None
    yield Figure(drawing, "Precision–recall curves of the labels.", Table("precision-recall-curves", columns, rows))


def _matrices(facts: Facts) -> Iterator[Block]:
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
        drawing = charts.label_matrix(judged.labels, table, support, errors=name == "label-errors")
        yield Figure(drawing, caption, Table(name, columns, tuple(rows)))


def _calibration(facts: Facts) -> Iterator[Block]:
    yield Text(
        "Of all examples to which the model gives a label with 80 %, about 80 % should have it. The expected "
        "calibration error (ECE) is the average gap; it is never exactly 0 on a finite test set."
    )
    known: list[tuple[Cell, ...]] = [
        (each.label, each.figures.get("calibration_error"), each.support) for each in facts.judged.per_label
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
    drawing = charts.label_reliability(bins) if 0 < len(bins) <= MOST_LINES else None
    caption = "Reliability diagram: on the diagonal, probabilities mean what they say."
    yield Figure(drawing, caption, Table("reliability", columns, rows))


def _true(facts: Facts) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = targets(facts.answers.labels, facts.answers.classes) > 0
    return found


MULTILABEL = TaskReport(
    hub=("classification", "multi-label {} classification"),
    pipeline=True,
    about=about,
    gives=lambda facts: (
        f"independent probabilities `(n, {len(facts.dataset.classes)})` in the order of the labels above"
    ),
    code=CODE,
    use=use,
    limit=limit,
    sections=sections,
    card=card,
    worst=worst,
)
