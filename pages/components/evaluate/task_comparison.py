"""Runs of a task other than classification side by side, and one pair item by item."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from pages.components import answers
from pages.components.answers import Judged, figure_text, item_gallery
from pages.components.shell import formats, frame
from tlcore import numbers
from tlcore.data.dataset import Dataset
from tlcore.evaluation.task_compare import TaskComparison, TaskPair, TaskRunFigures
from tlcore.runs.run import Run
from tlcore.tasks import Metric, find_task
from tlcore.tasks.evaluation import Figure

MOST = 60
SIDES = {"better": "Less wrong now", "worse": "More wrong now"}


def side_by_side(found: TaskComparison, names: Mapping[str, str]) -> None:
    """Every metric of every run with its interval, the model's size and speed."""
    st.subheader("Side by side", anchor=False)
    metrics = find_task(found.task).metrics
    rows = [_row(each, names[each.run], metrics, found.unit) for each in found.runs]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")
    st.caption(
        "In brackets: 95 % confidence intervals, each run on its own test set. The paired comparison below tells "
        "which run is better."
    )


def pair(
    found: TaskPair, unit: str, runs: Mapping[str, Run], names: Mapping[str, str], dataset: Dataset | None
) -> None:
    """Two runs on the items that both were tested on: the paired difference, and the pictures that changed most."""
    st.subheader("Paired comparison", anchor=False)
    if found.before is None or found.after is None or found.difference is None:
        st.caption("The two runs have no test pictures in common.")
        return
    metric = find_task(runs[found.second].dataset.task).metrics[0]
    figures(metric, found.before, found.after, unit, (names[found.first], names[found.second]))
    st.markdown(verdict(found, metric, unit, names[found.first], names[found.second]))
    st.caption(_counts(found))
    changed(found, runs, dataset)


def figures(metric: Metric, before: Figure, after: Figure, unit: str, names: tuple[str, str]) -> None:
    """The headline metric of two runs on the same items, and what each is called."""
    with st.grid(2, min_column_width=220):
        for name, figure in zip(names, (before, after), strict=True):
            with st.container(gap=None):
                st.metric(formats.plain(f"{metric.title}: {name}"), figure_text.value(metric, figure.value, unit))
                st.caption(f"95 % interval {figure_text.interval(metric, figure, unit)}")


def verdict(found: TaskPair, metric: Metric, unit: str, first: str, second: str) -> str:
    """Say which run is better, with the interval of the paired difference; the two are called `first` and `second`."""
    by = found.difference
    if by is None:
        return ""
    low, high = (figure_text.signed(metric, each, unit) for each in (by.low, by.high))
    more, side = figure_text.size(metric, by.value, unit), figure_text.direction(metric, by.value)
    title = metric.title[:1].lower() + metric.title[1:]
    n, better = formats.plural(found.n, "picture"), "significant" if found.significant else "not significant"
    return (
        f"On the {n} that both runs were tested on, the {formats.plain(title)} of **{formats.plain(second)}** is "
        f"**{more} {side}** than that of **{formats.plain(first)}** (95 % confidence interval {low} to {high}). The "
        f"difference is **{better}**." + (" Pictures of one group count as one." if found.grouped else "")
    )


@frame.fragment
def changed(found: TaskPair, runs: Mapping[str, Run], dataset: Dataset | None) -> None:
    """The pictures on which the second run is less wrong, and more, with its answers."""
    judged = answers.read_judged(runs[found.second], dataset)
    if judged is None:
        return
    for key, title in SIDES.items():
        shas = list(getattr(found, key))[:MOST]
        if shas:
            st.markdown(f"**{title}**, the largest change first. The answers shown are those of the second run.")
            _gallery(judged, shas, key=f"{key}-{found.first}-{found.second}", title=title)


def _gallery(judged: Judged, shas: list[str], *, key: str, title: str) -> None:
    known = set(judged.answers.table["sha256"])
    shas = [sha for sha in shas if sha in known]
    item_gallery.show(judged, shas, answers.SAID[judged.task.key](judged, shas), key=key, title=title)


def _counts(found: TaskPair) -> str:
    same = found.n - len(found.better) - len(found.worse)
    return (
        f"{formats.plural(len(found.better), 'picture')} less wrong, {formats.count(len(found.worse))} more wrong, "
        f"{formats.count(same)} the same."
    )


def _row(found: TaskRunFigures, name: str, metrics: tuple[Metric, ...], unit: str) -> dict[str, str]:
    """A line of the table; what is not known is a dash."""
    known = {metric.title: found.figures.get(metric.key) for metric in metrics}
    return {
        "run": name,
        **{
            metric.title: "–" if figure is None else _shown(metric, figure, unit)
            for metric, figure in zip(metrics, known.values(), strict=True)
        },
        "model": formats.size(found.bytes) if found.bytes is not None else "–",
        "time per prediction": f"{found.milliseconds:.3g} ms" if found.milliseconds is not None else "–",
        "training": formats.duration(found.seconds),
        "test pictures": formats.count(found.n),
        "model type": f"{found.backbone}, {found.mode}",
    }


def _ends(metric: Metric, figure: Figure) -> str:
    if metric.kind == "share":
        return f"{100 * figure.low:.0f}–{100 * figure.high:.0f}"
    if metric.kind == "value":
        return f"{numbers.significant(figure.low)} to {numbers.significant(figure.high)}"
    return f"{metric.plain(figure.low)} to {metric.plain(figure.high)}"


def _shown(metric: Metric, figure: Figure, unit: str) -> str:
    value = numbers.significant(figure.value, unit) if metric.kind == "value" else metric.shown(figure.value)
    return f"{value} ({_ends(metric, figure)})"
