"""The history of a dataset: undo and redo, every edit with its before and after, two versions compared."""

from __future__ import annotations

import html
from collections.abc import Callable

import pandas as pd
import streamlit as st

from pages.components.items import find_display, item_edits, item_grid
from pages.components.shell import formats, frame, tables, task_words
from tlcore.data.dataset import Dataset
from tlcore.data.edits import operations
from tlcore.data.edits.operations import Entry
from tlcore.data.edits.types import Made, Redo, SetReading, Undo
from tlcore.errors import GraftError
from tlcore.spreadsheet import as_file, table_as_csv
from tlcore.tasks import find_task

MOST_SHOWN = 24
LATEST = 25
WHAT = {"group": "group", "state": "state", "picture": "picture"}


def bar(dataset: Dataset) -> None:
    """Undo, redo, and what was done last with its before and after; nothing until there is an edit."""
    item_edits.tell_fault()
    past = tables.past(dataset)
    if past.undo is None and past.redo is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="history-bar"):
        undo_and_redo(dataset)
        if past.undo is not None:
            st.markdown(formats.plain(past.undo.says), width="content")
            if st.button("Before and after", icon=":material/compare:", key="last-edit"):
                _closer(dataset, past.undo)
        st.page_link(frame.HISTORY, label="History", icon=":material/history:", query_params={"dataset": dataset.id})


def undo_and_redo(dataset: Dataset) -> None:
    """The two buttons, with the keys that people expect."""
    past = tables.past(dataset)
    for title, key, entry, step in (
        ("Undo", "Mod+Z", past.undo, operations.undo),
        ("Redo", "Mod+Shift+Z", past.redo, operations.redo),
    ):
        sentence = formats.plain(entry.says) if entry else f"There is nothing to {title.lower()}."
        icon = f":material/{title.lower()}:"
        if st.button(title, icon=icon, shortcut=key, key=title.lower(), disabled=entry is None, help=sentence):
            _do(lambda step=step: step(dataset))


def _do(change: Callable[[], object]) -> None:
    """Make a change and draw the page again; a fault is told on the way."""
    try:
        change()
    except GraftError as error:
        st.session_state[item_edits.FAULT] = str(error)
    st.rerun()


@st.dialog("Before and after", width="medium")
def _closer(dataset: Dataset, entry: Entry) -> None:
    st.text(entry.says)
    before_and_after(dataset, entry)


def before_and_after(dataset: Dataset, entry: Entry) -> None:
    """The pictures that an edit changed, each with what it was and what it became."""
    if isinstance(entry.change, SetReading):
        _other_readings(dataset, entry)
        return
    table = tables.compared(dataset, entry.version - 1, entry.version)
    differences(dataset, table)


def _other_readings(dataset: Dataset, entry: Entry) -> None:
    """Some items as they were read before an edit, and after it."""
    table, settling, display = tables.items(dataset), dataset.modality.settling, find_display(dataset.info.modality)
    if settling is None:
        return
    files = table.loc[settling.concerns(table), "file"].head(MOST_SHOWN // 6)
    readings = (operations.reading_at(dataset, entry.version - 1), operations.reading_at(dataset, entry.version))
    for title, reading in zip(("Before", "After"), readings, strict=True):
        if told := display.told(reading):
            st.caption(f"{title}: {told}")
            item_grid.show(dataset, files, [""] * len(files), reading)


def differences(dataset: Dataset, table: pd.DataFrame) -> None:
    """The first rows of a comparison as pictures, with `was → is` below each."""
    if table.empty:
        st.caption("No picture differs.")
        return
    shown = table.head(MOST_SHOWN)
    several = dataset.info.task == "multilabel"
    captions = [
        html.escape(" → ".join(_written(text, several=several and what == "label") for text in (was, now)))
        for what, was, now in zip(shown["what"], shown["was"], shown["is"], strict=True)
    ]
    item_grid.show(dataset, shown["file"], captions)
    if len(table) > len(shown):
        st.caption(f"The first {formats.count(len(shown))} of {formats.plural(len(table), 'difference')}.")


def _written(text: str, *, several: bool) -> str:
    """Write what an item was or is; several labels are separated as everywhere on the pages."""
    return ", ".join(find_task("multilabel").names(text)) or "no label" if several else text or "none"


def timeline(dataset: Dataset) -> None:
    """Every version, the newest first, with its name and what made it."""
    entries = list(reversed(tables.past(dataset).entries))
    if len(entries) > LATEST and not st.toggle(f"Show all {formats.plural(len(entries), 'version')}"):
        entries = entries[:LATEST]
    asked = st.query_params.get("version", "")
    for entry in entries:
        with st.container(border=True, gap="small", key=f"version-{entry.version}"):
            _line(dataset, entry, opened=asked == str(entry.version))


def _line(dataset: Dataset, entry: Entry, *, opened: bool) -> None:
    is_edit = not isinstance(entry.change, Made | Undo | Redo)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":gray-badge[{entry.version}]", width="content")
        said = formats.plain(entry.says)
        st.markdown(f"~~{said}~~ &nbsp; :gray-badge[undone]" if entry.undone else said, width="content")
        if entry.name:
            st.markdown(f":green-badge[:material/bookmark: {formats.plain(entry.name)}]", width="content")
        st.space("stretch")
        st.caption(formats.moment(entry.at), width="content")
        with st.popover("", icon=":material/bookmark_add:", help="Give this version a name"):
            _name(dataset, entry)
        if is_edit:
            key = f"open-{dataset.id}-{entry.version}"
            shown = st.toggle("Before and after", value=opened, key=key)
    if is_edit and shown:
        before_and_after(dataset, entry)


def _name(dataset: Dataset, entry: Entry) -> None:
    with st.form(f"name-version-{entry.version}", border=False):
        name = st.text_input("Name of the version", entry.name, max_chars=80, placeholder="before cleaning")
        if st.form_submit_button("Save", width="stretch"):
            _do(lambda: operations.name_version(dataset, entry.version, name))


def comparison(dataset: Dataset) -> None:
    """Two versions side by side: how many pictures differ in what, which, and all of it as CSV."""
    entries = {entry.version: entry for entry in tables.past(dataset).entries}
    versions = list(reversed(entries))
    left, right = st.columns(2)
    with left:
        first = _version("From", "from", versions, entries, versions[-1])
    with right:
        second = _version("To", "to", versions, entries, versions[0])
    table = tables.compared(dataset, first, second)
    counted = table["what"].value_counts()
    words = {**WHAT, "label": task_words.one(dataset.info)}
    said = [f"{words[str(what)]} of {formats.plural(int(number), 'picture')}" for what, number in counted.items()]
    st.markdown(f"**Different:** {', '.join(said) or 'nothing'}.")
    if table.empty:
        return
    differences(dataset, table)
    st.download_button(
        "Download as CSV",
        lambda: as_file(table_as_csv(table)),
        file_name=f"{dataset.id}-{first}-to-{second}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _version(label: str, name: str, versions: list[int], entries: dict[int, Entry], default: int) -> int:
    asked = st.query_params.get(name, "")
    key = f"compare-{name}"
    chosen = int(asked) if asked.isdecimal() and int(asked) in entries else default

    def follow() -> None:
        st.query_params[name] = str(st.session_state[key])

    st.session_state[key] = chosen  # the URL leads, the widget follows
    st.selectbox(label, versions, key=key, format_func=lambda version: _title(entries.get(version)), on_change=follow)
    return chosen


def _title(entry: Entry | None) -> str:
    if entry is None:
        return ""
    name = f" “{entry.name}”" if entry.name else ""
    return f"{entry.version}{name} · {entry.says}"
