"""The part of a report about classes: each with its figures, which are confused, and what probabilities mean.

It knows the answers about the test set, and words. It does not know how a report is laid out.
"""

from __future__ import annotations

from collections.abc import Iterator

from tlcore.evaluation.predictions import mistakes
from tlcore.markup import markdown
from tlcore.report import charts
from tlcore.report.card_text import of_table
from tlcore.report.document import Block, Cell, Column, Figure, Section, Table, Text, said
from tlcore.report.facts import Facts
from tlcore.report.sections import labels
from tlcore.report.sections.calibration import trust
from tlcore.report.sections.task_report import Part, TaskReport

EXPLAINS = (
    "Precision: when the model predicts this class, how often it is right. Recall: of the examples of this class, how "
    "many it finds. F1 is high only where both are."
)
CODE = """```python
import keras

model = keras.models.load_model("model.keras")
probabilities = model.predict({inputs})
```"""


def about(facts: Facts) -> str:
    classes = ", ".join(f"“{markdown(label)}”" for label in facts.dataset.classes)
    return f"Tells apart {len(facts.dataset.classes)} classes of {facts.noun.many}: {classes}."


def limit(facts: Facts) -> str:
    noun = facts.noun
    said = f"It answers with one of {len(facts.dataset.classes)} classes, whatever the {noun.one} shows"
    if facts.ood is None:
        return f"{said}, and cannot say that it shows none of them."
    return (
        f"{said}; a second output says how unlike the training {noun.many} a {noun.one} is, and above 1 the answer "
        "means little."
    )


def sections(facts: Facts) -> Iterator[Section]:
    yield Section("Precision, recall and F1 per class", (*labels.figures(facts, EXPLAINS, "recall"), *_curves(facts)))
    yield Section("Confusion matrix", tuple(_confusion(facts)))
    yield Section("Calibration", tuple(trust(facts)))


def worst(facts: Facts, most: int) -> Iterator[tuple[str, str]]:
    columns = mistakes(facts.predictions, most)[["file", "label", "predicted", "confidence"]]
    for file, label, predicted, confidence in columns.itertuples(index=False):
        yield str(file), f"{label}, predicted {predicted} with {confidence:.0%}"


def card(facts: Facts) -> Iterator[Part]:
    yield "Precision, recall and F1 per class", of_table(labels.per_label(facts))
    yield "Probabilities", _probabilities(facts)


def _probabilities(facts: Facts) -> Iterator[str]:
    found, noun = facts.calibration, facts.noun
    if found is None or not found.test:
        yield "The calibration of the probabilities was not measured."
    else:
        before, after = (said(each.ece, "number") for each in (found.before, found.after))
        yield (
            f"A temperature of {found.temperature:.2f}, fitted on {found.validation:,} validation {noun.many}, is "
            f"{'part of the model' if found.in_model else 'not part of the model'}. The expected calibration error on "
            f"the test set is {after}; without it {before}."
        )
    if facts.ood:
        yield (
            f"A second output of `model.onnx` says how unlike the training {noun.many} a {noun.one} is; it flags "
            f"{facts.ood.test.value:.1%} of the test {noun.many} as out of distribution."
        )


def _curves(facts: Facts) -> Iterator[Block]:
    points, classes = facts.class_curves, facts.judged.labels
    if points is None or not len(points):
        return
    for kind, name, axes, caption in (
        (
            "roc",
            "roc-curves",
            ("false positive rate", "recall"),
            "ROC curves: upwards more of the class is found, to the right more others are taken for it.",
        ),
        (
            "pr",
            "precision-recall-curves",
            ("recall", "precision"),
            "Precision–recall curves: the same, whatever the number of true negatives.",
        ),
    ):
        of_kind = points[points["kind"] == kind]
        rows = tuple(
            (classes[int(index)], float(x), float(y), float(at))
            for index, x, y, at in of_kind[["class", "x", "y", "threshold"]].itertuples(index=False)
        )
        columns = (Column("class"), *(Column(axis, "number") for axis in axes), Column("threshold", "number"))
        yield Figure(charts.class_curves(points, kind, classes), caption, Table(name, columns, rows))


def _confusion(facts: Facts) -> Iterator[Block]:
    judged = facts.judged
    yield Text(
        "Each row is a true class and each column a predicted class. The diagonal is right; everything else is a "
        "confusion. Classes that are often confused stand next to each other, and fuller cells hold a larger share of "
        "their row."
    )
    order = judged.order or tuple(range(len(judged.labels)))
    columns = (Column("true class"), *(Column(judged.labels[index], "count") for index in order))
    rows: list[tuple[Cell, ...]] = [
        (judged.labels[true], *(judged.confusion[true][index] for index in order)) for true in order
    ]
    drawing = charts.confusion(judged) if judged.n else None
    yield Figure(drawing, "Confusion matrix of the test set.", Table("confusion", columns, tuple(rows)))


CLASSIFICATION = TaskReport(
    hub=("classification", "{} classification"),
    pipeline=True,
    about=about,
    gives=lambda facts: f"probabilities `(n, {len(facts.dataset.classes)})` in the order of the classes above",
    code=CODE,
    use=lambda facts: iter(()),
    limit=limit,
    sections=sections,
    card=card,
    worst=worst,
)
