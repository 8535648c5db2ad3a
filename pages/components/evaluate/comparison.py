"""Runs side by side: a table, accuracy against speed and size, and one pair picture by picture.

What is compared stands in the URL: `with` are the other runs, `pair` the one that is looked at picture by picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pandas as pd
import streamlit as st

from pages.components.evaluate import comparison_chart, errors, task_comparison
from pages.components.shell import formats, frame, run_facts
from pages.components.shell.pickers import has_model
from pages.components.shell.plotly_chart import plotly_chart
from tlcore.data.dataset import Dataset
from tlcore.errors import GraftError
from tlcore.evaluation.compare import Comparison, Pair, RunFigures, compare
from tlcore.evaluation.files import read_predictions
from tlcore.evaluation.task_compare import TaskComparison, TaskPair, compare_task_runs
from tlcore.runs.run import Run, list_runs
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.tasks.evaluation import Figure
from tlcore.workspace import Workspace

MOST_RUNS = 8
P = TypeVar("P", Pair, TaskPair)
LIKELY = 0.05  # Below it, chance is a poor explanation.
KEY, PAIR = "compare-with", "compare-pair"
SIDES = {"compare-right": "wrong → right", "compare-wrong": "right → wrong"}


def show(run: Run, dataset: Dataset | None) -> None:
    """Let the person choose other runs, and compare them with this one."""
    others = _others(run)
    others, different = _of_same_task(run, others)
    if different:
        st.caption(
            f"{formats.plural(different, 'run')} of another task cannot be compared with this one: they have no metric "
            "in common."
        )
    if not others:
        frame.empty_state(
            ":material/compare_arrows:",
            "Nothing to compare with",
            "Two evaluated runs are compared picture by picture: which one is better, and is the difference "
            "significant? Repeat this run with a change.",
            action="Repeat with changes",
            target=frame.TRAIN,
            **{"from": run.id},
        )
        return
    chosen = _choose(run, others)
    if not chosen:
        st.info("Choose one or more runs to compare with this one.", icon=":material/compare_arrows:")
        return
    runs = {run.id: run, **{name: others[name] for name in chosen}}
    paths, stamps = tuple(str(each.path) for each in runs.values()), tuple(_stamp(each) for each in runs.values())
    names = _names(runs)
    if run.dataset.task != CLASSIFICATION.key:
        compared = _compared_tasks(paths, stamps)
        for warning in compared.warnings:
            st.warning(formats.plain(warning), icon=":material/warning:")
        task_comparison.side_by_side(compared, names)
        task_comparison.pair(_pick(compared.pairs, names), compared.unit, runs, names, dataset)
        return
    found = _compared(paths, stamps)
    for warning in found.warnings:
        st.warning(formats.plain(warning), icon=":material/warning:")
    side_by_side(found.runs, names)
    pair(_pick(found.pairs, names), runs, names, dataset)


def side_by_side(figures: Sequence[RunFigures], names: Mapping[str, str]) -> None:
    """The table, and the chart of what accuracy costs."""
    st.subheader("Side by side", anchor=False)
    st.dataframe(pd.DataFrame([_row(each, names[each.run]) for each in figures]), hide_index=True, width="stretch")
    st.caption(
        "In brackets: 95 % confidence intervals, each run on its own test set. The paired comparison below tells "
        "which run is better."
    )
    if any(each.milliseconds is not None or each.bytes is not None for each in figures):
        plotly_chart(
            comparison_chart.figure(figures, names),
            key="compare-chart",
            config={"displayModeBar": False},
            alt="accuracy of each run with its interval against the time per prediction; larger models are drawn "
            "larger",
        )


def pair(found: Pair, runs: Mapping[str, Run], names: Mapping[str, str], dataset: Dataset | None) -> None:
    """Two runs on the pictures that both were asked about: the test, the classes, the pictures that changed."""
    first, second = (formats.plain(names[each]) for each in (found.first, found.second))
    st.subheader("Picture by picture", anchor=False)
    if not found.items:
        st.caption("The two runs have no test pictures in common.")
        return
    st.markdown(_verdict(found, first, second))
    with st.grid(4, min_column_width=150):
        for label, number in (
            ("Both right", found.both_right),
            ("Wrong → right", found.only_second),
            ("Right → wrong", found.only_first),
            ("Both wrong", found.both_wrong),
        ):
            st.metric(label, formats.count(number))
    if found.only_first or found.only_second:
        plotly_chart(
            comparison_chart.differences(found.per_class),
            key="compare-classes",
            config={"displayModeBar": False},
            alt="difference in recall of each class between the two runs",
        )
        _classes(found)
        _changed(found, runs, names, dataset)


@frame.fragment
def _changed(found: Pair, runs: Mapping[str, Run], names: Mapping[str, str], dataset: Dataset | None) -> None:
    """The pictures on which they differ, with the wrong answer that one of them gave."""
    if dataset is None:
        st.caption("The pictures were deleted with their dataset.")
        return
    for (key, title), shas, wrong in zip(
        SIDES.items(), (found.to_right, found.to_wrong), (found.first, found.second), strict=True
    ):
        if shas:
            st.markdown(f"**{title.capitalize()}**: the predictions shown are those of {formats.plain(names[wrong])}.")
            answers = read_predictions(runs[wrong].path)
            errors.gallery(dataset, answers, shas, key=f"{key}-{found.first}-{found.second}", title=title, most=60)


def _verdict(found: Pair, first: str, second: str) -> str:
    """Say which run is better, with the interval and the p-value of the paired test."""
    by, interval = found.difference, _points(found.difference)
    side = "more" if by.value >= 0 else "fewer"
    said = (
        f"On the {formats.plural(found.items, 'picture')} that both runs were tested on, **{second}** is right "
        f"about **{100 * abs(by.value):.1f} {side} in a hundred** than **{first}** (95 % confidence interval "
        f"{interval} points). "
    )
    p_value = f"p = {found.p_value:.3f}" if found.p_value >= 0.001 else "p < 0.001"
    said += f"The difference is **{'significant' if found.p_value < LIKELY else 'not significant'}** ({p_value})."
    return said + (" Pictures of one group count as one." if found.grouped else "")


def _classes(found: Pair) -> None:
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
            for each in found.per_class
        ]
    )
    with st.expander("Every class", icon=":material/table_rows:"):
        st.dataframe(table, hide_index=True, width="stretch")
        st.caption(
            "p-values are from McNemar's exact test, corrected for the number of classes (Benjamini–Hochberg): of "
            "the differences below 0.05, at most one in twenty is chance, on average."
        )


def _others(run: Run) -> dict[str, Run]:
    """Every other judged run, those of the same dataset first."""
    runs = [each for each in list_runs(Workspace.default()) if each.id != run.id]
    judged = [each for each in runs if each.evaluation_json.exists() and has_model(each)]
    return {each.id: each for each in sorted(judged, key=lambda each: each.config.dataset != run.config.dataset)}


def _of_same_task(run: Run, others: Mapping[str, Run]) -> tuple[dict[str, Run], int]:
    """Those of the run's task, and how many have another one."""
    same = {name: other for name, other in others.items() if other.dataset.task == run.dataset.task}
    return same, len(others) - len(same)


