"""How good a model is: the headline in a sentence, every metric with its interval, simple baselines, and limits.

It knows an evaluation and the metrics of its task. It does not know what is one task's alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from tlcore.numbers import significant
from tlcore.report import charts
from tlcore.report.document import Block, Cell, Column, Figure, Kind, Table, Text
from tlcore.report.facts import Facts
from tlcore.tasks import Metric
from tlcore.tasks.evaluation import Figure as Interval


def headline(facts: Facts) -> str:
    """How good the model is, in a sentence with the interval."""
    judged, many = facts.judged, facts.noun.many
    if not judged.n or judged.metric not in judged.figures:
        return f"There were no test {many}: nothing is known of how good the model is."
    metric, found = facts.task.find_metric(judged.metric), judged.headline
    if facts.task.counts_right:
        return (
            f"Of 100 new {many} like these, expect between {100 * found.low:.0f} and {100 * found.high:.0f} right "
            f"answers (95 % interval): {found.value:.1%} of {judged.n:,} test {many} were answered right, and training "
            "never saw them."
        )
    if metric.kind == "value":
        return (
            f"On new {many} like these, expect predictions of the {judged.value_name or 'value'} to be off by "
            f"{significant(found.low)} to {significant(found.high, judged.unit)} on average (95 % interval): the "
            f"{metric.name} on {judged.n:,} test {many}, which training never saw, is "
            f"{significant(found.value, judged.unit)}."
        )
    said = f"The {metric.name} on {judged.n:,} test {many}, which training never saw, is"
    return f"{said} {shown(metric, found, judged.unit)}. {metric.explains}"


def shown(metric: Metric, figure: Interval, unit: str) -> str:
    """A figure with its 95 % interval in words."""
    value, low, high = (metric.shown(each, unit) for each in (figure.value, figure.low, figure.high))
    return f"{value} (95 % interval {low} to {high})"


def measured(facts: Facts) -> Iterator[tuple[Metric, Interval]]:
    """Every metric that was measured, the headline first."""
    for metric in (*facts.task.metrics, *facts.task.also):
        if figure := facts.judged.figures.get(metric.key):
            yield metric, figure


def metrics(facts: Facts) -> Table:
    """Every metric with its interval."""
    unit = f", {facts.judged.unit}" if facts.judged.unit else ""
    rows = tuple(
        (
            metric.title + (unit if metric.kind == "value" else ""),
            figure,
            metric.explains + ("" if metric.higher_is_better else " Lower is better."),
        )
        for metric, figure in measured(facts)
    )
    return Table("metrics", (Column("metric"), Column("value", "number"), Column("what it is")), rows)


def baselines(facts: Facts) -> Table:
    """The headline metric of the model and of every baseline."""
    judged, metric = facts.judged, facts.task.find_metric(facts.judged.metric)
    rows: list[tuple[Cell, ...]] = [("this model", judged.headline)]
    rows += [(title.lower(), share) for title in judged.baselines if (share := judged.baseline(title))]
    unit = f", {judged.unit}" if judged.unit and metric.kind == "value" else ""
    kind: Kind = "percent" if metric.kind == "share" else "number"
    return Table("baselines", (Column("answers by"), Column(metric.title + unit, kind)), tuple(rows))


def summary(facts: Facts) -> Iterator[Block]:
    """The headline beside every baseline, and what to know before trusting it."""
    judged, metric = facts.judged, facts.task.find_metric(facts.judged.metric)
    yield Text(headline(facts))
    for title, by in judged.above_baselines.items():
        if theirs := judged.baseline(title):
            verdict = metric.verdict(by.low, by.high)
            yield Text(f"{title}: {shown(metric, theirs, judged.unit)}. The model is {verdict} (paired comparison).")
    for note in judged.notes:
        yield Text(note, "note")


def figures(facts: Facts) -> Iterator[Block]:
    """Every metric, and the headline beside that of the baselines."""
    judged, metric = facts.judged, facts.task.find_metric(facts.judged.metric)
    if not judged.n or judged.metric not in judged.figures:
        yield Text("Nothing is known without a test set.", "note")
        return
    yield Text(
        f"Each metric comes with its 95 % confidence interval: if the test were repeated with other {facts.noun.many} "
        "of the same kind, such intervals would hold the true value 95 times in 100."
    )
    yield metrics(facts)
    table = baselines(facts)
    rows = [(str(name), found) for name, found in table.rows if isinstance(found, Interval)]
    unit = None if metric.kind == "share" else judged.unit
    drawing = charts.intervals(rows, f"{metric.title} of the model and of simple baselines.", first=True, unit=unit)
    lower = "" if metric.higher_is_better else " Lower is better."
    yield Figure(drawing, f"{metric.title} beside what needs less training, on the same test set.{lower}", table)


def limits(facts: Facts) -> Iterator[str]:
    """What is not known of a model, whatever its task."""
    many = facts.noun.many
    yield (
        f"The confidence intervals cover the random choice of the test {many}. They do not cover other places, other "
        f"devices or later times than those of the {many}."
    )
    yield from facts.judged.notes
    if facts.looks is not None and facts.looks > 1:
        yield f"The test set was used {facts.looks:,} times; a model that was chosen by it looks better than it is."
    if facts.slices is None:
        yield f"Groups of difficult {many} were not searched for."
    if facts.robustness is None:
        yield f"It was not tested on corrupted {many}."
