"""One run while it trains and after: what it does, how far it is, its curves, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from pages.components.shell import (
    charts,
    formats,
    frame,
    job_status,
    leaderboard,
    run_facts,
    training_diagnostics,
)
from pages.components.shell.plotly_chart import plotly_chart
from tlcore.jobs.launch import launch
from tlcore.jobs.progress import Progress
from tlcore.jobs.queue import begin_beside, line
from tlcore.runs.config import TrainingConfig
from tlcore.runs.exporting import DOWNLOADS, Making
from tlcore.runs.overfitting import overfitting_note
from tlcore.runs.resume import resume
from tlcore.runs.run import Run
from tlcore.runs.state import RunState
from tlcore.tasks import Metric
from tlcore.tasks.task import LOSS

LOG_LINES = 200


def show(run: Run) -> None:
    """Show the run; look again every second for as long as a worker is at it, or at its downloads."""
    live = _live(run)
    if any(live):
        st.html(job_status.STEADY)
    # Only what may change is drawn again. When the run ends the whole page is, once: other buttons are due then.
    frame.fragment(_watch, run_every="1s" if any(live) else None)(run, live)


def _live(run: Run) -> tuple[bool, bool]:
    """Tell whether the run is under way, and whether its downloads are."""
    return run.state().live, Making(run, DOWNLOADS).state().live


def _watch(run: Run, was_live: tuple[bool, bool]) -> None:
    state, config = run.state(), run.config
    if _live(run) != was_live:
        st.rerun()
    _headline(run, config, state)
    if state.live:
        _now(run, config, state)
    else:
        _outcome(run, state)
    searches = run.given.mode == "auto"
    if searches:
        leaderboard.show(run, state)
    if not searches:
        _curves(run, config, state)
    elif (trained := _trained(state)).epochs:
        _curves(run, config, trained)
    _steps(state)
    _notes(run, state)
    if not state.live:
        training_diagnostics.show(run)
    elif note := overfitting_note(state.epochs):
        st.warning(formats.plain(note), icon=":material/trending_up:")


def _trained(state: RunState) -> RunState:
    """Leave of a search what was trained in epochs: an exact head has no curve."""
    phases = tuple(phase for phase in state.phases if phase.epochs != 1)
    names = {phase.name for phase in phases if phase.epochs}
    return replace(state, phases=phases, epochs=tuple(epoch for epoch in state.epochs if epoch.phase in names))


def _headline(run: Run, config: TrainingConfig, state: RunState) -> None:
    about = [run_facts.dataset(run), run_facts.backbone(config), run_facts.mode(config), run_facts.made(run)]
    st.subheader(formats.plain(run_facts.title(run)), anchor=False)
    said = " · ".join(formats.plain(word) for word in about if word)
    st.markdown(f"{job_status.badge(state.state)} &nbsp; {said}")


def _now(run: Run, config: TrainingConfig, state: RunState) -> None:
    progress = run.progress()
    if progress is not None and state.phase is not None and progress.phase != state.phase.name:
        progress = None  # of the phase before: the new one has not said anything yet
    # Said in the bar's own line: a notice above the charts would push them down when it comes and pull them up again.
    st.progress(_share(progress) if state.state != "waiting" else 0.0, text=_doing(state, progress))
    done = state.epochs[-1].epoch if state.epochs else 0
    current = max(progress.epoch if progress else 0, done)
    with st.grid(4, min_column_width=150, vertical_alignment="center"):
        st.metric("Epoch", f"{current} of {charts.last_epoch(state, config)}" if current else "–")
        st.metric("Pictures per second", formats.rate(progress.items_per_second) if progress else "–")
        st.metric("Time left, about", formats.duration(progress.seconds_left) if progress else "–")
        with st.container(gap="xsmall"):
            if state.state == "waiting":
                st.button(
                    "Start now",
                    key="beside",
                    icon=":material/play_arrow:",
                    on_click=frame.pressed(partial(begin_beside, run)),
                    width="stretch",
                    help=run_facts.BESIDE,
                )
            st.button(
                "Pause",
                key="pause",
                icon=":material/pause:",
                on_click=frame.pressed(run.pause),
                disabled=state.state in ("pausing", "stopping"),
                width="stretch",
                help="Saves a checkpoint and frees the machine; Resume continues from the checkpoint.",
            )
            st.button(
                "Stop",
                key="stop",
                icon=":material/stop:",
                on_click=frame.pressed(run.stop),
                disabled=state.state == "stopping",
                width="stretch",
                help="Ends within seconds; the best weights so far are kept and evaluated.",
            )


def _share(progress: Progress | None) -> float:
    return min(progress.done / progress.total, 1.0) if progress is not None and progress.total else 0.0


def _doing(state: RunState, progress: Progress | None) -> str:
    """What happens at this moment, in one line."""
    if state.state == "waiting":
        ahead = formats.plural(state.behind, "run is", "runs are") if state.behind else "another run may be"
        return f"Queued: {ahead} ahead of this one{_who_trains()}. It starts automatically; you can close this page."
    text = formats.plain(state.phase.title) if state.phase is not None else "Starting the worker …"
    if progress is not None and progress.total:
        unit = "batch " if progress.unit == "batches" else ""
        text += f" · {unit}{formats.count(progress.done)} of {formats.count(progress.total)}"
    if state.state == "pausing":
        text = f"Pausing: saving a checkpoint · {text}"
    if state.state == "stopping":
        text = f"Stopping: evaluating the best weights so far · {text}"
    return text


def _who_trains() -> str:
    """Name the run that this one waits for, and where it is if in another workspace."""
    named = []
    for run in (Run(place.path) for place in line() if place.position == 0):
        where = run_facts.elsewhere(run)
        named.append(formats.plain(run_facts.title(run)) + (f" in {where}" if where else ""))
    return f" ({' and '.join(named)} is under way now)" if named else ""


def _outcome(run: Run, state: RunState) -> None:
    if state.state == "created":
        st.info("This run was created but never started.", icon=":material/info:")
        job_status.start("Start it now", partial(launch, run), icon=":material/play_arrow:", primary=True)
        return
    if state.state == "failed":
        st.error(f"**The run failed.** {formats.lines(state.error)}", icon=":material/error:")
        if run.log(last_lines=1):
            st.markdown("The end of its log is at the bottom of this page.")
    elif state.state == "paused":
        st.info("**The run is paused.** The machine is free.", icon=":material/pause_circle:")
    else:
        with st.grid(4, min_column_width=150):
            for label, value, about in _figures(run, state):
                with st.container(gap="xxsmall"):
                    st.metric(label, value)
                    st.caption(about)
    way_on = run.way_on(state)
    if way_on:
        st.markdown(formats.plain(way_on))
    with st.container(horizontal=True):
        if way_on:
            job_status.start("Resume", partial(resume, run), icon=":material/play_arrow:", primary=True)
        if state.state in ("finished", "stopped"):
            _next_steps(run, state, primary=not way_on)
        first = state.state == "failed" and not way_on
        kind = "primary" if first else "secondary"
        frame.page_button("Repeat with changes", frame.TRAIN, {"from": run.id}, type=kind, icon=":material/replay:")
    downloads = Making(run, DOWNLOADS)
    if (making := downloads.state()).live:
        said = job_status.doing(making, downloads.progress())
        st.caption(
            f":material/hourglass_top: The downloads are being made and checked: {said}. You can evaluate and try the "
            "model meanwhile."
        )


def _next_steps(run: Run, state: RunState, *, primary: bool) -> None:
    """Where to go with a model."""
    where, unjudged = {"run": run.id}, state.test is None
    main = "primary" if primary else "secondary"
    frame.page_button("Evaluate it", frame.EVALUATE, where, type=main, icon=":material/fact_check:", disabled=unjudged)
    frame.page_button("Try it", frame.TRY, where, icon=":material/image_search:", disabled=unjudged)
    frame.page_button("Export it", frame.EXPORT, where, icon=":material/download:", disabled=unjudged)


def _figures(run: Run, state: RunState) -> Iterator[tuple[str, str, str]]:
    """What came of it: label, value and what to know about it."""
    if state.test is not None:
        test, of = state.test, state.test.of
        low, high = (formats.figure(of, each, test.unit) for each in (test.low, test.high))
        yield (
            formats.plain(f"Test {of.name}"),
            formats.figure(of, test.value, test.unit),
            f"95 % interval {low} to {high}, {formats.plural(test.n, 'picture')}",
        )
    else:
        yield formats.plain(f"Test {run_facts.task(run)[0].metrics[0].name}"), "–", "not evaluated"
    if state.folds is not None:
        yield formats.plain(f"Cross-validated {state.folds.of.name}"), *run_facts.folds(state.folds)
    yield "Best epoch", str(state.best_epoch or "–"), f"of {len(state.epochs)}; the model has its weights"
    where = run.environment()
    yield (
        ("Duration"),
        formats.duration(state.total_seconds),
        formats.plain((where and where.device) or "on this machine"),
    )
    if state.folds is not None:
        return  # four figures stand in a row
    speeds = state.images_per_second
    yield "Pictures per second", formats.rate(max(speeds.values(), default=0)), "in the fastest phase"


def _steps(state: RunState) -> None:
    """The phases that are done, with their time, and the one at work."""
    done: dict[str, float] = {}
    for phase in state.phases:
        if phase.seconds is not None:  # a run that was taken up again prepares, and so on, more than once
            done[phase.title] = done.get(phase.title, 0.0) + phase.seconds
    said = [
        f":green-badge[:material/check: {formats.plain(title)} · {formats.duration(seconds)}]"
        for title, seconds in done.items()
    ]
    colour, icon = {
        "failed": ("red", "close"),
        "paused": ("gray", "pause"),
        "stopped": ("gray", "stop"),
    }.get(state.state, ("blue", "more_horiz"))
    said += [
        f":{colour}-badge[:material/{icon}: {formats.plain(phase.title)}]"
        for phase in state.phases
        if phase.seconds is None
    ]
    st.markdown(" ".join(said) or ":gray-badge[not started]")


def _notes(run: Run, state: RunState) -> None:
    """What it begins with, what the worker decided or met, and, while it lives, how good the folds say it will be."""
    if state.live and state.folds is not None:
        value, about = run_facts.folds(state.folds)
        st.markdown(f"Cross-validated {formats.plain(state.folds.of.name)}: **{value}** ({about})")
    for note in (*run_facts.beginning(run), *state.notes):
        st.caption(f":material/info: {formats.plain(note)}")


def _curves(run: Run, config: TrainingConfig, state: RunState) -> None:
    if not state.epochs and not state.live:
        st.caption("There are no training curves: the run ended before its first epoch.")
        return
    task, _ = run_facts.task(run)
    headline, *others = task.metrics
    _side_by_side(run, config, state, (headline, LOSS))
    known = [metric for metric in others if any(metric.key in epoch.val_figures for epoch in state.epochs)]
    if known:
        with st.expander("More metrics", icon=":material/show_chart:"):
            for start in range(0, len(known), 2):
                _side_by_side(run, config, state, known[start : start + 2])


def _side_by_side(run: Run, config: TrainingConfig, state: RunState, metrics: Sequence[Metric]) -> None:
    task, unit = run_facts.task(run)
    for column, metric in zip(st.columns(2), metrics, strict=False):
        with column:
            plotly_chart(
                charts.curves(state, config, metric, unit=unit, task=task, revision=run.id),
                key=f"{metric.key}-{run.id}",
                config=charts.CONFIG,
                alt=f"{metric.name} on the training and validation sets by epoch",
            )


def details(run: Run) -> None:
    """The log and the settings, for whoever wants to look under the bonnet."""
    with st.expander("Log and settings", icon=":material/receipt_long:", expanded=run.state().state == "failed"):
        log, settings = st.tabs(["Log", "Settings"])
        log.code(run.log(LOG_LINES) or "The log is empty.", language=None, height=320)
        with settings:
            st.json(run.config.model_dump(mode="json"))
            environment = run.environment()
            if environment is not None:
                st.json(environment.model_dump(mode="json"), expanded=False)
