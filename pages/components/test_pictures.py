"""Test pictures with the model's answers, as a gallery."""

from __future__ import annotations

import base64
import html

import pandas as pd
import streamlit as st

from pages.components import words
from pages.components.theme import BAD, GOOD
from tlcore.data.dataset import Dataset
from tlcore.errors import GraftError

STEP = 12
SIDE = 200
STYLE = f"""
<style>
.answers {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(124px, 1fr)); gap: 14px; }}
.answers figure {{ margin: 0; }}
.answers img, .answers .gone {{ width: 100%; aspect-ratio: 1; object-fit: contain; border-radius: 8px; display: block;
  background: rgba(138,143,152,.14); }}
.answers .gone {{ display: flex; align-items: center; justify-content: center; font-size: .8rem; text-align: center; }}
.answers figcaption {{ font-size: .85rem; line-height: 1.35; margin-top: 6px; overflow-wrap: anywhere; }}
.answers .wrong {{ border-bottom: 2px solid {BAD}; }} .answers .right {{ border-bottom: 2px solid {GOOD}; }}
</style>
"""


def gallery(rows: pd.DataFrame, dataset: Dataset | None, *, key: str, first: int = STEP) -> None:
    """Show the first rows of a table of predictions, and more of them when asked."""
    shown = st.session_state.setdefault(f"{key}-shown", first)
    figures = [
        _figure(file, label, predicted, float(confidence), dataset)
        for file, label, predicted, confidence in rows.head(shown)[
            ["file", "label", "predicted", "confidence"]
        ].itertuples(index=False, name=None)
    ]
    st.html(f'{STYLE}<div class="answers">{"".join(figures)}</div>')
    left = len(rows) - shown
    if left > 0 and st.button(f"Show more ({words.count(left)} left)", key=f"{key}-more"):
        st.session_state[f"{key}-shown"] = shown + 2 * STEP
        st.rerun()


def _figure(file: str, label: str, predicted: str, confidence: float, dataset: Dataset | None) -> str:
    true, answer, name = html.escape(label), html.escape(predicted), html.escape(file)
    content = _thumbnail(dataset, file)
    picture = (
        f'<img src="data:image/jpeg;base64,{content}" alt="a picture of {true}" title="{name}">'
        if content
        else '<div class="gone">the picture is<br>no longer here</div>'
    )
    mark = "right" if label == predicted else "wrong"
    # 99.97 % is not the same as certain.
    sure = words.percent(min(confidence, 0.999), 0 if confidence < 0.99 else 1)
    return (
        f'<figure>{picture}<figcaption><span class="{mark}">{answer}</span>, {sure} sure<br>'
        f'<span style="opacity:.75">truly {true}</span></figcaption></figure>'
    )


def _thumbnail(dataset: Dataset | None, file: str) -> str:
    """A thumbnail in base64; empty where the picture went with its dataset."""
    if dataset is None:
        return ""
    try:
        return base64.b64encode(dataset.thumbnail(file, SIDE)).decode()
    except (GraftError, OSError):
        return ""
