"""How good a model is: the headline metric with its interval, and beside it what simple baselines score."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import streamlit as st

from pages.components.answers import figure_text, interval_scale
from pages.components.answers.interval_scale import Line
from pages.components.answers.judged import Judged
from pages.components.shell import formats, test_usage
from tlcore import numbers
from tlcore.tasks import Metric
from tlcore.tasks.evaluation import Figure

LONGEST_NOTE = 600


def show(judged: Judged, *, beside: str, about: Mapping[str, str]) -> None:
    """The headline, one metric `beside` it, the baselines, and a sentence that weighs them.

    Args:
        judged: What is shown.
        beside: The key of another metric.
        about: What each baseline is, by its title.
    """
    evaluation, metric = judged.evaluation, judged.metric
    if not evaluation.n or evaluation.metric not in evaluation.figures:
        _notes(judged)
        return
    with st.grid(4, min_column_width=170):
        for label, value, said in _figures(judged, judged.task.find_metric(beside), about):
            with st.container(gap="xxsmall"):
                st.metric(label, value)
                st.caption(said)
    lines = [_line(judged, "this model", evaluation.headline)]
    for title, figures in evaluation.baselines.items():
        if found := figures.get(metric.key):
            lines.append(_line(judged, title.lower(), found))
    most = 1.0 if metric.kind == "share" else _round_up(max(line.high for line in lines))
    interval_scale.show(lines, most=most)
    st.markdown(_reading(judged))
    _notes(judged)
    if judged.dataset is not None:
        test_usage.show(judged.dataset, judged.run.dataset.draw)


def _figures(judged: Judged, beside: Metric, about: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Label, value and what to know about it."""
    evaluation, metric, found = judged.evaluation, judged.metric, judged.evaluation.headline
    n = formats.plural(evaluation.n, "test picture")
    yield (
        formats.plain(f"Test {_short(metric)}"),
        figure_text.value(metric, found.value, evaluation.unit),
        f"95 % confidence interval **{figure_text.interval(metric, found, evaluation.unit)}**, {n}",
    )
    for title, figures in reversed(evaluation.baselines.items()):
        if known := figures.get(metric.key):
            yield (
                formats.plain(title),
                figure_text.value(metric, known.value, evaluation.unit),
                about.get(title, ""),
            )
    if known := evaluation.figures.get(beside.key):
        said = f"95 % interval {figure_text.interval(beside, known, evaluation.unit)}"
        yield formats.plain(_short(beside)), figure_text.value(beside, known.value, evaluation.unit), said


def _line(judged: Judged, name: str, figure: Figure) -> Line:
    metric, unit = judged.metric, judged.evaluation.unit
    if metric.kind == "share":
        said = f"{100 * figure.low:.0f}–{100 * figure.high:.0f} %"
    else:
        said = f"{numbers.significant(figure.low)} to {numbers.significant(figure.high, unit)}"
    return Line(name, figure.low, figure.value, figure.high, said)


def _reading(judged: Judged) -> str:
    """What the headline promises, and whether the baselines do as well."""
    evaluation, metric, found = judged.evaluation, judged.metric, judged.evaluation.headline
    if metric.kind == "value":
        off = figure_text.interval(metric, found, evaluation.unit)
        said = (
            f"On new pictures like these, expect predictions to be off by **{off}** on average. The model never saw "
            "the test set during training."
        )
    else:
        said = f"{formats.plain(metric.explains)} The model never saw the test set during training."
    above = evaluation.above_baselines
    simple, *others = above or [""]
    verdict = metric.verdict(above[simple].low, above[simple].high) if simple else ""
    if verdict == "significantly worse":
        return f"{said} **Significantly worse** than the simplest baseline ({formats.plain(simple.lower())})."
    if verdict == "not significantly different":
        return f"{said} **Not significantly better** than the simplest baseline ({formats.plain(simple.lower())})."
    for title in others:
        return f"{said} {_against(judged, title, above[title])}"
    return said


def _against(judged: Judged, title: str, by: Figure) -> str:
    """Weigh the paired difference to a baseline."""
    metric, unit, name = judged.metric, judged.evaluation.unit, formats.plain(title.lower())
    low, high = (figure_text.signed(metric, each, unit) for each in (by.low, by.high))
    more, side = figure_text.size(metric, by.value, unit), figure_text.direction(metric, by.value)
    ours = f"In a paired comparison, its {formats.plain(_short(metric))} is"
    if not by.value:
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


def _short(metric: Metric) -> str:
    """The abbreviation in parentheses, where a title has one."""
    return metric.title.rpartition("(")[2].rstrip(")") if metric.title.endswith(")") else metric.title


def _notes(judged: Judged) -> None:
    for note in judged.evaluation.notes:
        short = note if len(note) <= LONGEST_NOTE else f"{note[:LONGEST_NOTE]} …"
        st.info(formats.plain(short), icon=":material/info:")


def _round_up(value: float) -> float:
    """The next number of one digit, so that a scale ends on a plain one."""
    if value <= 0 or not math.isfinite(value):
        return 1.0
    step = 10.0 ** math.floor(math.log10(value))
    return math.ceil(value / step) * step
