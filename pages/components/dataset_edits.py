"""Renaming and deleting a dataset; deleting is asked twice."""

from __future__ import annotations

import streamlit as st

from pages.components import run_facts, tables, words
from tlcore.data.dataset import Dataset
from tlcore.errors import GraftError


def menu(dataset: Dataset) -> None:
    """The small menu beside the dataset's name."""
    with st.popover("Edit", icon=":material/more_horiz:"):
        if st.button("Rename …", icon=":material/edit:", type="tertiary", key="dataset-rename"):
            _rename(dataset)
        if st.button("Delete …", icon=":material/delete:", type="tertiary", key="dataset-delete"):
            _delete(dataset)


@st.dialog("Rename the dataset")
def _rename(dataset: Dataset) -> None:
    with st.form("dataset-rename-form", border=False):
        name = st.text_input("Name", dataset.info.name, max_chars=80)
        if st.form_submit_button("Rename", type="primary"):
            try:
                dataset.rename(name)
            except GraftError as error:
                st.error(str(error))
            else:
                st.rerun()


@st.dialog("Delete the dataset?")
def _delete(dataset: Dataset) -> None:
    pictures = words.plural(sum(tables.counts(dataset).values()), "picture")
    st.markdown(
        f"**{run_facts.escape(dataset.info.name)}** and its {pictures} leave this machine's disk. Runs that were "
        "trained with it keep their models and results. This cannot be undone."
    )
    sure = st.checkbox("Yes, delete the pictures too", key=f"sure-{dataset.id}")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", disabled=not sure, icon=":material/delete:"):
            dataset.delete()
            st.query_params.pop("dataset", None)
            st.rerun()
        if st.button("Keep it"):
            st.rerun()
