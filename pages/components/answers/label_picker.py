"""Which label is looked at: the URL says it, as `label`, its place among the labels."""

from __future__ import annotations

import streamlit as st

from pages.components.answers.judged import Judged


def pick(judged: Judged, key: str) -> int:
    """Let a person choose a label; the one with the lowest average precision where the URL names none."""
    evaluation = judged.evaluation
    asked = st.query_params.get("label", "")
    known = asked.isascii() and asked.isdigit() and int(asked) < len(evaluation.labels)
    place = int(asked) if known else _hardest(judged)

    def follow() -> None:
        st.query_params["label"] = str(st.session_state[key])

    # The URL leads and the widget follows.
    st.session_state[key] = place
    st.selectbox(
        "Label", range(len(evaluation.labels)), format_func=evaluation.labels.__getitem__, key=key, on_change=follow
    )
    return place


def _hardest(judged: Judged) -> int:
    found = [
        (each.figures["average_precision"].value, place)
        for place, each in enumerate(judged.evaluation.per_label)
        if each.support and "average_precision" in each.figures
    ]
    return min(found)[1] if found else 0
