"""The check of a dataset: what it does, how far it is, how it ended. What it found is shown by `findings`."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages.components.check import findings, learning_curve
from pages.components.shell import check_results, formats, job_status, tables
from tlcore.data.dataset import Dataset, list_datasets
from tlcore.health.check import Check, CheckInfo
from tlcore.jobs.launch import launch
from tlcore.jobs.state import JobState
from tlcore.modalities import find_modality
from tlcore.tasks import find_task
from tlcore.workspace import Workspace


def looks_for(dataset: Dataset) -> str:
    """What the check looks for, as a list: it depends on the modality and on the task."""
    info = dataset.info
    modality, task = find_modality(info.modality), find_task(info.task)
    checks, noun = modality.checks, modality.noun
    label = "class" if task.probe == "class" else "label"
    classes = task.class_metric is not None
    lines = {
        f"**Near-duplicates** ({checks.copies}), including those on both sides of a split": checks.copies,
        f"**Labels that look wrong**, according to a model that has not seen the {noun.one}": True,
        checks.faults: checks.faults,
        f"**Shortcuts**: a {label} given away by its {checks.traits}": checks.traits and classes,
        "**Classes** that are imbalanced, hard to tell apart, or really two; outliers within a class": label == "class",
        f"**Labels** that few {noun.many} have, and outliers": task.probe == "labels",
        f"**Outliers**, {noun.many} unlike all others": task.probe == "number",
        f"**Whether more {noun.many} would help**{', and of which class' if classes else ''}": True,
    }
    return "\n".join(f"- {line}" for line, wanted in lines.items() if wanted)


def show(workspace: Workspace, dataset: Dataset) -> None:
    """Show what there is: the way to start, the check at work, or what it found."""
    check = Check(dataset)
    state = check.state()
    if state.live:
        job_status.watch(
            f"The {find_modality(dataset.info.modality).noun.many} are being checked",
            check,
            goes_on="It continues when this page is closed. The previous results stay until it is done.",
            help="What was computed so far is kept; the next check continues from there.",
            key="stop-check",
        )
        return
    _ended(workspace, dataset, check, state)
    info = check.info()
    if info is None:
        if state.state == "created":
            _first(workspace, dataset)
        return
    _facts(workspace, dataset, check, info)
    findings.show(dataset)
    if not st.query_params.get("kind"):
        learning_curve.show(dataset)


def _first(workspace: Workspace, dataset: Dataset) -> None:
    number = len(tables.items(dataset))
    with st.container(border=True):
        st.markdown("### :material/health_and_safety: Check this dataset")
        st.markdown("A model learns from mistakes in the data as well. The check looks for:")
        st.markdown(looks_for(dataset))
        st.markdown(
            f"It computes features of {formats.plural(number, 'picture')} once and keeps them for training, so it "
            f"takes about as long as preparing a run{_experience(workspace)}. You can leave this page while it runs. "
            "The check changes nothing: you decide what to do about each finding."
        )
        _start(workspace, dataset, "Check the pictures", primary=True)


def _experience(workspace: Workspace) -> str:
    """How long the latest check on this machine took; empty where there was none."""
    infos = [info for dataset in list_datasets(workspace) if (info := Check(dataset).info())]
    if not infos:
        return ""
    last = max(infos, key=lambda info: info.at)
    return f" (the last check took {formats.duration(last.seconds)} for {formats.plural(last.items, 'picture')})"


def _start(workspace: Workspace, dataset: Dataset, title: str, *, primary: bool = False) -> None:
    begin = partial(launch, Check(dataset), workspace)
    job_status.start(title, begin, icon=":material/health_and_safety:", primary=primary, key="start-check")


def _ended(workspace: Workspace, dataset: Dataset, check: Check, state: JobState) -> None:
    """Say how the last check ended, where that was not well."""
    if state.state == "failed":
        job_status.failed("The check failed.", state.error, check)
    elif state.state == "stopped":
        st.info(
            "The check was stopped. What was computed so far is kept; the next check continues from there.",
            icon=":material/info:",
        )
    else:
        return
    _start(workspace, dataset, "Check again", primary=True)


def _facts(workspace: Workspace, dataset: Dataset, check: Check, info: CheckInfo) -> None:
    """The numbers of the last check, and whether it is still about the dataset as it is."""
    if st.query_params.get("kind"):
        return
    ended_well = check.state().state == "finished"
    stale = check.stale()
    if stale and ended_well:
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            settled = len(check_results.findings(dataset)) - len(check_results.left(dataset))
            done = f" {formats.plural(settled, 'finding')} settled since." if settled else ""
            st.markdown(
                ":material/update: The pictures, their labels, the task or the value range have changed since this "
                f"check.{done} Check again to see what is left. It is quick, because the computed features are kept.",
                width="stretch",
            )
            _start(workspace, dataset, "Check again")
    noun, metric = find_modality(dataset.info.modality).noun, check.task().metrics[0]
    with st.grid(4, min_column_width=150):
        st.metric(f"{noun.many.capitalize()} checked", formats.count(info.items), border=True)
        st.metric("Findings left", formats.count(len(check_results.left(dataset))), border=True)
        shown = "–" if info.score is None else formats.plain(metric.shown(info.score.value, dataset.info.unit))
        st.metric(f"Linear probe: {metric.short}", shown, border=True, help=_of_probe(dataset, info))
        st.metric("Duration", formats.duration(info.seconds), border=True)
    for note in info.notes:
        st.caption(f":material/info: {formats.plain(note)}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Checked {formats.moment(info.at)}, dataset version {info.version}.", width="content")
        if ended_well and not stale:
            _start(workspace, dataset, "Check again")


def _of_probe(dataset: Dataset, info: CheckInfo) -> str:
    """What the figure of the probe means, and how sure it is."""
    noun, metric = find_modality(dataset.info.modality).noun, Check(dataset).task().metrics[0]
    said = f"Of a linear probe, cross-validated: each {noun.one} is predicted by a model that has not seen it."
    if info.score is not None and info.score.low < info.score.high:
        low, high = (formats.plain(metric.shown(end, dataset.info.unit)) for end in (info.score.low, info.score.high))
        said += f" 95 % confidence interval {low} to {high}."
    return f"{metric.explains} {said}"
