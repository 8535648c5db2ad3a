"""What is looked at: one dataset, one run. The URL says which; a reload and a second tab show the same."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages.components import words
from tlcore.data.dataset import Dataset, list_datasets
from tlcore.errors import GraftError
from tlcore.runs.run import Run, list_runs
from tlcore.workspace import Workspace


def pick_dataset(workspace: Workspace) -> Dataset | None:
    """Let the person choose a dataset, the newest first; None when there is none."""
    datasets = {dataset.id: dataset for dataset in sorted(list_datasets(workspace), key=_made, reverse=True)}
    chosen = _pick("Dataset", "dataset", {key: _dataset_caption(dataset) for key, dataset in datasets.items()})
    return datasets.get(chosen)


def pick_run(workspace: Workspace, only_finished: bool = True) -> Run | None:
    """Let the person choose a run, the newest first; None when there is none.

    `only_finished` leaves out runs without a judged model: a stopped run has one, a failed run has not.
    """
    runs = {run.id: run for run in list_runs(workspace)}
    captions = {key: _run_caption(run) for key, run in runs.items() if not only_finished or has_model(run)}
    return runs.get(_pick("Run", "run", captions))


def has_model(run: Run) -> bool:
    """Whether the run has come to a model that can be used."""
    return run.model_onnx.exists() and run.labels_json.exists() and run.state().state in {"finished", "stopped"}


def _pick(label: str, name: str, captions: Mapping[str, str]) -> str:
    asked = st.query_params.get(name, "")
    if asked and asked not in captions:
        st.info(f"The {label.lower()} of this link cannot be shown here: it was deleted, or is not ready yet.")
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


def _made(dataset: Dataset) -> str:
    return str(dataset.info.created)


def _dataset_caption(dataset: Dataset) -> str:
    pictures = sum(dataset.counts().values())
    return f"{dataset.info.name} · {words.plural(pictures, 'picture')} · {len(dataset.info.classes)} classes"


def _run_caption(run: Run) -> str:
    try:
        config, state = run.config, run.state()
        about = [run.name if run.name != run.id else run.dataset.name, config.backbone, config.mode]
    except GraftError:
        return run.name
    judged = f"test accuracy {words.percent(state.test.accuracy)}" if state.test else state.state
    return " · ".join([*about, judged, f"{state.started:%d %b %H:%M}" if state.started else ""]).rstrip(" ·")
