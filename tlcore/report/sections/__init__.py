"""A run as a report: which sections it has and what they say.

It knows what is known of a run, and words. It does not know how a report is laid out. The sentences are for people who
have never seen Graft; everything that is not known is said not to be.
"""

from __future__ import annotations

from collections.abc import Iterator

from tlcore.evaluation.figures import Interval
from tlcore.report import charts
from tlcore.report.commands import command_line
from tlcore.report.document import Block, Cell, Code, Column, Document, Figure, Section, Table, Text
from tlcore.report.facts import Facts, RunFacts, TaskFacts
from tlcore.report.sections import tasks
from tlcore.report.sections.calibration import trust
from tlcore.report.sections.errors import failures
from tlcore.report.sections.training import data, making

MOST_CLASSES_DRAWN = 40


def document(facts: Facts | TaskFacts, *, items: bool = True) -> Document:
    """The whole report; without `items` there is nothing to look at of the dataset itself."""
    return Document(
        title=facts.run.name if facts.run.name != facts.run.id else f"{facts.backbone_title} on {facts.dataset.name}",
        subtitle=f"{facts.backbone_title}, trained on “{facts.dataset.name}”. Run {facts.run.id}.",
        sections=tuple(
            tasks.sections(facts, _again(facts), items=items)
            if isinstance(facts, TaskFacts)
            else _sections(facts, items=items)
        ),
    )


def _sections(facts: Facts, *, items: bool) -> tuple[Section, ...]:
    return (
        Section("Summary", tuple(_summary(facts))),
        Section("Accuracy and confidence intervals", tuple(_scores(facts))),
        Section("Precision, recall and F1 per class", tuple(_classes(facts))),
        Section("Confusion matrix", tuple(_confusion(facts))),
        Section("Calibration", tuple(trust(facts))),
        Section("Error analysis", tuple(failures(facts, items=items))),
        Section("Training", tuple(making(facts))),
        Section("Dataset", tuple(data(facts))),
        Section("Limits", tuple(Text(limit) for limit in limits(facts))),
        Section("Reproduce this run", tuple(_again(facts))),
    )


def headline(facts: Facts) -> str:
    """How good the model is, in a sentence that leads with the interval."""
    judged = facts.judged
    if not judged.n:
        return f"There were no test {facts.noun.many}: nothing is known of how good the model is."
    return (
        f"Of 100 new {facts.noun.many} like these, expect between {100 * judged.low:.0f} and {100 * judged.high:.0f} "
        f"right answers (95 % interval): {judged.accuracy:.1%} of {judged.n:,} test {facts.noun.many} were answered "
        "right, and training never saw them."
    )


def limits(facts: Facts) -> Iterator[str]:
    """What the model cannot do and what is not known of it, each in a sentence."""
    classes, calibration, noun = facts.dataset.classes, facts.calibration, facts.noun
    yield (
        f"It answers with one of {len(classes)} classes, whatever the {noun.one} shows"
        + (
            f"; a second output says how unlike the training {noun.many} a {noun.one} is, and above 1 the answer "
            "means little."
            if calibration and calibration.unfamiliarity
            else ", and cannot say that it shows none of them."
        )
    )
    yield (
        f"The confidence intervals cover the random choice of the test {noun.many}. They do not cover other places, "
        f"other devices or later times than those of the {noun.many}."
    )
    yield from facts.judged.notes
    if facts.looks is not None and facts.looks > 1:
        yield (f"The test set was used {facts.looks:,} times; a model that was chosen by it looks better than it is.")
    if facts.slices is None:
        yield f"Groups of difficult {noun.many} were not searched for."
    if facts.robustness is None:
        yield f"It was not tested on distorted {noun.many}."
    if facts.attention is None:
        yield "No saliency maps were computed."


def per_class(facts: Facts) -> Table:
    """Precision, recall and F1 of every class with their intervals."""
    rows = [
        (
            each.label,
            Interval(value=each.precision, low=each.precision_low, high=each.precision_high),
            Interval(value=each.recall, low=each.recall_low, high=each.recall_high),
            each.f1
            if each.f1_low is None or each.f1_high is None
            else Interval(value=each.f1, low=each.f1_low, high=each.f1_high),
            each.support,
            each.answered,
            each.auc,
            each.average_precision,
        )
        for each in facts.judged.per_class
    ]
    columns = (
        Column("class"),
        Column("precision", "percent"),
        Column("recall", "percent"),
        Column("F1", "percent"),
        Column("test examples", "count"),
        Column("answers", "count"),
        Column("ROC area", "number"),
        Column("average precision", "number"),
    )
    return Table("per-class", columns, tuple(rows), most=200)


def scores(facts: Facts) -> Table:
    """Every figure of the whole with its interval."""
    judged, found = facts.judged, facts.judged.scores
    accuracy = Interval(value=judged.accuracy, low=judged.low, high=judged.high)
    rows: list[tuple[str, Interval | float | None, str]] = [("accuracy", accuracy, "share of right answers")]
    if found:
        rows += [
            ("balanced accuracy", found.balanced_accuracy, "the same, every class counting alike"),
            ("macro F1", found.macro_f1, "mean of precision and recall, mean over the classes"),
            *((f"top {top.k}", top, f"the right class is among the {top.k} likeliest") for top in found.top_k),
            ("log loss", found.log_loss, "surprise by the truth, nats; less is better"),
            ("Brier score", found.brier, "distance of the probabilities from the truth, 0 to 2; less is better"),
        ]
    columns = (Column("figure"), Column("value", "number"), Column("what it is"))
    return Table("scores", columns, tuple(rows) if judged.n else ())


