"""How often the test part that a run was judged on has been seen, in a sentence beside the result."""

from __future__ import annotations

import streamlit as st

from pages.components.shell import formats
from tlcore.data.dataset import Dataset
from tlcore.data.split.file import read_draw
from tlcore.data.test_usage import MANY, read_looks, sentence


def show(dataset: Dataset, draw: int, *, accuracy: float | None = None, items: int = 0) -> None:
    """Say it; `draw` is the draw of the test part that the run was judged on, 0 for runs of long ago.

    The accuracy, of so many pictures, says by how much a choice may flatter; other metrics have no such rule.
    """
    if not draw:
        return
    looks = len(read_looks(dataset, draw))
    said = formats.plain(sentence(looks, accuracy=accuracy, items=items))
    now = read_draw(dataset)
    if now is not None and now.draw != draw:
        st.warning(
            f"{said} The test set has been redrawn since, so this result cannot be compared with those of later runs.",
            icon=":material/casino:",
        )
    elif looks >= MANY:
        st.warning(said, icon=":material/visibility:")
    else:
        st.caption(f":material/visibility: {said}")
