"""One sweep while it is at work and after: what it tries, how its trials stand, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import pandas as pd
import streamlit as st

from pages.components.shell import charts, formats, frame, job_status
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.sweep import sweep_chart
from tlcore.data.dataset import list_datasets
from tlcore.errors import GraftError
from tlcore.jobs.launch import launch
from tlcore.runs.run import Run
from tlcore.sweeps.config import SweepConfig, most_trials
from tlcore.sweeps.events import TrialState
from tlcore.sweeps.state import SweepState
from tlcore.sweeps.sweep import Sweep
from tlcore.sweeps.table import Row, best, rows
from tlcore.tasks import TASKS, Metric, find_metric
from tlcore.workspace import Workspace

FORMATS = {"share": "percent", "value": "%.4g", "score": "%.3f"}
TRIALS: dict[TrialState, str] = {
    "running": "running",
    "finished": "finished",
    "pruned": "pruned",
    "stopped": "stopped",
    "failed": "failed",
}


def title(workspace: Workspace, sweep: Sweep) -> str:
    """What a sweep is called: its dataset's name, or what its id has of it."""
    key = sweep.config.dataset
    return next((dataset.info.name for dataset in list_datasets(workspace) if dataset.id == key), "a deleted dataset")


def headline(sweep: Sweep, laid_out: Sequence[Row]) -> Metric:
    """What the trials are evaluated by on the test set: the headline metric of the task."""
    if found := next((row.test.of for row in laid_out if row.test), None):
        return found
    known = [task for task in TASKS.values() if sweep.config.metric in {metric.key for metric in task.metrics}]
    return (known or list(TASKS.values()))[0].metrics[0]


