"""What the augmentations do to the user's own pictures, drawn by the very function that training uses."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

from tlcore.data.augment import augment
from tlcore.data.dataset import Dataset
from tlcore.data.pixels import read_pixels
from tlcore.runs.config import TrainingConfig

SIDE = 144
PICTURES, VARIANTS = 3, 4
STYLE = """
<style>
.preview { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 6px; max-width: 640px; }
.preview img { width: 100%; aspect-ratio: 1; border-radius: 6px; display: block; }
.preview span { font-size: 0.8rem; opacity: 0.75; align-self: end; }
.preview span:nth-child(2) { grid-column: span 4; }
.preview img:nth-of-type(5n + 1) { outline: 2px solid rgba(138, 143, 152, 0.6); outline-offset: 1px; }
</style>
"""


def show(dataset: Dataset, names: Sequence[str], policy: str, draw: int) -> None:
    """Show some pictures as they are and as training may see them; `draw` chooses other chances."""
    pictures = [_pixels(str(dataset.image_path(file)), policy) for file in _some(dataset.id, dataset)]
    cells = ["<span>as it is</span>", "<span>as training may see it</span>"]
    for place, pixels in enumerate(pictures):
        cells.append(_image(pixels, "as it is"))
        for variant in range(VARIANTS):
            rng = np.random.default_rng([draw, place, variant])
            cells.append(_image(augment(pixels, names, rng) if names else pixels, ", ".join(names) or "unchanged"))
    st.html(f'{STYLE}<div class="preview">{"".join(cells)}</div>')


def examples(dataset: Dataset, config: TrainingConfig, key: str) -> None:
    """Show what the settings do to some pictures, and other examples on demand; `key` counts them in the session."""
    draw = st.session_state.setdefault(key, 0)
    show(dataset, config.augment, config.resize, draw)
    if config.augment and st.button("Show other examples", icon=":material/casino:", type="tertiary"):
        st.session_state[key] = draw + 1
        st.rerun()


@st.cache_data(max_entries=16, show_spinner=False)
def _some(dataset_id: str, _dataset: Dataset) -> list[str]:
    """One picture of each of the first classes."""
    items = _dataset.items()
    return items.groupby("label", sort=True)["file"].first().head(PICTURES).tolist()


@st.cache_data(max_entries=64, show_spinner=False)
def _pixels(path: str, policy: str) -> np.ndarray:
    return read_pixels(path, SIDE, policy)


def _image(pixels: np.ndarray, title: str) -> str:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=85)
    content = base64.b64encode(stream.getvalue()).decode()
    return f'<img src="data:image/jpeg;base64,{content}" alt="{html.escape(title)}" title="{html.escape(title)}">'
