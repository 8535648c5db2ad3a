"""What is recommended for these pictures, and why: a card on the Train page."""

from __future__ import annotations

import streamlit as st

from pages.components.shell import draft, formats
from pages.components.shell.fields import Field
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.data.dataset import Dataset
from tlcore.runs.recommend import Recommendation, recommend

SUMMED_UP = ("mode", "budget")


@st.cache_data(max_entries=32, show_spinner=False)
def recipe(dataset_id: str, version: int, backbone: str, _dataset: Dataset) -> Recommendation:
    """The recipe for a dataset as it is now; an edit makes another version of it."""
    return recommend(_dataset, CATALOGUE[backbone])


def card(found: Recommendation, changed: list[str], fields: dict[str, Field]) -> None:
    """Say what is recommended, why, and how much of it is followed."""
    with st.container(border=True, gap="small"):
        st.markdown("**:material/auto_awesome: Recommended for these pictures**")
        sums = [
            formats.plain(fields[each.field].said(each.value)).capitalize()
            for each in found.advice
            if each.field in SUMMED_UP
        ]
        st.markdown(" · ".join(sums))
        with st.expander("Why", icon=":material/lightbulb:"):
            st.markdown("\n".join(_line(fields[each.field], each.value, each.reason) for each in found.advice))
        if not changed:
            st.caption("The form uses these values. You can change any of them; changes are marked.")
            return
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            asked = [fields[field] for field in changed]
            names = ", ".join(about.label.partition(" (")[0].lower() for about in asked)
            st.caption(f":material/edit: {formats.plural(len(changed), 'setting is', 'settings are')} yours: {names}.")
            st.button(
                "Back to recommended",
                icon=":material/undo:",
                key=draft.key("back"),
                on_click=draft.reset,
                width="content",
            )


def _line(about: Field, value: object, reason: str) -> str:
    return f"- {about.label.partition(' (')[0]}: **{formats.plain(about.said(value))}**. {formats.plain(reason)}"
