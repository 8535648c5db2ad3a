"""One run while it trains and after: what it does, how far it is, its curves, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import streamlit as st

from pages.components import charts, curves_reading, frame, run_facts, words
from tlcore.errors import GraftError
from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import Progress
from tlcore.runs.launch import launch, resume
from tlcore.runs.reading import overfitting_note
from tlcore.runs.run import Run
from tlcore.runs.state import RunState

LOG_LINES = 200
# Every second something is drawn again: nothing may dim meanwhile, and Streamlit's own "Stop" beside ours would
# stop the drawing, not the run.
STEADY = """
<style>
[data-testid="stElementContainer"][data-stale="true"] { opacity: 1 !important; transition: none !important; }
[data-testid="stStatusWidget"] { display: none; }
</style>
"""


def show(run: Run) -> None:
    """Show the run; look again every second for as long as a worker is at it."""
    live = run.state().live
    if live:
        st.html(STEADY)
    # Only what may change is drawn again. When the run ends the whole page is, once: other buttons are due then.
    st.fragment(_watch, run_every="1s" if live else None)(run, live)


def _watch(run: Run, was_live: bool) -> None:
    state, config = run.state(), run.config
    if state.live != was_live:
        st.rerun()
    _headline(run, config, state)
    if state.live:
        _now(run, config, state)
    else:
        _outcome(run, state)
    _curves(run, config, state)
    _steps(state)
    _notes(run, state)
    if not state.live:
        curves_reading.show(run)
    elif note := overfitting_note(state.epochs):
        st.warning(note, icon=":material/trending_up:")


def _headline(run: Run, config: TrainingConfig, state: RunState) -> None:
    about = [run_facts.dataset(run), run_facts.backbone(config), run_facts.mode(config), run_facts.made(run)]
    st.subheader(run_facts.escape(run_facts.title(run)), anchor=False)
    said = " · ".join(run_facts.escape(word) for word in about if word)
    st.markdown(f"{run_facts.badge(state.state)} &nbsp; {said}")


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
        st.metric("Pictures per second", words.rate(progress.images_per_second) if progress else "–")
        st.metric("Time left, about", words.duration(progress.seconds_left) if progress else "–")
        with st.container(gap="xsmall"):
            st.button(
                "Pause",
                key="pause",
                icon=":material/pause:",
                on_click=run.pause,
                disabled=state.state in ("pausing", "stopping"),
                width="stretch",
                help="Keeps where the training stands and frees the machine; Resume goes on as if nothing happened.",
            )
            st.button(
                "Stop",
                key="stop",
                icon=":material/stop:",
                on_click=run.stop,
                disabled=state.state == "stopping",
                width="stretch",
                help="Ends within seconds; the best weights so far are kept and judged.",
            )


def _share(progress: Progress | None) -> float:
    return min(progress.done / progress.total, 1.0) if progress is not None and progress.total else 0.0


def _doing(state: RunState, progress: Progress | None) -> str:
    """What happens at this moment, in one line."""
    if state.state == "waiting":
        ahead = words.plural(state.behind, "run stands", "runs stand") if state.behind else "another run may stand"
        return f"Waiting in line: {ahead} before this one. It begins by itself; this page may be closed."
    text = state.phase.title if state.phase is not None else "Starting: the worker loads what it needs …"
    if progress is not None and progress.total:
        unit = "batch " if progress.unit == "batches" else ""
        text += f" · {unit}{words.count(progress.done)} of {words.count(progress.total)}"
    if state.state == "pausing":
        text = f"Pausing: where the training stands is written down · {text}"
    if state.state == "stopping":
        text = f"Stopping: the best weights so far are kept and judged · {text}"
    return text


def _outcome(run: Run, state: RunState) -> None:
    if state.state == "created":
        st.info("This run was made, but never started.", icon=":material/info:")
        if st.button("Start it now", type="primary", icon=":material/play_arrow:"):
            _begin(run, launch)
        return
    if state.state == "failed":
        st.error(f"**The run failed.** {run_facts.escape(state.error)}", icon=":material/error:")
        st.markdown("The end of its log, at the foot of this page, says more.")
    elif state.state == "paused":
        st.info("**The run is paused.** No worker is at it; the machine is free.", icon=":material/pause_circle:")
    else:
        with st.grid(4, min_column_width=150):
            for label, value, about in _figures(run, state):
                with st.container(gap="xxsmall"):
                    st.metric(label, value)
                    st.caption(about)
    way_on = run.way_on(state)
    if way_on:
        st.markdown(way_on)
    with st.container(horizontal=True):
        if way_on and st.button("Resume", type="primary", icon=":material/play_arrow:"):
            _begin(run, resume)
        if state.state in ("finished", "stopped"):
            _next_steps(run, state, primary=not way_on)
        first = state.state == "failed" and not way_on
        if st.button("Repeat with changes", type="primary" if first else "secondary", icon=":material/replay:"):
            frame.go_to(frame.TRAIN, **{"from": run.id})


def _begin(run: Run, how: Callable[[Run], None]) -> None:
    try:
        with st.spinner("Starting the worker …"):
            how(run)
    except GraftError as error:
        st.error(str(error))
    else:
        st.rerun()


def _next_steps(run: Run, state: RunState, *, primary: bool) -> None:
    """Where to go with a model."""
    unjudged = state.test is None
    main = "primary" if primary else "secondary"
    if st.button("See how good it is", type=main, icon=":material/fact_check:", disabled=unjudged):
        frame.go_to(frame.EVALUATE, run=run.id)
    if st.button("Try it", icon=":material/image_search:", disabled=unjudged):
        frame.go_to(frame.TRY, run=run.id)
    if st.button("Download it", icon=":material/download:", disabled=unjudged):
        frame.go_to(frame.EXPORT, run=run.id)


def _figures(run: Run, state: RunState) -> Iterator[tuple[str, str, str]]:
    """What came of it: label, value and what to know about it."""
    if state.test is not None:
        sure = f"95 % interval {100 * state.test.low:.1f} to {words.percent(state.test.high)}"
        yield "Test accuracy", words.percent(state.test.accuracy), f"{sure}, {words.plural(state.test.n, 'picture')}"
    else:
        yield "Test accuracy", "–", "not judged"
    if state.folds is not None:
        yield "Accuracy over folds", *run_facts.folds(state.folds)
    yield "Best epoch", str(state.best_epoch or "–"), f"of {len(state.epochs)}; its weights are the model"
    where = run.environment()
    yield "Took", words.duration(state.total_seconds), (where and where.device) or "on this machine"
    if state.folds is not None:
        return  # four figures stand in a row
    speeds = state.images_per_second
    yield "Pictures per second", words.rate(max(speeds.values(), default=0)), "in its fastest phase"


def _steps(state: RunState) -> None:
    """The phases that are done, with their time, and the one at work."""
    done: dict[str, float] = {}
    for phase in state.phases:
        if phase.seconds is not None:  # a run that was taken up again prepares, and so on, more than once
            done[phase.title] = done.get(phase.title, 0.0) + phase.seconds
    said = [
        f":green-badge[:material/check: {run_facts.escape(title)} · {words.duration(seconds)}]"
        for title, seconds in done.items()
    ]
    colour, icon = {
        "failed": ("red", "close"),
        "paused": ("gray", "pause"),
        "stopped": ("gray", "stop"),
    }.get(state.state, ("blue", "more_horiz"))
    said += [
        f":{colour}-badge[:material/{icon}: {run_facts.escape(phase.title)}]"
        for phase in state.phases
        if phase.seconds is None
    ]
    st.markdown(" ".join(said) or ":gray-badge[no step has begun]")


def _notes(run: Run, state: RunState) -> None:
    """What it begins with, what the worker decided or met, and, while it lives, how good the folds say it will be."""
    if state.live and state.folds is not None:
        value, about = run_facts.folds(state.folds)
        st.markdown(f"Accuracy over folds: **{value}** ({about})")
    for note in (*run_facts.beginning(run), *state.notes):
        st.caption(f":material/info: {run_facts.escape(note)}")


def _curves(run: Run, config: TrainingConfig, state: RunState) -> None:
    if not state.epochs and not state.live:
        st.caption("There are no curves: it ended before its first epoch.")
        return
    accuracy, loss = st.columns(2)
    for column, measure in ((accuracy, "accuracy"), (loss, "loss")):
        column.plotly_chart(
            charts.curves(state, config, measure, revision=run.id),
            key=f"{measure}-{run.id}",
            config=charts.CONFIG,
            alt=f"{measure} on training and validation pictures over the epochs",
        )


def details(run: Run) -> None:
    """The log and the settings, for whoever wants to look under the bonnet."""
    with st.expander("Log and settings", icon=":material/receipt_long:", expanded=run.state().state == "failed"):
        log, settings = st.tabs(["Log", "Settings"])
        log.code(run.log(LOG_LINES) or "Nothing was written.", language=None, height=320)
        with settings:
            st.json(run.config.model_dump(mode="json"))
            environment = run.environment()
            if environment is not None:
                st.json(environment.model_dump(mode="json"), expanded=False)