def _summary(facts: Facts) -> Iterator[Block]:
    yield Text(headline(facts))
    baseline = facts.judged.baseline
    if facts.judged.n:
        said = f"Always answering “{baseline.label}”, the largest class, would score {baseline.accuracy:.1%}."
        if facts.judged.low <= baseline.accuracy:
            said += " The interval reaches down to that: the model is not shown to have learned anything yet."
        yield Text(said)
    for note in facts.judged.notes:
        yield Text(note, "note")


def _scores(facts: Facts) -> Iterator[Block]:
    if not facts.judged.n:
        yield Text("Nothing is known without a test set.", "note")
        return
    yield Text(
        f"Each figure comes with its 95 % interval: if the test were repeated with other {facts.noun.many} of the "
        "same kind, such intervals would hold the true figure 95 times in 100."
    )
    yield scores(facts)
    known = facts.judged.baselines
    rows = [("this model", Interval(value=facts.judged.accuracy, low=facts.judged.low, high=facts.judged.high))]
    named = (
        ("frozen linear probe", known.linear_probe),
        ("nearest class mean", known.nearest_mean),
        ("always the largest class", known.largest_class),
    )
    rows += [(name, share) for name, share in named if share is not None]
    columns = (Column("answers by"), Column("accuracy", "percent"))
    yield Figure(
        charts.intervals(rows, "Accuracy of the model and of what less than it scores.", first=True),
        "Accuracy beside what needs less training, on the same test set.",
        Table("baselines", columns, tuple(rows)),
    )
    if known.above_probe:
        more = known.above_probe
        yield Text(
            f"Training has added {100 * more.value:+.1f} points to what a linear probe on the untouched backbone "
            f"scores (95 % interval {100 * more.low:+.1f} to {100 * more.high:+.1f})."
        )
    if known.note:
        yield Text(known.note, "note")


def _classes(facts: Facts) -> Iterator[Block]:
    yield Text(
        "Precision: when the model says this class, how often it is right. Recall: of the examples of this class, how "
        "many it finds. F1 is high only where both are."
    )
    table = per_class(facts)
    yield table
    rows = [(str(row[0]), row[2]) for row in table.rows if isinstance(row[2], Interval) and row[4]]
    rows.sort(key=lambda row: row[1].value)
    if rows:
        shown = rows[:MOST_CLASSES_DRAWN]
        which = "Recall of each class" if len(shown) == len(rows) else f"Recall of the {len(shown)} classes found least"
        columns = (Column("class"), Column("recall", "percent"))
        yield Figure(
            charts.intervals(shown, f"{which}, the lowest first."),
            f"{which}, the lowest first.",
            Table("recall", columns, tuple(rows)),
        )
    if facts.class_curves is not None and len(facts.class_curves):
        yield from _class_curves(facts)


def _class_curves(facts: Facts) -> Iterator[Block]:
    points, classes = facts.class_curves, facts.judged.classes
    if points is None:
        return
    for kind, name, caption in (
        (
            "roc",
            "roc-curves",
            "ROC curves: upwards more of the class is found, to the right more others are called so.",
        ),
        ("pr", "precision-recall-curves", "Precision–recall curves: the same without the others rightly left alone."),
    ):
        of_kind = points[points["kind"] == kind]
        rows = tuple(
            (classes[int(index)], float(x), float(y), float(at))
            for index, x, y, at in of_kind[["class", "x", "y", "threshold"]].itertuples(index=False)
        )
        axes = ("others called so", "recall") if kind == "roc" else ("recall", "precision")
        columns = (Column("class"), *(Column(axis, "number") for axis in axes), Column("threshold", "number"))
        yield Figure(charts.class_curves(points, kind, classes), caption, Table(name, columns, rows))


def _confusion(facts: Facts) -> Iterator[Block]:
    judged = facts.judged
    yield Text(
        "Each row is a true class, each column an answer: the diagonal is right, everything beside it a mix-up. "
        "Classes that are mixed up stand together; the fuller the colour, the larger the share of the row."
    )
    order = judged.order or tuple(range(len(judged.classes)))
    columns = (Column("true class"), *(Column(judged.classes[index], "count") for index in order))
    rows: list[tuple[Cell, ...]] = [
        (judged.classes[true], *(judged.confusion[true][index] for index in order)) for true in order
    ]
    drawing = charts.confusion(judged) if judged.n else None
    yield Figure(drawing, "Confusion matrix of the test set.", Table("confusion", columns, tuple(rows)))


def _again(facts: RunFacts) -> Iterator[Block]:
    yield Text("This command repeats the run where the dataset is what it was:")
    yield Code(command_line(facts.config))
    graft = facts.environment.graft if facts.environment else "of an unknown version"
    yield Text(
        f"It was made with Graft {graft}, from version {facts.dataset.version} of the dataset (fingerprint "
        f"{facts.dataset.fingerprint[:16]}…). `python -m tlcore report {facts.run.id} --format script --out train.py` "
        "writes a plain Keras script that does the same without Graft."
    )
