"""The inbox on the page: pictures in, one question after the other, and on to the dataset.

It knows what is shown and heard. It does not know which picture is asked about next: `suggestions` does. The browser's
half is `inbox.js`.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.items import find_display
from pages.components.label import label_history, suggestions
from pages.components.shell import formats, frame, task_words, upload
from pages.components.shell.theme import class_colours
from pages.components.shell.upload import Source
from tlcore.data.dataset import Dataset
from tlcore.data.inbox import Answer, Inbox, standing
from tlcore.errors import GraftError
from tlcore.labelling.suggestions import Suggestion
from tlcore.progress import drain
from tlcore.tasks import find_task
from tlcore.tasks.multilabel.labels import join
from tlcore.workspace import Workspace

HERE = Path(__file__).parent
DRAFT, FAULT = "inbox-draft", "inbox-fault"
SIDE = 640
# More than a person answers while the probe learns anew.
AHEAD = 16
METHOD = (
    "The pictures that the linear probe is least certain about come first, chosen to be diverse (BADGE, Ash et al., "
    "2020). The probe is a linear classifier on features of the bundled backbone, retrained after every five "
    "answers."
)

_SUGGESTS = {"classification": "a class", "multilabel": "the labels", "regression": "a number"}
_CHANGES = {
    "classification": "a digit chooses another class",
    "multilabel": "a digit adds a label or removes it",
    "regression": "**N** goes to the field for another number",
}

_mount = st.components.v2.component(
    "graft.inbox",
    html='<div class="desk"></div>',
    css=(HERE / "inbox.css").read_text(),
    js=(HERE / "inbox.js").read_text(),
)


def show(workspace: Workspace, dataset: Dataset) -> None:
    """Show the inbox of a dataset."""
    inbox = Inbox(dataset)
    if fault := st.session_state.pop(FAULT, ""):
        st.error(formats.lines(fault), icon=":material/error:")
    if DRAFT in st.session_state:
        _put(workspace, inbox)
        return
    if inbox.items().empty:
        _empty(workspace, inbox)
        return
    desk(workspace, inbox)
    with st.expander("Add pictures to the inbox", icon=":material/add_photo_alternate:"):
        _offer(workspace, inbox)
    with st.expander("How the pictures are selected", icon=":material/help:"):
        st.markdown(METHOD)
        if st.button(
            "Empty the inbox", icon=":material/delete:", help="Pictures already added to the dataset stay there."
        ):
            inbox.discard()
            st.rerun()


def _empty(workspace: Workspace, inbox: Inbox) -> None:
    holding = standing(inbox.answers())
    given = label_history.labels(holding)
    if given:
        st.success(
            f"**The inbox is empty.** Labels given here so far: {formats.count(len(given))}.",
            icon=":material/check_circle:",
        )
        label_history.figures(inbox, holding, waiting=0)
        where = {"dataset": inbox.dataset.id}
        frame.page_button("Train a model", frame.TRAIN, where, type="primary", icon=":material/model_training:")
        st.subheader("More pictures without a class", anchor=False)
    else:
        st.markdown(
            f"**Drop unlabelled pictures here.** Graft asks about the most informative ones first and suggests "
            f"{_SUGGESTS[inbox.dataset.info.task]} of _{formats.plain(inbox.dataset.info.name)}_ for each. **Enter** "
            f"accepts, {_CHANGES[inbox.dataset.info.task]}, **S** skips."
        )
    _offer(workspace, inbox)


def _offer(workspace: Workspace, inbox: Inbox) -> None:
    try:
        source = upload.choose(workspace, f"inbox-{inbox.dataset.id}", with_sample=False, captions=upload.UNLABELLED)
    except GraftError as error:
        st.session_state[FAULT] = str(error)
        st.rerun()
    if source is not None:
        st.session_state[DRAFT] = source
        st.rerun()


def _put(workspace: Workspace, inbox: Inbox) -> None:
    source: Source = st.session_state[DRAFT]
    bar = st.progress(0.0, text="Looking through the files …")
    st.button("Cancel", on_click=_forget)
    try:
        if source.path is None:
            raise GraftError("Drop a zip, a folder or pictures.")
        with closing(inbox.put(workspace, source.path)) as steps:
            report = drain(steps, lambda step: bar.progress(step.done / step.total if step.total else 0.0))
    except GraftError as error:
        st.session_state[FAULT] = str(error)
    else:
        st.toast(f"{formats.plural(report.kept, 'picture')} in the inbox", icon=":material/inbox:")
        if report.left_out:
            first = report.left_out[0]
            left_out = formats.plural(len(report.left_out), "file")
            st.session_state[FAULT] = f"{left_out} left out, for example {first.source}: {first.reason}"
    _forget()
    st.rerun()


def _forget() -> None:
    source = st.session_state.pop(DRAFT, None)
    if source is not None:
        source.discard()


# === The desk ===


@frame.fragment
def desk(workspace: Workspace, inbox: Inbox) -> None:
    """Ask, hear, and show how far it is. An answer runs nothing but this."""
    answers, items = inbox.answers(), inbox.items()
    holding = standing(answers)
    here = set(items["sha256"])
    waiting = len(here - set(holding))
    ready = sum(said.kind == "label" and sha in here for sha, said in holding.items())
    aside = sum(said.kind == "skip" and sha in here for sha, said in holding.items())
    run = suggestions.choose_source(workspace, inbox)
    if waiting:
        found = suggestions.find(workspace, inbox, len(answers), run)
        _ask(inbox, [one for one in found if one.sha256 not in holding], answers, undoable=bool(ready or aside))
    else:
        then = (
            (f"{formats.plural(ready, 'picture')} with a class can be added now.")
            if ready
            else "The others were skipped."
        )
        st.success(f"**You have seen every picture.** {then}", icon=":material/check_circle:")
    with st.container(horizontal=True, vertical_alignment="center"):
        _join(workspace, inbox, ready, primary=not waiting)
        if aside and st.button(f"Show again: {aside} skipped", icon=":material/replay:", key="inbox-aside"):
            inbox.bring_back()
            st.rerun()
    label_history.figures(inbox, holding, waiting=waiting)


def _join(workspace: Workspace, inbox: Inbox, ready: int, *, primary: bool) -> None:
    title = f"Add {formats.plural(ready, 'labelled picture')} to the dataset" if ready else "Add to the dataset"
    kind = "primary" if primary and ready else "secondary"
    # A key of its own: the words count along with the answers, and a click on the ones before would be lost.
    if st.button(title, type=kind, icon=":material/library_add:", disabled=not ready, key="inbox-join"):
        try:
            joined = inbox.join(workspace)
        except GraftError as error:
            st.session_state[FAULT] = str(error)
        else:
            st.toast(f"{formats.plural(joined.kept, 'picture')} added to the dataset", icon=":material/check_circle:")
        st.rerun()


def _ask(inbox: Inbox, queue: list[Suggestion], answers: list[Answer], *, undoable: bool) -> None:
    info, key = inbox.dataset.info, f"desk-{inbox.dataset.id}"
    names = find_task(info.task).names
    labels = [name for said in label_history.labels(standing(answers)) for name in names(said.label)]
    classes = list(dict.fromkeys([*info.classes, *labels, *(label for one in queue for label, _ in one.chances)]))
    colours = class_colours(classes, info.colours)
    if answers and answers[-1].kind == "back" and (first := suggestions.once_more(inbox, answers[-1].sha256)):
        queue = [first, *(one for one in queue if one != first)]  # what was taken back is asked about first
    _mount(
        key=key,
        data={
            "task": info.task,
            "valueTitle": task_words.value_title(info),
            "unit": info.unit,
            "queue": [_question(inbox, one) for one in queue[:AHEAD]],
            "classes": [{"label": label, "colour": colours[label]} for label in classes],
            "heard": st.session_state.get(f"{key}-heard", 0),
            "undoable": undoable,
        },
        on_said_change=lambda: _hear(inbox, key),
    )


def _question(inbox: Inbox, one: Suggestion) -> dict[str, Any]:
    name = one.source.replace("\\", "/").rsplit("/", 1)[-1]
    try:
        content = inbox.thumbnail(one.file, SIDE)
    except (GraftError, OSError):
        return {"id": one.sha256, "url": "", "name": f"{name} can no longer be read", "chances": []}
    url = find_display(inbox.dataset.info.modality).serve(content, f"inbox-{one.file}")
    question = {"id": one.sha256, "url": url, "name": name, "chances": [list(chance) for chance in one.chances]}
    task = inbox.dataset.info.task
    if task == "multilabel":
        question["labels"] = list(find_task(task).names(one.answer or ""))
    elif task == "regression":
        question["value"] = one.answer or ""
    return question


def _hear(inbox: Inbox, key: str) -> None:
    """Write answers down in their order, each once, however often the browser sends it."""
    said = st.session_state.get(key, {}).get("said")  # said once more, it may come when the desk is cleared
    heard, task = st.session_state.get(f"{key}-heard", 0), inbox.dataset.info.task
    here = set(inbox.items()["sha256"])
    for one in said if isinstance(said, list) else []:
        if not isinstance(one, dict) or not isinstance(one.get("n"), int) or one["n"] <= heard:
            continue
        heard, sha, label = one["n"], one.get("id"), str(one.get("label") or "").strip()
        if one.get("do") == "back":
            inbox.take_back()
        elif sha in here and one.get("do") == "skip":
            inbox.skip(str(sha))
        elif sha in here and task == "multilabel":
            inbox.label(str(sha), _joined(one.get("labels")), suggested=_joined(one.get("suggestedLabels")))
        elif sha in here and label:
            number = task == "regression" and "." not in label
            try:
                inbox.label(
                    str(sha),
                    label.replace(",", ".") if number else label,
                    suggested=str(one.get("suggested") or ""),
                )
            except GraftError as error:  # what was typed is no number: the picture is asked about once more
                st.session_state[FAULT] = str(error)
    st.session_state[f"{key}-heard"] = heard


def _joined(labels: Any) -> str:
    """The labels that the browser sent, as one text."""
    return join(str(label).strip() for label in labels if str(label).strip()) if isinstance(labels, list) else ""
