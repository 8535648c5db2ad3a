"""Labels in and out as a CSV, and the whole dataset as a zip for other programs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from pages.components.shell import formats, tables
from tlcore.data.dataset import Dataset
from tlcore.data.edits.operations import apply
from tlcore.data.edits.relabel_csv import label_changes, relabelling
from tlcore.data.export import hand_out
from tlcore.errors import GraftError
from tlcore.progress import Progress, drain
from tlcore.spreadsheet import as_file, table_as_csv
from tlcore.workspace import slug

FAULT = "labels-fault"
MOST_CSV_MB = 50
MOST_ZIP_BYTES = 500 * 10**6


def show(dataset: Dataset) -> None:
    """Offer the three ways."""
    if fault := st.session_state.pop(FAULT, ""):
        st.error(formats.lines(fault), icon=":material/error:")
    left, right = st.columns(2)
    with left:
        _changes_out(dataset)
    with right:
        _changes_in(dataset)
    _whole(dataset)


def _changes_out(dataset: Dataset) -> None:
    st.subheader("Export label changes", anchor=False)
    changes = label_changes(dataset)
    if changes.empty:
        st.caption("No labels have changed since the import.")
    else:
        new = {"classification": "class", "multilabel": "labels", "regression": "number"}[dataset.info.task]
        st.caption(f"{formats.plural(len(changes), 'picture')} with a changed label: the old and the new {new}.")
    st.download_button(
        "Download as CSV",
        lambda: as_file(table_as_csv(changes)),
        file_name=f"{slug(dataset.info.name)}-label-changes.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        disabled=changes.empty,
    )


def _changes_in(dataset: Dataset) -> None:
    st.subheader("Import label changes", anchor=False)
    st.caption(
        "A CSV with the columns `picture` (name or SHA-256) and `label`. The import is one edit that can be undone."
    )
    if dataset.info.task == "multilabel":
        st.caption("Several labels are joined by `|`; an empty cell removes all labels of a picture.")
    turn = st.session_state.setdefault("labels-turn", 0)
    given = st.file_uploader(
        "CSV of labels", type="csv", key=f"labels-{turn}", label_visibility="collapsed", max_upload_size=MOST_CSV_MB
    )
    if given is None:
        return
    st.session_state["labels-turn"] += 1  # empties the uploader
    try:
        entry = apply(dataset, relabelling(dataset, given.getvalue(), given.name))
    except GraftError as error:
        st.session_state[FAULT] = str(error)
    else:
        st.toast(formats.plain(entry.says), icon=":material/check_circle:")
    st.rerun()


def _whole(dataset: Dataset) -> None:
    st.subheader("Export the whole dataset", anchor=False)
    what = "one folder per class, a table of labels" if dataset.info.task == "classification" else "a table of labels"
    st.caption(
        f"A zip with {what} and a manifest. Excluded pictures are left out. `data "
        "export DATA --format imagefolder` writes the layout that Hugging Face `datasets` reads."
    )
    if not st.button("Prepare the zip", icon=":material/folder_zip:"):
        return
    items = tables.items(dataset)
    size = sum(dataset.image_path(file).stat().st_size for file in items["file"])
    if size > MOST_ZIP_BYTES:
        st.info(
            f"The pictures are {formats.size(size)}: too much to pass through a browser. On this machine, "
            f"{formats.code(f'python -m tlcore data export {dataset.id}')} writes them to the disk.",
            icon=":material/terminal:",
        )
        return
    bar = st.progress(0.0, text="Packing pictures …")

    def advance(step: Progress) -> None:
        bar.progress(step.done / step.total if step.total else 0.0)

    with tempfile.TemporaryDirectory() as folder:
        name = f"{slug(dataset.info.name)}.zip"
        written = drain(hand_out(dataset, "zip", Path(folder) / name), advance)
        bar.empty()
        # Handed to the browser while it lies there: the server keeps what is downloaded, not the folder.
        st.download_button(
            f"Download {formats.size(written.bytes)}",
            written.path.read_bytes(),
            file_name=name,
            mime="application/zip",
            icon=":material/download:",
            type="primary",
            on_click="ignore",
        )
