"""The draft of a sweep: what to try, how often, and about how long that will take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from pydantic.fields import FieldInfo

from pages.components.shell import formats
from pages.components.shell.fields import ABOUT, FIELDS, metric_words
from tlcore.backbones.catalogue import CATALOGUE, suitable, usual_backbone
from tlcore.backbones.weights import weights_state
from tlcore.data.dataset import Dataset
from tlcore.errors import Problem
from tlcore.runs.recommend import made_for
from tlcore.sweeps.config import Depth, Point, SweepConfig, grid, most_trials
from tlcore.sweeps.estimate import estimate
from tlcore.tasks import Task
from tlcore.tasks.task import LOSS
from tlcore.workspace import Workspace

DEPTHS: dict[Depth, str] = {
    0: "freeze",
    1: "last block",
    2: "last 2 blocks",
    3: "last 3 blocks",
    5: "last 5 blocks",
    "all": "every block",
}
RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)
FIRST_BACKBONES = 3


def key(field: str) -> str:
    """The widget of a field."""
    return f"sweep-{field}"


def _of_input(modality: str) -> tuple[str, ...]:
    """Name the input settings that each backbone has its own of."""
    usual = usual_backbone(modality)
    return tuple(made_for(usual)) if usual else ()


def begin(workspace: Workspace, modality: str, task: Task) -> None:
    """Fill the draft with good choices, once for a session; what does not suit the dataset gives way."""
    fit = {entry.key: entry for entry in suitable(modality, task.key)}
    ready = [name for name, entry in fit.items() if weights_state(entry, workspace).where != "missing"]
    small = sorted(ready, key=lambda name: fit[name].parameters)[:FIRST_BACKBONES]
    defaults = SweepConfig(dataset="")
    chosen: dict[str, Any] = {
        **{field: getattr(defaults, field) for field in ("trials", "epochs", "seed")},
        **dict.fromkeys(_of_input(modality)),
        "backbones": small or list(fit)[:1],
        "depths": list(defaults.depths),
        "rates": [],
    }
    for field, value in chosen.items():
        st.session_state.setdefault(key(field), value)
    if not set(st.session_state[key("backbones")]) <= set(fit):
        st.session_state[key("backbones")] = chosen["backbones"]
    if st.session_state.get(key("target_metric")) not in metric_words(task):
        st.session_state[key("target_metric")] = task.metrics[0].key


def draft(dataset: Dataset) -> SweepConfig:
    """The choices as they stand in the widgets; a field that was emptied has its default."""
    values = {
        field: st.session_state[key(field)]
        for field in (*SweepConfig.model_fields, *_of_input(dataset.info.modality))
        if key(field) in st.session_state
    }
    given = {field: value for field, value in values.items() if value is not None}
    lists = {field: tuple(given.pop(field)) for field in ("backbones", "depths", "rates")}
    return SweepConfig(dataset=dataset.id, **lists, **given)


def show(workspace: Workspace, modality: str, task: Task, faults: Sequence[Problem]) -> None:
    """Draw the fields, each with its faults."""
    of_input = _of_input(modality)

    def told(field: str) -> None:
        for fault in faults:
            if fault.field == field:
                st.markdown(f":red[:material/error: {formats.plain(fault.message)}]")

    st.multiselect(
        _about("backbones").title or "",
        [entry.key for entry in suitable(modality, task.key)],
        format_func=lambda name: _backbone(workspace, name),
        key=key("backbones"),
        persist_state="session",
        help=_about("backbones").description,
    )
    told("backbones")
    st.pills(
        _about("depths").title or "",
        list(DEPTHS),
        format_func=DEPTHS.__getitem__,
        selection_mode="multi",
        key=key("depths"),
        persist_state="session",
        help=_about("depths").description,
    )
    told("depths")
    st.pills(
        "Learning rates (none: a range is searched)",
        list(RATES),
        format_func=lambda rate: f"{rate:g}",
        selection_mode="multi",
        key=key("rates"),
        persist_state="session",
        help=_about("rates").description,
    )
    told("rates")
    words = metric_words(task)
    metrics = {metric.key: words[metric.key] for metric in (*task.metrics, LOSS)}
    left, middle, right = st.columns(3)
    with left:
        _number("trials")
        told("trials")
    with middle:
        _number("epochs")
        told("epochs")
    with right:
        st.selectbox(
            _about("target_metric").title or "",
            list(metrics),
            format_func=metrics.__getitem__,
            key=key("target_metric"),
            persist_state="session",
            help=_about("target_metric").description,
        )
    with st.expander("Advanced", icon=":material/tune:"):
        left, right = st.columns(2)
        with left:
            for field in of_input:
                _number(field, "each its own")
        with right:
            _number("seed")
    for field in of_input:
        told(field)
    for fault in faults:
        if fault.field not in {"backbones", "depths", "rates", "trials", "epochs", *of_input}:
            st.markdown(f":red[:material/error: {formats.plain(fault.message)}]")


def plan(workspace: Workspace, config: SweepConfig, items: int) -> str:
    """Say what will be tried and about how long it takes, as Markdown."""
    points, trials = len(grid(config)), most_trials(config)
    combinations = formats.plural(points, "combination")
    if config.rates and trials == points:
        said = f"{formats.plural(trials, 'trial')}: every combination once."
    elif trials > points:
        said = (
            f"{formats.plural(trials, 'trial')}: the {combinations} at the recommended rates, then {trials - points} "
            "at rates that the search finds promising."
        )
    elif trials == points:
        said = f"{formats.plural(trials, 'trial')}: the {combinations} at the recommended rates."
    else:
        said = f"{formats.plural(trials, 'trial')}, chosen from {combinations} by the results of earlier trials."
    return f"{said} {_time(workspace, config, items)}"


def _time(workspace: Workspace, config: SweepConfig, items: int) -> str:
    found = estimate(workspace, config, items)
    if found.seconds is None:
        return "There is no time estimate yet: most of it was never trained on this machine."
    rest = f" Not known yet: {_named(found.unknown)}." if found.unknown else ""
    return f"At most about **{formats.duration(found.seconds)}**, estimated from earlier runs on this machine.{rest}"


def _named(points: Sequence[Point]) -> str:
    return formats.plain(", ".join(dict.fromkeys(CATALOGUE[point.backbone].title for point in points)))


def _backbone(workspace: Workspace, name: str) -> str:
    entry = CATALOGUE[name]
    where = "" if weights_state(entry, workspace).where != "missing" else ", to be downloaded"
    return f"{entry.title} · {entry.download_megabytes:.0f} MB{where}"


def _about(field: str) -> FieldInfo:
    return SweepConfig.model_fields.get(field) or ABOUT[field]


def _number(field: str, empty: str = "") -> None:
    # No bounds here: the library says what fits, in a sentence.
    about = _about(field)
    st.number_input(
        about.title or field,
        value=None,
        step=int(FIELDS[field].step) if field in FIELDS else 1,
        key=key(field),
        help=about.description,
        placeholder=empty or f"{about.default:g}",
        persist_state="session",
    )
