"""A model's answers for many pictures as a table: what each shows, how sure that is, and what the answer is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.components.items import find_display
from pages.components.shell import formats
from pages.components.try_ import predictions
from tlcore.errors import GraftError
from tlcore.inference.batch import Answered, contents, counts
from tlcore.inference.predictions_csv import Said

PER_PAGE, SIDE = 50, 96
ROW, HEADER, MOST_HEIGHT = 64, 36, 560  # pixels
ICONS: dict[Said, str] = {
    "sure": "✓", "predicted": "✓", "not sure": "?",
    "none of these": "∅", "out of distribution": "∅", "cannot be read": "✗",
}  # fmt: skip
EMPTY: dict[str, str] = {
    "sure": "No prediction reaches this confidence. Lower the threshold.",
    "not sure": "Every prediction reaches this confidence. Raise the threshold to see the least certain ones here.",
    "none of these": "No picture is flagged as out of distribution.",
    "out of distribution": "No picture is flagged as out of distribution.",
    "predicted": "Every picture is out of distribution, or cannot be read.",
    "cannot be read": "Every picture could be read.",
}
CONFIDENCE = {
    "classification": "The model's probability for its prediction.",
    "multilabel": "The confidence of the least certain decision: the smallest, over the labels, of the probability "
    "that the label is there, where it was given, or is not there.",
}
SAYS = {
    **dict.fromkeys(
        ("classification", "multilabel"),
        "✓ sure: at or above the confidence threshold. ? not sure: below it. ∅ out of distribution: unlike the "
        "training pictures. ✗ cannot be read.",
    ),
    "regression": "✓ predicted. ∅ out of distribution: unlike the training pictures, so the value means little. "
    "✗ cannot be read.",
}


def show(answered: Answered, source: Path, worth: list[Said], *, sent: int, value_range: Any = None) -> list[int]:
    """Show the table with its filters; return the places of the pictures that are ticked.

    What was ticked is forgotten when `sent` changes, as it is in another view. Pictures of more than 8 bits are shown
    in the model's `value_range`.
    """
    kind = _kind(worth, answered.contract.task)
    rows = np.array([place for place, each in enumerate(worth) if not kind or each == kind], dtype=np.int64)
    if not len(rows):
        st.caption(EMPTY[kind])
        return []
    pages = -(-len(rows) // PER_PAGE)
    with st.container(horizontal=True, vertical_alignment="center"):
        doubtful = st.toggle("Least sure first", key="many-order") if answered.contract.classes else False
        page = st.pagination(pages, key=f"many-page-{kind}-{pages}") if pages > 1 else 1
    if doubtful:
        rows = rows[np.argsort(answered.confidence[rows], kind="stable")]
    shown = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
    small = _thumbnails(
        str(source), tuple(answered.names[row] for row in shown), answered.contract.modality, value_range
    )
    picked = _table(answered, small, shown, worth, f"{kind}-{doubtful}-{page}-{sent}")
    return [int(shown[place]) for place in picked if place < len(shown)]


def _kind(worth: list[Said], task: str) -> str:
    counted = counts(worth, task)
    titles = {"": f"All {formats.count(len(worth))}"} | {
        each: f"{ICONS[each]} {each} {formats.count(number)}" for each, number in counted.items()
    }
    kind: str = st.pills(
        "Show", list(titles), format_func=lambda key: titles.get(key, key), default="", required=True,
        key="many-kind", label_visibility="collapsed",
    )  # fmt: skip
    return kind


def _table(answered: Answered, small: list[str], shown: np.ndarray, worth: list[Said], view: str) -> list[int]:
    names, contract = [answered.names[row] for row in shown], answered.contract
    replies = [answered.replies[row] for row in shown]
    good = [reply is not None for reply in replies]
    percent = 100 * answered.confidence
    table = pd.DataFrame(
        {
            "picture": small,
            "answer": ["–" if reply is None else predictions.answer_text(reply, contract) for reply in replies],
            "confidence": [float(percent[row]) if ok else None for row, ok in zip(shown, good, strict=True)],
            "interval": ["" if reply is None else predictions.ends_text(reply, contract) for reply in replies],
            "says": [f"{ICONS[worth[row]]} {worth[row]}" for row in shown],
            "file": names,
            "why": [answered.errors[row] for row in shown],
        }
    )
    how_sure = "confidence" if contract.classes else "interval"
    columns = ["picture", "answer", how_sure, "says", "file", *(["why"] if not all(good) else [])]
    event = st.dataframe(
        table,
        column_order=columns,
        column_config={
            "picture": find_display(contract.modality).column("picture"),
            "confidence": st.column_config.ProgressColumn(
                "confidence",
                min_value=0,
                max_value=100,
                format="%.1f %%",
                width=150,
                help=CONFIDENCE.get(contract.task),
            ),
            "interval": st.column_config.TextColumn(
                "prediction interval",
                help=f"Should hold the true value of {contract.decision.coverage:.0%} of pictures.",
            ),
            "says": st.column_config.TextColumn("says", width=140, help=SAYS[contract.task]),
            "file": st.column_config.TextColumn("file", width="medium"),
            "why": st.column_config.TextColumn("why it cannot be read", width="medium"),
        },
        row_height=ROW,
        height=min(MOST_HEIGHT, HEADER + ROW * len(shown) + 2),
        hide_index=True,
        width="stretch",
        on_select="rerun",
        selection_mode="multi-row",
        key=f"many-table-{view}",
        placeholder="",
    )
    return list(event["selection"]["rows"])


@st.cache_data(max_entries=32, show_spinner=False)
def _thumbnails(source: str, names: tuple[str, ...], modality: str, value_range: Any) -> list[str]:
    """Small pictures as addresses that hold them; empty where one cannot be read."""
    try:
        small = find_display(modality).small
        return [small(content, SIDE, value_range) for content in contents(Path(source), names)]
    except GraftError:
        return [""] * len(names)
