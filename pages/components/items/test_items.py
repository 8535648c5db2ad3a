"""Test pictures with the model's answers, as a gallery."""

from __future__ import annotations

import html

import pandas as pd
import streamlit as st

from pages.components.items import image
from pages.components.shell import formats
from tlcore.data.dataset import Dataset
from tlcore.errors import GraftError

STEP = 12
SIDE = 200


def gallery(rows: pd.DataFrame, dataset: Dataset | None, *, key: str, first: int = STEP) -> None:
    """Show the first rows of a table of predictions, and more of them when asked."""
    shown = st.session_state.setdefault(f"{key}-shown", first)
    tiles = [
        _tile(file, label, predicted, float(confidence), dataset)
        for file, label, predicted, confidence in rows.head(shown)[
            ["file", "label", "predicted", "confidence"]
        ].itertuples(index=False, name=None)
    ]
    image.grid(tiles)
    left = len(rows) - shown
    if left > 0 and st.button(f"Show more ({formats.count(left)} left)", key=f"{key}-more"):
        st.session_state[f"{key}-shown"] = shown + 2 * STEP
        st.rerun()


def _tile(file: str, label: str, predicted: str, confidence: float, dataset: Dataset | None) -> str:
    # 99.97 % is not the same as certain.
    sure = formats.percent(min(confidence, 0.999), 0 if confidence < 0.99 else 1)
    return image.tile(
        _thumbnail(dataset, file),
        alt=f"a picture of {label}",
        title=file,
        caption=f"{image.answer(label, predicted)}, confidence {sure}<br>"
        f'<span style="opacity:.75">true class {html.escape(label)}</span>',
    )


def _thumbnail(dataset: Dataset | None, file: str) -> str:
    """The address of a thumbnail; empty where the picture went with its dataset."""
    if dataset is None:
        return ""
    try:
        return image.address(dataset.thumbnail(file, SIDE))
    except (GraftError, OSError):
        return ""
