"""What is looked at: one dataset, one run. The URL says which; a reload and a second tab show the same."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages.components.shell import formats, frame, job_status, run_facts, tables
from tlcore.data.dataset import Dataset, list_datasets
from tlcore.data.info import DatasetInfo
from tlcore.errors import GraftError
from tlcore.runs.events import Evaluated
from tlcore.runs.run import Run, list_runs
from tlcore.tasks import find_task
from tlcore.workspace import Workspace


def pick_dataset(workspace: Workspace) -> Dataset | None:
    """Let the person choose a dataset, the newest first; None when there is none."""
    datasets = {dataset.id: dataset for dataset in list_datasets(workspace)}
    chosen = _pick("Dataset", "dataset", {key: _dataset_caption(dataset) for key, dataset in datasets.items()})
    return datasets.get(chosen)


def pick_run(workspace: Workspace, *, searching: bool = False) -> Run | None:
    """Let the person choose a run with an evaluated model, the newest first; None when there is none.

    With `searching` also one that still looks for a better model than it has.
    """
    runs = {run.id: run for run in list_runs(workspace)}
    captions = {
        key: _run_caption(run) for key, run in runs.items() if has_model(run) or (searching and still_searches(run))
    }
    return runs.get(_pick("Run", "run", captions))


def has_model(run: Run) -> bool:
    """Whether the run has come to a model that can be used: a stopped run has one, a failed run has not."""
    return _has_files(run) and run.state().state in {"finished", "stopped"}


def still_searches(run: Run) -> bool:
    """Whether Auto has a model and is not at its end."""
    if not _has_files(run):
        return False
    state = run.state()
    return state.live and state.leader is not None and state.test is None


def _has_files(run: Run) -> bool:
    return run.model_onnx.exists() and run.contract_json.exists()


def no_model(workspace: Workspace, purpose: str) -> None:
    """Say why there is no model to `purpose` yet, and offer the step that leads to one."""
    runs = list_runs(workspace)
    live = next((run for run in runs if run.state().live), None)
    if live is not None:
        frame.empty_state(
            ":material/hourglass_top:",
            "A model is being trained",
            f"When the run has finished, you can {purpose} here.",
            action="Watch it",
            target=frame.RUNS,
            run=live.id,
        )
    elif runs:
        frame.empty_state(
            ":material/error:",
            "No finished run yet",
            f"To {purpose}, you need a finished run. The list of runs shows what happened to the last one.",
            action="Open the list of runs",
            target=frame.RUNS,
            run=runs[0].id,
        )
    elif list_datasets(workspace):
        frame.empty_state(
            ":material/model_training:",
            "No model yet",
            f"Train one first; then you can {purpose} here. The default settings are a good start.",
            action="Train a model",
            target=frame.TRAIN,
        )
    else:
        frame.empty_state(
            ":material/photo_library:",
            "No model yet",
            f"A model learns from labelled pictures. Import some, train a model, then {purpose} here.",
            action="Add pictures",
            target=frame.DATA,
        )


def _pick(label: str, name: str, captions: Mapping[str, str]) -> str:
    asked = st.query_params.get(name, "")
    if asked and asked not in captions:
        st.info(f"The {label.lower()} in this link cannot be shown: it was deleted, or it is not ready yet.")
    if not captions:
        return ""
    chosen = asked if asked in captions else next(iter(captions))
    key = f"pick-{name}"

    def follow() -> None:
        st.query_params[name] = st.session_state[key]

    # The URL leads and the widget follows: the other way round, a link would lose against an old widget state.
    st.session_state[key] = chosen
    st.selectbox(label, list(captions), format_func=lambda key: captions.get(key, key), key=key, on_change=follow)
    return chosen


def _dataset_caption(dataset: Dataset) -> str:
    info = dataset.info
    try:
        items = formats.plural(len(tables.items(dataset)), "picture")
    except GraftError as error:
        items = str(error)
    return f"{info.name} · {items} · {_answers(info)}"


def _answers(info: DatasetInfo) -> str:
    """What each picture is labelled with: classes, labels, or a value with its unit."""
    task = find_task(info.task)
    if not task.few:
        value = info.value_name or "a number"
        return f"{value} ({info.unit})" if info.unit else value
    classes = len(info.classes)
    return formats.plural(classes, "class", "classes") if task.few > 1 else formats.plural(classes, "label")


def _judged(test: Evaluated) -> str:
    shown = formats.figure(test.of, test.value, test.unit)
    return f"{shown} right" if test.metric == "accuracy" else f"{formats.plain(test.of.short)} {shown}"


def _run_caption(run: Run) -> str:
    try:
        state = run.state()
        judged = _judged(state.test) if state.test else job_status.STATES[state.state][0]
        return " · ".join([run_facts.title(run), run_facts.dataset(run), judged, run_facts.made(run)]).rstrip(" ·")
    except GraftError:
        return run.name
