"""Items of a dataset in a grid, each with a caption or with a model's answer below it."""

from __future__ import annotations

import html
from collections.abc import Iterable

import pandas as pd
import streamlit as st

from pages.components.items import find_display, tiles
from pages.components.shell import formats
from tlcore.data.dataset import Dataset
from tlcore.items import Reading

STEP = 12
SIDE = 200


def show(
    dataset: Dataset | None, files: Iterable[str], captions: Iterable[str], reading: Reading | None = None
) -> None:
    """Show items, each with HTML for its caption; without their dataset the captions are all there is.

    The `reading` is that of a run or of a version.
    """
    if dataset is None:
        tiles.grid(tiles.figure(tiles.GONE, caption) for caption in captions)
        return
    display = find_display(dataset.info.modality)
    tiles.grid(
        display.tile(display.thumbnail(dataset, file, SIDE, reading), alt=file, title=file, caption=caption)
        for file, caption in zip(files, captions, strict=True)
    )


def with_answers(rows: pd.DataFrame, dataset: Dataset | None, *, key: str, first: int = STEP) -> None:
    """Show the first rows of a table of predictions, and more of them when asked."""
    number = st.session_state.setdefault(f"{key}-shown", first)
    shown = rows.head(number)
    answers = zip(shown["label"], shown["predicted"], shown["confidence"], strict=True)
    show(dataset, shown["file"], [_caption(*answer) for answer in answers])
    left = len(rows) - number
    if left > 0 and st.button(f"Show more ({formats.count(left)} left)", key=f"{key}-more"):
        st.session_state[f"{key}-shown"] = number + 2 * STEP
        st.rerun()


def _caption(label: str, predicted: str, confidence: float) -> str:
    # 99.97 % is not the same as certain.
    sure = formats.percent(min(confidence, 0.999), 0 if confidence < 0.99 else 1)
    return (
        f"{tiles.answer(label, predicted)}, confidence {sure}<br>"
        f'<span style="opacity:.75">true class {html.escape(label)}</span>'
    )