def _choose(run: Run, others: Mapping[str, Run]) -> list[str]:
    """The runs of the URL; the newest of the same dataset where it names none."""
    asked = [name for name in st.query_params.get("with", "").split(",") if name in others]
    same = [name for name, other in others.items() if other.config.dataset == run.config.dataset]
    shown = asked[:MOST_RUNS] or (same[:1] if "with" not in st.query_params else [])
    names = _names(others)

    def follow() -> None:
        st.query_params["with"] = ",".join(st.session_state[KEY])

    # The URL leads and the widget follows.
    st.session_state[KEY] = shown
    st.multiselect(
        "Compare this run with",
        list(others),
        format_func=lambda name: f"{names[name]} · {run_facts.dataset(others[name])} · {run_facts.made(others[name])}",
        key=KEY,
        max_selections=MOST_RUNS,
        on_change=follow,
    )
    return shown


def _pick(pairs: Sequence[P], names: Mapping[str, str]) -> P:
    """The pair that the URL names by its second run; else the first one."""
    by_run = {each.second: each for each in pairs}
    asked = st.query_params.get("pair", "")
    shown = asked if asked in by_run else pairs[0].second
    if len(pairs) > 1:

        def follow() -> None:
            st.query_params["pair"] = st.session_state[PAIR]

        st.session_state[PAIR] = shown
        st.selectbox("Picture by picture with", list(by_run), format_func=names.__getitem__, key=PAIR, on_change=follow)
    return by_run[shown]


@st.cache_data(show_spinner="Comparing predictions …", max_entries=8)
def _compared(paths: tuple[str, ...], stamps: tuple[tuple[int, int], ...]) -> Comparison:
    return compare([Run(Path(path)) for path in paths])


@st.cache_data(show_spinner="Comparing predictions …", max_entries=8)
def _compared_tasks(paths: tuple[str, ...], stamps: tuple[tuple[int, int], ...]) -> TaskComparison:
    return compare_task_runs([Run(Path(path)) for path in paths])


def _stamp(run: Run) -> tuple[int, int]:
    """Another one when the run was judged again."""
    try:
        return (run.evaluation_json.stat().st_mtime_ns, run.predictions.stat().st_mtime_ns)
    except OSError:
        return (0, 0)


def _row(found: RunFigures, name: str) -> dict[str, str]:
    """A line of the table; what is not known is a dash."""
    return {
        "run": name,
        "accuracy": _share(found.accuracy),
        "balanced accuracy": _share(found.balanced_accuracy),
        "macro F1": _share(found.macro_f1),
        "log loss": f"{found.log_loss.value:.3f}" if found.log_loss else "–",
        "model": formats.size(found.bytes) if found.bytes is not None else "–",
        "time per prediction": f"{found.milliseconds:.3g} ms" if found.milliseconds is not None else "–",
        "training": formats.duration(found.seconds),
        "test pictures": formats.count(found.items),
        "model type": f"{found.backbone}, {found.mode}",
    }


def _share(found: Figure | None) -> str:
    return f"{formats.percent(found.value)} ({100 * found.low:.0f}–{100 * found.high:.0f})" if found else "–"


def _points(found: Figure) -> str:
    return f"{100 * found.low:+.1f} to {100 * found.high:+.1f}"


def _names(runs: Mapping[str, Run]) -> dict[str, str]:
    """What each run is called; equal names are told apart by when they were made."""
    titles = {key: _title(run) for key, run in runs.items()}
    several = [title for title in titles.values() if list(titles.values()).count(title) > 1]
    return {
        key: f"{title} ({run_facts.made(runs[key])})" if title in several else title for key, title in titles.items()
    }


def _title(run: Run) -> str:
    try:
        return run_facts.title(run)
    except GraftError:
        return run.name
