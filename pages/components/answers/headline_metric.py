"""How good a model is: the headline metric with its interval, and beside it what simple baselines score."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import streamlit as st

from pages.components.answers import figure_text, interval_scale
from pages.components.answers.interval_scale import Line
from pages.components.shell import formats
from tlcore import numbers
from tlcore.tasks import Metric, find_task
from tlcore.tasks.evaluation import Evaluation, Figure

WIDE = 0.1  # an interval of a share that is wider says more than the number in its middle
LONGEST_NOTE = 600  # runs of long ago name every class of a thousand


def show(evaluation: Evaluation, *, beside: str, about: Mapping[str, str]) -> None:
    """The headline, the baselines, one metric `beside` them, and a sentence that weighs them.

    Args:
        evaluation: What is shown.
        beside: The key of another metric.
        about: What each baseline is, by its title.
    """
    task = find_task(evaluation.task)
    if evaluation.n and evaluation.metric in evaluation.figures:
        metric = task.find_metric(evaluation.metric)
        with st.grid(4, min_column_width=170):
            for label, value, said in _figures(evaluation, metric, task.find_metric(beside), about):
                with st.container(gap="xxsmall"):
                    st.metric(label, value)
                    st.caption(said)
        lines = [_line(metric, evaluation.unit, "this model", evaluation.headline)]
        lines += [_line(metric, evaluation.unit, title.lower(), found) for title, found in _baselines(evaluation)]
        most = 1.0 if metric.kind == "share" else _round_up(max(line.high for line in lines))
        interval_scale.show(lines, most=most)
        st.markdown(_reading(evaluation, metric))
    for note in evaluation.notes:
        short = note if len(note) <= LONGEST_NOTE else f"{note[:LONGEST_NOTE]} …"
        st.info(formats.plain(short), icon=":material/info:")


def _figures(
    evaluation: Evaluation, metric: Metric, beside: Metric, about: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Label, value and what to know about it; four at most."""
    found, unit = evaluation.headline, evaluation.unit
    items, value = formats.plural(evaluation.n, "test picture"), figure_text.value(metric, found.value, unit)
    name, interval = formats.plain(f"Test {metric.brief}"), figure_text.interval(metric, found, unit)
    if metric.kind == "share" and found.high - found.low > WIDE:
        said = f"95 % confidence interval around **{value}**, from only {items}"
        yield name, f"{100 * found.low:.0f}–{formats.percent(found.high, 0)}", said
    else:
        yield name, value, f"95 % confidence interval **{interval}**, {items}"
    baselines = _baselines(evaluation)
    for title, known in reversed(baselines):
        yield formats.plain(title), figure_text.value(metric, known.value, unit), formats.plain(about.get(title, ""))
    if len(baselines) < 3 and (known := evaluation.figures.get(beside.key)):
        said = f"95 % interval {figure_text.interval(beside, known, unit)}"
        yield formats.plain(beside.short), figure_text.value(beside, known.value, unit), said


def _baselines(evaluation: Evaluation) -> list[tuple[str, Figure]]:
    """The headline metric of each baseline, the simplest first."""
    return [(title, found) for title in evaluation.baselines if (found := evaluation.baseline(title))]


def _line(metric: Metric, unit: str, name: str, figure: Figure) -> Line:
    if metric.kind == "share":
        said = f"{100 * figure.low:.0f}–{100 * figure.high:.0f} %"
    else:
        said = f"{numbers.significant(figure.low)} to {numbers.significant(figure.high, unit)}"
    return Line(name, figure.low, figure.value, figure.high, said)


def _reading(evaluation: Evaluation, metric: Metric) -> str:
    """What the headline promises, and whether the baselines do as well."""
    found, above = evaluation.headline, evaluation.above_baselines
    said = f"{_promise(evaluation, metric)} The model never saw the test set during training."
    simple, *others = evaluation.baselines or [""]
    theirs, name = evaluation.baseline(simple), formats.plain(simple.lower())
    if simple in above:
        verdict = metric.verdict(above[simple].low, above[simple].high)
    else:  # an evaluation of before compared with the probe alone
        overlap = theirs is not None and found.low <= theirs.value
        verdict = "not significantly different" if overlap else ""
    if verdict == "significantly worse":
        return f"{said} **Significantly worse** than the simplest baseline ({name})."
    if verdict == "not significantly different":
        return f"{said} **Not significantly better** than the simplest baseline ({name})."
    for title in reversed(others):
        if title in above:
            return f"{said} {_against(metric, evaluation.unit, title, above[title])}"
    return said


def _promise(evaluation: Evaluation, metric: Metric) -> str:
    """Say what to expect of new items."""
    found = evaluation.headline
    if find_task(evaluation.task).counts_right:
        return (
            f"On new pictures like these, expect **{100 * found.low:.0f}** to **{100 * found.high:.0f}** correct "
            "predictions in a hundred."
        )
    if metric.kind == "value":
        off = figure_text.interval(metric, found, evaluation.unit)
        return f"On new pictures like these, expect predictions to be off by **{off}** on average."
    return formats.plain(metric.explains)


def _against(metric: Metric, unit: str, title: str, by: Figure) -> str:
    """Weigh the paired difference to a baseline."""
    name = formats.plain(title.lower())
    low, high = (figure_text.signed(metric, each, unit) for each in (by.low, by.high))
    more, side = figure_text.size(metric, by.value, unit), figure_text.direction(metric, by.value)
    ours = f"In a paired comparison, its {formats.plain(metric.brief)} is"
    if more == figure_text.size(metric, 0.0, unit):
        return f"{ours} the same as that of the {name}."
    if by.low <= 0 <= by.high:
        return (
            f"{ours} {more} {side} than that of the {name} (95 % interval {low} to {high}): the difference is **not "
            "significant**."
        )
    end = "" if _better(metric, by) else ": training made it worse"
    return f"{ours} **{more} {side}** than that of the {name} (95 % interval {low} to {high}){end}."


def _better(metric: Metric, by: Figure) -> bool:
    return by.low > 0 if metric.higher_is_better else by.high < 0


def _round_up(value: float) -> float:
    """The next number of one digit, so that a scale ends on a plain one."""
    if value <= 0 or not math.isfinite(value):
        return 1.0
    step = 10.0 ** math.floor(math.log10(value))
    return math.ceil(value / step) * step
