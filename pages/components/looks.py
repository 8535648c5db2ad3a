"""How often the test part that a run was judged on has been seen, in a sentence beside the result."""

from __future__ import annotations

import streamlit as st

from tlcore.data.dataset import Dataset
from tlcore.data.looks import MANY, read_looks, sentence
from tlcore.data.parts import read_draw
from tlcore.evaluation.metrics import Evaluation


def show(dataset: Dataset, draw: int, evaluation: Evaluation) -> None:
    """Say it; `draw` is the draw of the test part that the run was judged on, 0 for runs of long ago."""
    if not draw:
        return
    looks = len(read_looks(dataset, draw))
    said = sentence(looks, accuracy=evaluation.accuracy, pictures=evaluation.n)
    now = read_draw(dataset)
    if now is not None and now.draw != draw:
        st.warning(
            f"{said} It has been drawn anew since: this result cannot be compared with those of later runs.",
            icon=":material/casino:",
        )
    elif looks >= MANY:
        st.warning(said, icon=":material/visibility:")
    else:
        st.caption(f":material/visibility: {said}")
