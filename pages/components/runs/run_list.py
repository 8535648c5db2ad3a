"""The runs, newest first: open, compare, rename, repeat, delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from pages.components.runs import run_queue
from pages.components.shell import charts, formats, frame, job_status, packing, run_facts
from pages.components.shell.plotly_chart import plotly_chart
from tlcore.errors import GraftError
from tlcore.runs.config import Fractions
from tlcore.runs.run import Run
from tlcore.runs.state import RunState
from tlcore.tasks import Task
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.tasks.task import LOSS

ROWS = 20
WIDTHS = [1.25, 1]
RESULT, NAMED_RESULT, TIME, STATE = 132, 150, 84, 118  # pixels; of a figure, and of one that is named
NOT_COMPARED = ("schema_version", "dataset")
# The heads make no sense where the columns stand below each other.
STYLE = """
<style>
.st-key-run-heads { padding: 0 1rem; margin-bottom: -0.75rem; }
@media (max-width: 640px) { .st-key-run-heads { display: none; } }
</style>
"""
Row = tuple[Run, RunState]


def show(runs: Sequence[Run]) -> None:
    """Show the list, and the curves of what is ticked below it."""
    pages = -(-len(runs) // ROWS)
    page = 1
    if pages > 1:
        page = st.number_input(f"Page (of {pages})", min_value=1, max_value=pages, value=1, width=160)
    shown = list(runs)[(page - 1) * ROWS : page * ROWS]
    live = _live(shown)
    frame.fragment(_watch, run_every="2s" if live else None)(shown, live)


def _live(runs: Sequence[Run]) -> bool:
    return run_queue.worth_showing() or any(run.state().live for run in runs)


def _watch(runs: Sequence[Run], was_live: bool) -> None:
    rows = [(run, run.state()) for run in runs if run.path.exists()]
    if _live([run for run, _ in rows]) != was_live:
        st.rerun()
    st.html(STYLE)
    run_queue.draw()
    with st.container(key="run-heads"):
        what, facts = st.columns(WIDTHS)
        what.caption("Run")
        with facts, st.container(horizontal=True, gap="xsmall"):
            mixed = any(run_facts.task(run)[0] != CLASSIFICATION for run, _ in rows)
            for word, width in (
                ("Test metric (95 %)", NAMED_RESULT) if mixed else ("Test accuracy (95 %)", RESULT),
                ("Time", TIME),
                ("State", STATE),
            ):
                st.caption(word, width=width)
    for run, state in rows:
        with st.container(border=True, key=f"row-{run.id}"):
            _row(run, state, named=mixed)
    ticked = [(run, state) for run, state in rows if st.session_state.get(f"compare-{run.id}")]
    if ticked:
        _compare(ticked)
    elif len(rows) > 1:
        st.caption("Tick several runs to compare their curves.")


def _row(run: Run, state: RunState, *, named: bool) -> None:
    what, facts = st.columns(WIDTHS, vertical_alignment="center")
    with what, st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        st.checkbox("Compare", key=f"compare-{run.id}", label_visibility="collapsed")
        with st.container(gap=None):
            title = f"**{formats.plain(run_facts.title(run))}**"
            frame.link(title, key=f"open-{run.id}", run=run.id)
            st.caption(run_facts.about(run))
    with facts, st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(f"**{run_facts.result(state, named=named)}**", width=NAMED_RESULT if named else RESULT)
        st.markdown(formats.duration(run_facts.seconds(state)), width=TIME)
        st.markdown(job_status.badge(state.state), width=STATE)
        st.space("stretch")
        with st.popover("", icon=":material/more_vert:", help="Rename, repeat, pack, delete"):
            _menu(run, state)


def _menu(run: Run, state: RunState) -> None:
    name = st.text_input("Name", value=run.name if run.name != run.id else "", key=f"name-{run.id}")
    if st.button("Rename", key=f"rename-{run.id}", icon=":material/edit:", width="stretch"):
        _do(lambda: run.rename(name))
    frame.page_button(
        "Repeat with changes", frame.TRAIN, {"from": run.id},
        key=f"repeat-{run.id}", icon=":material/replay:", width="stretch",
    )  # fmt: skip
    if not state.live:
        packing.download_run(run)
    sure = f"sure-{run.id}"
    if not st.session_state.get(sure):
        st.button(
            "Delete",
            key=f"delete-{run.id}",
            icon=":material/delete:",
            on_click=_set,
            args=(sure, True),
            disabled=state.live,
            width="stretch",
        )
        return
    st.warning("This deletes its model, evaluation and log. It cannot be undone.")
    if st.button("Delete for good", key=f"really-{run.id}", icon=":material/delete_forever:", width="stretch"):
        _do(run.delete)
    st.button("Keep it", key=f"keep-{run.id}", on_click=_set, args=(sure, False), width="stretch")


def _set(key: str, value: bool) -> None:
    st.session_state[key] = value


def _do(change: Callable[[], None]) -> None:
    try:
        change()
    except GraftError as error:
        st.error(formats.lines(error))
    else:
        st.rerun()


def _compare(rows: Sequence[Row]) -> None:
    st.subheader(f"Compare {formats.plural(len(rows), 'run')}", anchor=False)
    names = _distinct([run_facts.title(run) for run, _ in rows])
    kinds: dict[tuple[Task, str], list[tuple[str, RunState]]] = {}
    for name, (run, state) in zip(names, rows, strict=True):
        kinds.setdefault(run_facts.task(run), []).append((name, state))
    for (task, unit), curves in kinds.items():
        if len(kinds) > 1:
            st.caption(formats.plain(f"{task.title}{f', in {unit}' if unit else ''}"))
        for column, metric in zip(st.columns(2), (task.metrics[0], LOSS), strict=True):
            with column:
                chart = charts.overlay(curves, metric, unit=unit, task=task)
                plotly_chart(chart, key=f"overlay-{task.key}-{unit}-{metric.key}", config=charts.CONFIG)
    judged_by = f"test {next(iter(kinds))[0].metrics[0].name}" if len(kinds) == 1 else "test metric"
    table = pd.DataFrame(
        {
            name: {judged_by: run_facts.result(state, named=len(kinds) > 1), **_facts(run, state)}
            for name, (run, state) in zip(names, rows, strict=True)
        }
    )
    if len(rows) > 1:
        differs = table.nunique(axis=1) > 1
        same = int((~differs).sum())
        table = table[differs]
        st.caption(f"Settings that differ; {formats.plural(same, 'other setting is', 'other settings are')} the same.")
    st.dataframe(table, width="stretch")
    judged = [run.id for run, state in rows if state.test is not None and not state.live]
    if len(judged) < 2 or len(kinds) > 1:
        return
    where = {"run": judged[0], "view": "compare", "with": ",".join(judged[1:])}
    frame.page_button(
        "Compare predictions, picture by picture", frame.EVALUATE, where, icon=":material/compare_arrows:"
    )


def _facts(run: Run, state: RunState) -> dict[str, str]:
    """What can be compared beside the test metric, as text: the outcome first, then every setting."""
    settings = {name: value for name, value in run.config.values().items() if name not in NOT_COMPARED}
    return {
        "duration": formats.duration(state.total_seconds),
        "best epoch": str(state.best_epoch or "–"),
        "dataset": run_facts.dataset(run),
        **{name.removeprefix("input.").replace("_", " "): _said(value) for name, value in settings.items()},
    }


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(part).replace("_", " ") for part in value) or "none"
    if isinstance(value, Fractions):
        return " / ".join(f"{part:g}" for part in (value.train, value.val, value.test))
    return str(value)


def _distinct(names: Sequence[str]) -> list[str]:
    """Equal names are told apart by a number; Plotly and pandas would merge them."""
    return [name if names.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(names, 1)]