def made(sweep: Sweep) -> str:
    """When the sweep was made, in the time of this machine."""
    try:
        moment = datetime.strptime(sweep.id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return ""
    return f"{moment.astimezone():%d %b, %H:%M}"


def line(workspace: Workspace, sweep: Sweep) -> None:
    """One sweep among others: what it is, how it stands, and a way to be rid of it."""
    state = sweep.state()
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        name = f"**{formats.plain(title(workspace, sweep))}**"
        frame.link(name, key=f"open-{sweep.id}", sweep=sweep.id)
        st.markdown(f"{job_status.badge(state.state)} {formats.plural(len(state.trials), 'trial')}")
        st.caption(made(sweep))
        st.space("stretch")
        with st.popover("", icon=":material/more_vert:", help="Delete"):
            st.markdown("Deletes the list of trials. Their runs and models stay.")
            key = f"delete-{sweep.id}"
            delete = frame.pressed(_delete)
            st.button("Delete", key=key, icon=":material/delete:", on_click=delete, args=(sweep,), disabled=state.live)


def _delete(sweep: Sweep) -> None:
    try:
        sweep.delete()
    except GraftError as error:
        st.error(formats.lines(error))


def show(workspace: Workspace, sweep: Sweep) -> None:
    """Show the sweep; look again every two seconds for as long as a worker is at it."""
    live = sweep.state().live
    if live:
        st.html(job_status.STEADY)
    frame.fragment(_watch, run_every="2s" if live else None)(workspace, sweep, live)


def _watch(workspace: Workspace, sweep: Sweep, was_live: bool) -> None:
    state, config = sweep.state(), sweep.config
    if state.live != was_live:
        st.rerun()
    laid_out = rows(workspace, sweep, state.trials)
    winner = best(laid_out, config.metric)
    st.subheader(formats.plain(title(workspace, sweep)), anchor=False)
    about = [
        formats.plural(len(config.backbones), "backbone"),
        f"at most {formats.plural(most_trials(config), 'trial')}",
    ]
    st.markdown(f"{job_status.badge(state.state)} &nbsp; {' · '.join([*about, made(sweep)])}")
    if state.live:
        _now(workspace, sweep, config, state, winner)
    else:
        _outcome(sweep, state, config, winner)
    if laid_out:
        _chart(sweep, config, laid_out, winner)
        _table(sweep, config, laid_out, winner)


def _now(workspace: Workspace, sweep: Sweep, config: SweepConfig, state: SweepState, winner: Row | None) -> None:
    total = most_trials(config)
    over = sum(trial.state != "running" for trial in state.trials)
    st.progress(min(over / total, 1.0), text=_doing(workspace, state, total))
    spent = (datetime.now(UTC) - state.started).total_seconds() if state.started else 0.0
    with st.grid(4, min_column_width=150, vertical_alignment="center"):
        st.metric("Trials finished", f"{over} of {total}")
        best_so_far = formats.plain(sweep_chart.measure(winner, config.metric)) if winner else "–"
        st.metric("Best on validation", best_so_far)
        st.metric("Time left, about", formats.duration(spent / over * (total - over)) if over else "–")
        job_status.stop(
            sweep,
            state,
            key="stop-sweep",
            help="The current run keeps and evaluates its best weights. Finished trials stay; you can continue later.",
        )


def _doing(workspace: Workspace, state: SweepState, total: int) -> str:
    trial = state.trial
    if trial is None or not trial.run:
        return "Choosing the next trial …"
    row = Row(trial)
    what = f"{formats.plain(sweep_chart.backbone(row))}, {sweep_chart.depth(row)}"
    text = f"Trial {trial.number} of {total}: {what}, rate {trial.rate:.2g}"
    run = Run(workspace.runs / trial.run)
    now = run.state()
    if now.state == "waiting":
        text += " · queued"
    elif now.state == "paused":
        text += " · paused: resume its run, or stop the sweep"
    elif now.phase is not None:
        epochs = f", {formats.plural(len(now.epochs), 'epoch')} done" if now.epochs else ""
        text += f" · {formats.plain(now.phase.title)}{epochs}"
    return f"Stopping · {text}" if state.state == "stopping" else text


def _outcome(sweep: Sweep, state: SweepState, config: SweepConfig, winner: Row | None) -> None:
    if state.state == "failed":
        job_status.failed("The sweep failed.", state.error, sweep)
    elif state.state == "created":
        st.info("This sweep was created but never started.", icon=":material/info:")
    elif state.state == "stopped":
        st.info("The sweep was stopped. Finished trials stay; the rest can still run.", icon=":material/info:")
    if winner is not None and winner.test is not None:
        test = winner.test
        st.success(
            f"**{formats.plain(sweep_chart.backbone(winner))}, {sweep_chart.depth(winner)}, learning rate "
            f"{winner.trial.rate:.2g}** is the best: validation "
            f"{formats.plain(sweep_chart.measure(winner, config.metric))}. "
            "It was chosen on the validation set. On the test set, which played no part in the choice, its "
            f"{formats.plain(test.of.name)} is **{formats.figure(test.of, test.value, test.unit)}** (95 % confidence "
            f"interval {formats.plain(sweep_chart.bounds(test).replace('–', ' to '))}, "
            f"{formats.plural(test.n, 'picture')}).",
            icon=":material/star:",
        )
    with st.container(horizontal=True):
        if winner is not None:
            where = {"run": winner.trial.run}
            frame.page_button("Evaluate it", frame.EVALUATE, where, icon=":material/fact_check:", type="primary")
            frame.page_button("Try it", frame.TRY, where, icon=":material/image_search:")
            frame.page_button("Open its run", frame.RUNS, where, icon=":material/monitoring:")
        if state.state != "finished":
            label = "Start it now" if state.state == "created" else "Continue the sweep"
            job_status.start(label, partial(launch, sweep), icon=":material/play_arrow:", primary=winner is None)


def _chart(sweep: Sweep, config: SweepConfig, laid_out: Sequence[Row], winner: Row | None) -> None:
    of = headline(sweep, laid_out)
    st.subheader(formats.plain(f"{of.title} against cost"), anchor=False)
    if not any(row.test for row in laid_out):
        st.caption("The first point appears when the first trial has been evaluated.")
        return
    axis = st.segmented_control(
        "Against",
        list(sweep_chart.AXES),
        default="time",
        required=True,
        format_func={"time": ":material/timer: time", "size": ":material/save: size"}.__getitem__,
        key="sweep-axis",
        label_visibility="collapsed",
    )
    plotly_chart(
        sweep_chart.outcome(laid_out, winner, config.metric, axis or "time", revision=sweep.id),
        key=f"outcome-{sweep.id}",
        config=charts.CONFIG,
        alt=f"test {of.name} of each trial with its 95 % interval, against time or size",
    )
    st.caption(
        "Each mark is a trial: circles froze the backbone, diamonds trained some blocks, squares trained all of "
        "them. Larger marks are larger files, faint marks were pruned, and bars are 95 % confidence intervals. The "
        "dotted line is the Pareto front: trials that no other trial beats **on validation** at the same cost or "
        "less. The first trial of a backbone also computes its features, which the others share."
    )


def _table(sweep: Sweep, config: SweepConfig, laid_out: Sequence[Row], winner: Row | None) -> None:
    st.subheader("Trials", anchor=False)
    metric, of = find_metric(config.metric), headline(sweep, laid_out)
    unit = next((f" ({formats.plain(row.test.unit)})" for row in laid_out if row.test and row.test.unit), "")
    table = pd.DataFrame([_cells(row, chosen=row is winner) for row in laid_out])
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        placeholder="–",
        column_config={
            "Run": st.column_config.LinkColumn(display_text="open", help="The run with its curves."),
            "Rate": st.column_config.NumberColumn(format="%.2g", help="Peak learning rate."),
            "Validation": st.column_config.NumberColumn(
                formats.plain(f"Validation {metric.brief}") + (unit if metric.kind == "value" else ""),
                format=FORMATS[metric.kind],
                help="Used to choose the best trial.",
            ),
            "Test": st.column_config.NumberColumn(
                formats.plain(f"Test {of.brief}") + (unit if of.kind == "value" else ""),
                format=FORMATS[of.kind],
                help="Not used to choose.",
            ),
            "95 %": st.column_config.TextColumn(
                help=formats.plain(f"Confidence interval of the test {of.name}{', in percent' * (of.kind == 'share')}.")
            ),
            "Seconds": st.column_config.NumberColumn(format="%.0f", help="Without the time in the queue."),
            "MB": st.column_config.NumberColumn(format="%.1f", help="Size of model.onnx."),
        },
    )
    for error in dict.fromkeys(row.trial.error for row in laid_out if row.trial.error):
        numbers = ", ".join(str(row.trial.number) for row in laid_out if row.trial.error == error)
        st.caption(f":material/error: Failed, trial {numbers}: {formats.plain(error)}")


def _cells(row: Row, *, chosen: bool) -> dict[str, object]:
    trial, test = row.trial, row.test
    return {
        "Trial": f"{trial.number}{' ★' if chosen else ''}",
        "Backbone": sweep_chart.backbone(row),
        "Trained": sweep_chart.depth(row),
        "Rate": trial.rate,
        "State": TRIALS[trial.state],
        "Epochs": row.epochs,
        "Validation": row.validation,
        "Test": test.value if test else None,
        "95 %": sweep_chart.bounds(test) if test else "",
        "Seconds": row.seconds,
        "MB": row.bytes / 1e6 if row.bytes else None,
        "Run": f"runs?run={trial.run}" if trial.run else None,
    }
