"""What the augmentations do to the user's own pictures, drawn by the very function that training uses."""

from __future__ import annotations

import streamlit as st

from pages.components.items import find_display
from tlcore.data.dataset import Dataset
from tlcore.runs.config import TrainingConfig


def examples(dataset: Dataset, config: TrainingConfig, key: str) -> None:
    """Show what the settings do to some pictures, and other examples on demand; `key` counts them in the session."""
    draw = st.session_state.setdefault(key, 0)
    find_display(dataset.info.modality).preview(dataset, config, draw)
    if config.augment and st.button("Show other examples", icon=":material/casino:", type="tertiary"):
        st.session_state[key] = draw + 1
        st.rerun()
