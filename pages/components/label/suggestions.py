"""What the inbox asks next, computed once for a stretch of answers and kept for every tab."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from pages.components.shell import formats, predictors, run_facts
from pages.components.shell.pickers import has_model
from tlcore.data.inbox import Inbox
from tlcore.errors import WeightsError
from tlcore.labelling.suggestions import Model, Suggestion, suggest
from tlcore.runs.run import Run, list_runs
from tlcore.workspace import Workspace

PROBE = ""
# The probe learns anew after so many answers: often enough to be seen, seldom enough not to be waited for.
TURN = 5


@dataclass
class _Kept:
    """The latest round of questions of one inbox, and every question of earlier ones, for answers taken back."""

    key: tuple[Any, ...] = ()
    found: list[Suggestion] = field(default_factory=list)
    asked: dict[str, Suggestion] = field(default_factory=dict)


def choose_source(workspace: Workspace, inbox: Inbox) -> Run | None:
    """Let the person choose who suggests; None for the probe. Not asked where there is no run of this dataset."""
    if inbox.dataset.info.task == "regression":
        return None  # numbers are suggested by the probe alone
    runs = {run.id: run for run in list_runs(workspace) if run.dataset.id == inbox.dataset.id and has_model(run)}
    if not runs:
        return None
    titles = {
        PROBE: "Linear probe, trained on your labels",
        **{key: run_facts.title(run) for key, run in runs.items()},
    }
    chosen = st.selectbox(
        "Suggestions by", list(titles), format_func=lambda key: titles[key], key=f"suggest-{inbox.dataset.id}"
    )
    return runs.get(str(chosen))


def find(workspace: Workspace, inbox: Inbox, answers: int, run: Run | None) -> list[Suggestion]:
    """The pictures to ask about next; `answers` is how many lines the inbox has, of any kind."""
    stamp = inbox.items_file.stat().st_mtime_ns
    key = (inbox.dataset.info.version, stamp, answers // TURN, run.id if run else PROBE)
    kept = _kept(str(inbox.path))
    if kept.key != key:
        model = Model(run.id, predictors.predictor(run)) if run else None
        try:
            kept.found = _drained(workspace, inbox, model)
        except WeightsError as error:
            st.warning(f"There are no suggestions: {formats.plain(error)}", icon=":material/lightbulb_circle:")
            return _plain(inbox)
        kept.key = key
        kept.asked |= {one.sha256: one for one in kept.found}
    return kept.found


def once_more(inbox: Inbox, sha: str) -> Suggestion | None:
    """The question about a picture whose answer was taken back; None where it is no longer in the inbox."""
    return _kept(str(inbox.path)).asked.get(sha) or next((one for one in _plain(inbox) if one.sha256 == sha), None)


def _plain(inbox: Inbox) -> list[Suggestion]:
    """Every picture, in the order in which they came, without a suggestion."""
    columns = (inbox.items()[name] for name in ("sha256", "file", "source"))
    return [Suggestion(sha, file, source, ()) for sha, file, source in zip(*columns, strict=True)]


def _drained(workspace: Workspace, inbox: Inbox, model: Model | None) -> list[Suggestion]:
    """Show how far it is only where it takes long, so that nothing jumps after every few answers."""
    bar = st.empty()
    steps = suggest(inbox, workspace, model)
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            bar.empty()
            found: list[Suggestion] = end.value
            return found
        if step.total > TURN:
            said = f"{step.note} · {formats.count(step.done)} of {formats.count(step.total)}"
            if step.seconds_left is not None and step.done:
                said += f" · {formats.duration(step.seconds_left)} left"
            bar.progress(min(1.0, step.done / step.total), text=formats.plain(said))


@st.cache_resource(max_entries=8, show_spinner=False)
def _kept(path: str) -> _Kept:
    return _Kept()
