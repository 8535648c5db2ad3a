"""Two runs on the pictures that both were tested on: the paired difference, and the pictures that changed."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from pages.components import answers
from pages.components.answers import Judged, figure_text, item_gallery
from pages.components.evaluate import comparison_chart, errors
from pages.components.shell import formats, frame, tables
from pages.components.shell.plotly_chart import plotly_chart
from tlcore.data.dataset import Dataset
from tlcore.evaluation.compare import Pair, RightAnswers
from tlcore.evaluation.files import read_predictions
from tlcore.runs.run import Run
from tlcore.tasks import Metric, find_task
from tlcore.tasks.evaluation import Figure

MOST = 60
SIDES = {"better": "Less wrong now", "worse": "More wrong now"}
RIGHT = {"better": "wrong → right", "worse": "right → wrong"}


def show(found: Pair, unit: str, runs: Mapping[str, Run], names: Mapping[str, str], dataset: Dataset | None) -> None:
    """The paired difference of the headline metric, and the pictures that changed."""
    st.subheader("Picture by picture", anchor=False)
    if found.before is None or found.after is None:
        st.caption("The two runs have no test pictures in common.")
        return
    metric = find_task(runs[found.second].dataset.task).metrics[0]
    figures(metric, found.before, found.after, unit, (names[found.first], names[found.second]))
    st.markdown(verdict(found, metric, unit, names[found.first], names[found.second]))
    if found.right is None:
        st.caption(_counts(found))
    else:
        counts(found.right)
        if found.better or found.worse:
            _classes(found.right)
    changed(found, runs, names, dataset)


def counts(right: RightAnswers) -> None:
    """Of how many pictures both, one or none of the runs has the right answer."""
    with st.grid(4, min_column_width=150):
        for label, number in (
            ("Both right", right.both_right),
            ("Wrong → right", right.only_second),
            ("Right → wrong", right.only_first),
            ("Both wrong", right.both_wrong),
        ):
            st.metric(label, formats.count(number))


def figures(metric: Metric, before: Figure, after: Figure, unit: str, names: tuple[str, str]) -> None:
    """The headline metric of two runs on the same items, and what each is called."""
    with st.grid(2, min_column_width=220):
        for name, figure in zip(names, (before, after), strict=True):
            with st.container(gap=None):
                st.metric(formats.plain(f"{metric.title}: {name}"), figure_text.value(metric, figure.value, unit))
                st.caption(f"95 % interval {figure_text.interval(metric, figure, unit)}")


def verdict(found: Pair, metric: Metric, unit: str, first: str, second: str) -> str:
    """Say which run is better, with the interval of the paired difference; the two are called `first` and `second`."""
    by = found.difference
    if by is None:
        return ""
    low, high = (figure_text.signed(metric, each, unit) for each in (by.low, by.high))
    more, side = figure_text.size(metric, by.value, unit), figure_text.direction(metric, by.value)
    n, better = formats.plural(found.n, "picture"), "significant" if found.significant else "not significant"
    said = (
        f"On the {n} that both runs were tested on, the {formats.plain(metric.name)} of **{formats.plain(second)}** is "
        f"**{more} {side}** than that of **{formats.plain(first)}** (95 % confidence interval {low} to {high}). The "
        f"difference is **{better}**"
    )
    if found.right is not None:
        p_value = found.right.p_value
        said += f" (McNemar's exact test, {f'p = {p_value:.3f}' if p_value >= 0.001 else 'p < 0.001'})"
    return f"{said}." + (" Pictures of one group count as one." if found.grouped else "")


@frame.fragment
def changed(found: Pair, runs: Mapping[str, Run], names: Mapping[str, str], dataset: Dataset | None) -> None:
    """The pictures on which the second run is less wrong, and more."""
    if dataset is None:
        st.caption(tables.GONE)
        return
    for side, shas, wrong in (("better", found.better, found.first), ("worse", found.worse, found.second)):
        title, key = (RIGHT if found.right else SIDES)[side], f"compare-{side}-{found.first}-{found.second}"
        if not shas:
            continue
        if found.right:
            st.markdown(f"**{title.capitalize()}**: the predictions shown are those of {formats.plain(names[wrong])}.")
            errors.gallery(dataset, read_predictions(runs[wrong].path), list(shas), key=key, title=title, most=MOST)
        elif judged := answers.read_judged(runs[found.second], dataset):
            st.markdown(f"**{title}**, the largest change first. The answers shown are those of the second run.")
            _gallery(judged, list(shas[:MOST]), key=key, title=title)


def _classes(right: RightAnswers) -> None:
    """The recall of each class in both runs."""
    plotly_chart(
        comparison_chart.differences(right.per_class),
        key="compare-classes",
        config={"displayModeBar": False},
        alt="difference in recall of each class between the two runs",
    )
    table = pd.DataFrame(
        [
            {
                "class": each.label,
                "difference": f"{100 * (each.second - each.first):+.1f}",
                "recall before": formats.percent(each.first),
                "recall after": formats.percent(each.second),
                "wrong → right": each.only_second,
                "right → wrong": each.only_first,
                "p-value": f"{each.p_value:.3f}",
                "test pictures": each.items,
            }
            for each in right.per_class
        ]
    )
    with st.expander("Every class", icon=":material/table_rows:"):
        st.dataframe(table, hide_index=True, width="stretch")
        st.caption(
            "p-values are from McNemar's exact test, corrected for the number of classes (Benjamini–Hochberg): of "
            "the differences below 0.05, at most one in twenty is chance, on average."
        )


def _gallery(judged: Judged, shas: list[str], *, key: str, title: str) -> None:
    known = set(judged.answers.table["sha256"])
    shas = [sha for sha in shas if sha in known]
    item_gallery.show(judged, shas, answers.SAID[judged.task.key](judged, shas), key=key, title=title)


def _counts(found: Pair) -> str:
    same = found.n - len(found.better) - len(found.worse)
    return (
        f"{formats.plural(len(found.better), 'picture')} less wrong, {formats.count(len(found.worse))} more wrong, "
        f"{formats.count(same)} the same."
    )
