"""Renaming, packing and deleting a dataset; deleting is asked twice."""

from __future__ import annotations

import streamlit as st

from pages.components.shell import formats, frame, packing, tables, task_words
from tlcore.data.dataset import Dataset


def menu(dataset: Dataset) -> None:
    """The small menu beside the dataset's name."""
    with st.popover("Edit", icon=":material/more_horiz:", key="dataset-menu"):
        with st.form("dataset-rename", border=False):
            name = st.text_input("Name", dataset.info.name, max_chars=80, key=f"name-{dataset.id}")
            if st.form_submit_button("Rename", icon=":material/edit:", width="stretch"):
                dataset.rename(name)
                st.rerun()
        st.page_link(
            frame.LABEL,
            label="Change the task",
            icon=":material/tune:",
            query_params={"dataset": dataset.id, "way": "task"},
        )
        packing.download_dataset(dataset)
        _delete(dataset)


def _delete(dataset: Dataset) -> None:
    sure = f"sure-{dataset.id}"
    if not st.session_state.get(sure):
        st.button(
            "Delete",
            key=f"delete-{dataset.id}",
            icon=":material/delete:",
            on_click=_set,
            args=(sure, True),
            width="stretch",
        )
        return
    noun = task_words.noun(dataset.info)
    items = formats.plural(len(tables.items(dataset)), noun.one, noun.many)
    st.warning(f"This deletes its {items}. Runs keep their models and results. This cannot be undone.")
    if st.button("Delete for good", key=f"really-{dataset.id}", icon=":material/delete_forever:", width="stretch"):
        dataset.delete()
        st.query_params.pop("dataset", None)
        st.rerun()
    st.button("Keep it", key=f"keep-{dataset.id}", on_click=_set, args=(sure, False), width="stretch")


def _set(key: str, value: bool) -> None:
    st.session_state[key] = value
