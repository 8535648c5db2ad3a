"""The part of a report about predicted values: how far off they are, and what their intervals promise.

It knows the answers about the test set, and words. It does not know how a report is laid out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tlcore.markup import markdown
from tlcore.numbers import signed, significant
from tlcore.report import charts
from tlcore.report.document import Block, Column, Figure, Section, Table, Text
from tlcore.report.facts import Facts
from tlcore.report.sections.task_report import TaskReport

Numbers = npt.NDArray[np.float64]
CODE = """```python
import keras

model = keras.models.load_model("model.keras")
values = model.predict({inputs})
```"""


def about(facts: Facts) -> str:
    judged = facts.judged
    unit = f", in {markdown(judged.unit)}" if judged.unit else ""
    return f"Predicts a number for a {facts.noun.one}: {markdown(judged.value_name or 'its value')}{unit}."


def gives(facts: Facts) -> str:
    return "values `(n, 1)`" + (f" in {markdown(facts.judged.unit)}" if facts.judged.unit else "")


def use(facts: Facts) -> Iterator[str]:
    if facts.judged.n and facts.judged.margin is not None:
        yield markdown(coverage(facts))


def limit(facts: Facts) -> str:
    return f"It gives a number for every {facts.noun.one}, whatever it shows."


def sections(facts: Facts) -> Iterator[Section]:
    """The sections of this task alone."""
    yield Section("Predicted against true values", tuple(_values(facts)))
    yield Section("Prediction intervals", tuple(_intervals(facts)))


def coverage(facts: Facts) -> str:
    """What the prediction intervals promise and keep, in a sentence."""
    judged = facts.judged
    found, target = judged.coverage, judged.target_coverage
    if found is None or target is None or judged.margin is None:
        return "There are no prediction intervals: the validation set was empty."
    verdict = "does not differ significantly from that"
    if found.high < target:
        verdict = "is significantly lower"
    elif found.low > target:
        verdict = "is significantly higher"
    return (
        f"Each prediction comes with an interval of ±{significant(judged.margin, judged.unit)}, chosen on the "
        f"validation set by split-conformal prediction so that {target:.0%} of such intervals hold the true value. On "
        f"the test set {found.value:.1%} do (95 % interval {found.low:.1%} to {found.high:.1%}): this {verdict}."
    )


def worst(facts: Facts, most: int) -> Iterator[tuple[str, str]]:
    """The largest errors."""
    true, predicted = values(facts)
    files, unit = facts.answers.table["file"], facts.judged.unit
    for place in np.argsort(-np.abs(predicted - true), kind="stable")[:most]:
        right, answer = (significant(float(each[place]), unit) for each in (true, predicted))
        off = signed(float(predicted[place] - true[place]))
        yield str(files.iloc[place]), f"true {right}, predicted {answer} ({off})"


def values(facts: Facts) -> tuple[Numbers, Numbers]:
    """The true and the predicted values of the test set."""
    answers = facts.answers
    true: Numbers = answers.task.targets(answers.labels, ())[:, 0]
    return true, answers.outputs[:, 0].astype(np.float64)


def _values(facts: Facts) -> Iterator[Block]:
    judged, (true, predicted) = facts.judged, values(facts)
    name = judged.value_name or "value"
    titled = f"{name}, {judged.unit}" if judged.unit else name
    yield Text(
        "Each point is a test example. On the dashed line the prediction is exact; above it the prediction is too "
        "high, below it too low. Residuals are predicted minus true values: a slope or a funnel among them means that "
        "the model is off in a systematic way."
    )
    rows = tuple(
        (str(file), float(right), float(answer), float(answer - right))
        for file, right, answer in zip(facts.answers.table["file"], true, predicted, strict=True)
    )
    columns = (Column("file"), *(Column(title, "number") for title in ("true", "predicted", "residual")))
    table = Table("values", columns, rows)
    few = "" if len(rows) <= charts.MOST_POINTS else f" {charts.MOST_POINTS:,} of {len(rows):,} are drawn."
    yield Figure(
        charts.predicted_against_true(true, predicted, judged.margin, titled),
        f"Predicted over true values, with the prediction intervals.{few}",
        table,
    )
    yield Figure(
        charts.residuals(true, predicted, judged.margin, titled, judged.unit),
        f"Residuals over predicted values.{few}",
        table,
    )


def _intervals(facts: Facts) -> Iterator[Block]:
    judged = facts.judged
    yield Text(coverage(facts))
    if judged.coverage is None or judged.margin is None or judged.target_coverage is None:
        return
    found = judged.coverage
    columns = (Column("figure"), Column("value", "number"), Column("low", "number"), Column("high", "number"))
    rows = (
        ("half the width" + (f", {judged.unit}" if judged.unit else ""), judged.margin, None, None),
        ("target coverage", judged.target_coverage, None, None),
        ("coverage on the test set", found.value, found.low, found.high),
    )
    yield Table("prediction-intervals", columns, rows)


REGRESSION = TaskReport(
    hub=("regression", "{} regression"),
    pipeline=False,
    about=about,
    gives=gives,
    code=CODE,
    use=use,
    limit=limit,
    sections=sections,
    card=lambda facts: iter(()),
    worst=worst,
)
