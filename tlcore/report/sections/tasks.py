"""A report about several labels or a number: which sections it has and what they say.

It knows what is known of a run, and words. It does not know how a report is laid out. The sentences are for people who
have never seen Graft; everything that is not known is said not to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import TYPE_CHECKING

from tlcore.evaluation.figures import Interval
from tlcore.modalities.image.pixels import open_picture
from tlcore.modalities.image.value_range import range_of
from tlcore.numbers import significant
from tlcore.report import charts, task_charts
from tlcore.report.document import Block, Cell, Column, Figure, Items, Section, Table, Text
from tlcore.report.facts import TaskFacts
from tlcore.report.sections import multilabel, regression
from tlcore.report.sections.training import data, making
from tlcore.tasks import Metric
from tlcore.tasks.evaluation import Figure as Measured

if TYPE_CHECKING:
    import pandas as pd

MOST_ERRORS, SIDE = 12, 200
# By the task's key: its own sections, and the test items with the worst errors: a position and a sentence each.
OWN: Mapping[str, Callable[[TaskFacts], Iterator[Section]]] = {
    "multilabel": multilabel.sections,
    "regression": regression.sections,
}
WORST: Mapping[str, Callable[[TaskFacts, int], Iterator[tuple[int, str]]]] = {
    "multilabel": multilabel.worst,
    "regression": regression.worst,
}


def predictions(facts: TaskFacts) -> pd.DataFrame:
    """List every answer about a test item: `p_<label>` of each label, or `value`, `low` and `high` in the unit."""
    answers = facts.answers
    said, outputs = answers.task.answers(answers.outputs, answers.classes, answers.decision), answers.outputs
    table = answers.table[["sha256", "file", "label"]]
    if answers.classes:
        shares = {f"p_{name}": outputs[:, at] for at, name in enumerate(answers.classes)}
        return table.assign(predicted=said["predicted"].to_numpy(), **shares)
    return table.assign(value=outputs[:, 0], low=said["low"].to_numpy(), high=said["high"].to_numpy())


def sections(facts: TaskFacts, again: Iterator[Block], *, items: bool) -> Iterator[Section]:
    """Every section; `again` is how the run is repeated."""
    yield Section("Summary", tuple(_summary(facts)))
    yield Section("Metrics and confidence intervals", tuple(_metrics(facts)))
    if facts.judged.n:
        yield from OWN[facts.task.key](facts)
        yield Section("Error analysis", tuple(_errors(facts, items=items)))
    yield Section("Training", tuple(making(facts)))
    yield Section("Dataset", tuple(data(facts)))
    yield Section("Limits", tuple(Text(limit) for limit in limits(facts)))
    yield Section("Reproduce this run", tuple(again))


def headline(facts: TaskFacts) -> str:
    """How good the model is, in a sentence with the interval."""
    judged, metric = facts.judged, facts.task.find_metric(facts.judged.metric)
    if not judged.n or judged.metric not in judged.figures:
        return f"There were no test {facts.noun.many}: nothing is known of how good the model is."
    found = judged.headline
    if metric.kind == "value":
        return (
            f"On new {facts.noun.many} like these, expect predictions of the {judged.value_name or 'value'} to be off "
            f"by {significant(found.low)} to {significant(found.high, judged.unit)} on average (95 % interval): the "
            f"{_lower(metric.title)} on {judged.n:,} test {facts.noun.many}, which training never saw, is "
            f"{significant(found.value, judged.unit)}."
        )
    return (
        f"The {_lower(metric.title)} on {judged.n:,} test {facts.noun.many}, which training never saw, is "
        f"{shown(metric, found, judged.unit)}. {metric.explains}"
    )


def shown(metric: Metric, figure: Measured, unit: str) -> str:
    """A figure with its 95 % interval in words."""
    if metric.kind == "share":
        return f"{figure.value:.1%} (95 % interval {figure.low:.1%} to {figure.high:.1%})"
    if metric.kind == "value":
        low, high = significant(figure.low), significant(figure.high, unit)
        return f"{significant(figure.value, unit)} (95 % interval {low} to {high})"
    return f"{figure.value:.3f} (95 % interval {figure.low:.3f} to {figure.high:.3f})"


def limits(facts: TaskFacts) -> Iterator[str]:
    """What the model cannot do and what is not known of it, each in a sentence."""
    noun = facts.noun
    if facts.dataset.classes:
        yield f"It knows {len(facts.dataset.classes)} labels and cannot say that a {noun.one} shows something else."
    else:
        yield f"It gives a number for every {noun.one}, whatever it shows."
    yield (
        f"The confidence intervals cover the random choice of the test {noun.many}. They do not cover other places, "
        f"other devices or later times than those of the {noun.many}."
    )
    yield from facts.judged.notes
    if facts.looks is not None and facts.looks > 1:
        yield (f"The test set was used {facts.looks:,} times; a model that was chosen by it looks better than it is.")


def metrics(facts: TaskFacts) -> Table:
    """Every metric of the task with its interval."""
    judged = facts.judged
    unit = f", {judged.unit}" if judged.unit else ""
    rows = tuple(
        (
            metric.title + (unit if metric.kind == "value" else ""),
            interval(judged.figures[metric.key]),
            metric.explains + ("" if metric.higher_is_better else " Lower is better."),
        )
        for metric in facts.task.metrics
        if metric.key in judged.figures
    )
    return Table("scores", (Column("metric"), Column("value", "number"), Column("what it is")), rows)


def baselines(facts: TaskFacts) -> Table:
    """The headline metric of the model and of every baseline."""
    judged, metric = facts.judged, facts.task.find_metric(facts.judged.metric)
    rows: list[tuple[Cell, ...]] = [("this model", interval(judged.headline))]
    rows += [
        (title.lower(), interval(figures[metric.key]))
        for title, figures in judged.baselines.items()
        if metric.key in figures
    ]
    unit = f", {judged.unit}" if judged.unit and metric.kind == "value" else ""
    return Table("baselines", (Column("answers by"), Column(metric.title + unit, "number")), tuple(rows))


def interval(figure: Measured) -> Interval:
    """A figure as a cell."""
    return Interval(value=figure.value, low=figure.low, high=figure.high)


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]


def _summary(facts: TaskFacts) -> Iterator[Block]:
    judged, metric = facts.judged, facts.task.find_metric(facts.judged.metric)
    yield Text(headline(facts))
    for title, by in judged.above_baselines.items():
        theirs = judged.baselines[title].get(judged.metric)
        if theirs is None:
            continue
        verdict = metric.verdict(by.low, by.high)
        yield Text(f"{title}: {shown(metric, theirs, judged.unit)}. The model is {verdict} (paired comparison).")
    for note in judged.notes:
        yield Text(note, "note")


def _metrics(facts: TaskFacts) -> Iterator[Block]:
    judged, metric = facts.judged, facts.task.find_metric(facts.judged.metric)
    if not judged.n or judged.metric not in judged.figures:
        yield Text("Nothing is known without a test set.", "note")
        return
    yield Text(
        f"Each metric comes with its 95 % interval: if the test were repeated with other {facts.noun.many} of the "
        "same kind, such intervals would hold the true value 95 times in 100."
    )
    yield metrics(facts)
    table = baselines(facts)
    says = f"{metric.title} of the model and of simple baselines."
    rows = [(str(name), found) for name, found in table.rows if isinstance(found, Interval)]
    drawing = (
        charts.intervals(rows, says, first=True)
        if metric.kind == "share"
        else task_charts.value_intervals(rows, judged.unit, says)
    )
    lower = "" if metric.higher_is_better else " Lower is better."
    yield Figure(drawing, f"{metric.title} beside what needs less training, on the same test set.{lower}", table)


def _errors(facts: TaskFacts, *, items: bool) -> Iterator[Block]:
    """The test items with the worst errors; with `items`, to look at."""
    worst = list(WORST[facts.task.key](facts, MOST_ERRORS))
    if not worst:
        yield Text("The model made no error on the test set.")
        return
    yield Text("The worst errors on the test set; wrong labels often show up here:")
    if items and (found := tuple(_shown(facts, worst))):
        yield Items(found)
        return
    files = facts.answers.table["file"]
    rows = tuple((str(files.iloc[place]), sentence) for place, sentence in worst)
    yield Table("worst-errors", (Column("file"), Column("error")), rows)


def _shown(facts: TaskFacts, worst: list[tuple[int, str]]) -> Iterator[tuple[bytes, str]]:
    """Small JPEGs of items; those whose file is gone are left out."""
    if facts.items is None:
        return
    for place, sentence in worst:
        try:
            path = facts.items.image_path(str(facts.answers.table["file"].iloc[place]))
            item = open_picture(path, side=SIDE, value_range=range_of(facts.dataset.reading))
        except ValueError:
            continue
        item.thumbnail((SIDE, SIDE))
        stream = BytesIO()
        item.save(stream, "JPEG", quality=80)
        yield stream.getvalue(), sentence
