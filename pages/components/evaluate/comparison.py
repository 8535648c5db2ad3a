"""Runs side by side: a table, accuracy against speed and size, and one pair picture by picture.

What is compared stands in the URL: `with` are the other runs, `pair` the one that is looked at picture by picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from pages.components.evaluate import comparison_chart, paired
from pages.components.shell import formats, frame, run_facts
from pages.components.shell.pickers import has_model
from pages.components.shell.plotly_chart import plotly_chart
from tlcore import numbers
from tlcore.data.dataset import Dataset
from tlcore.evaluation.compare import Comparison, Pair, RunFigures, compare
from tlcore.runs.run import Run, list_runs
from tlcore.tasks import Metric, find_task
from tlcore.tasks.evaluation import Figure
from tlcore.workspace import Workspace

MOST_RUNS = 8
KEY, PAIR = "compare-with", "compare-pair"


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
    found = _compared(paths, stamps)
    for warning in found.warnings:
        st.warning(formats.plain(warning), icon=":material/warning:")
    side_by_side(found, names)
    paired.show(_pick(found.pairs, names), found.unit, runs, names, dataset)


def side_by_side(found: Comparison, names: Mapping[str, str]) -> None:
    """Every metric of every run with its interval, and the chart of what the headline metric costs."""
    st.subheader("Side by side", anchor=False)
    metrics = find_task(found.task).metrics
    rows = [_row(each, names[each.run], metrics, found.unit) for each in found.runs]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")
    st.caption(
        "In brackets: 95 % confidence intervals, each run on its own test set. The paired comparison below tells "
        "which run is better."
    )
    if any(each.milliseconds is not None or each.bytes is not None for each in found.runs):
        plotly_chart(
            comparison_chart.figure(found, names),
            key="compare-chart",
            config={"displayModeBar": False},
            alt=f"{metrics[0].name} of each run with its interval against the time per prediction; larger models are "
            "drawn larger",
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


def _pick(pairs: Sequence[Pair], names: Mapping[str, str]) -> Pair:
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


def _stamp(run: Run) -> tuple[int, int]:
    """Another one when the run was judged again."""
    try:
        return (run.evaluation_json.stat().st_mtime_ns, run.predictions.stat().st_mtime_ns)
    except OSError:
        return (0, 0)


def _row(found: RunFigures, name: str, metrics: tuple[Metric, ...], unit: str) -> dict[str, str]:
    """A line of the table; what is not known is a dash."""
    return {
        "run": name,
        **{metric.title: _shown(metric, found.figures.get(metric.key), unit) for metric in metrics},
        "model": formats.size(found.bytes) if found.bytes is not None else "–",
        "time per prediction": f"{found.milliseconds:.3g} ms" if found.milliseconds is not None else "–",
        "training": formats.duration(found.seconds),
        "test pictures": formats.count(found.n),
        "model type": f"{found.backbone}, {found.mode}",
    }


def _shown(metric: Metric, figure: Figure | None, unit: str) -> str:
    if figure is None:
        return "–"
    if metric.kind == "share":
        return f"{formats.percent(figure.value)} ({100 * figure.low:.0f}–{100 * figure.high:.0f})"
    if metric.kind == "value":
        low, high = (numbers.significant(each) for each in (figure.low, figure.high))
        return f"{numbers.significant(figure.value, unit)} ({low} to {high})"
    return f"{metric.plain(figure.value)} ({metric.plain(figure.low)} to {metric.plain(figure.high)})"


def _names(runs: Mapping[str, Run]) -> dict[str, str]:
    """What each run is called; equal names are told apart by when they were made."""
    titles = {key: run_facts.title(run) for key, run in runs.items()}
    several = [title for title in titles.values() if list(titles.values()).count(title) > 1]
    return {
        key: f"{title} ({run_facts.made(runs[key])})" if title in several else title for key, title in titles.items()
    }
