"""The models that answer on the Try page: loaded once, the last few kept.

ONNX Runtime alone; TensorFlow is never imported by the interface.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from tlcore.inference.predictor import Predictor
from tlcore.runs.run import Run

KEPT = 3


def predictor(run: Run) -> Predictor:
    """The run's own model. It is read anew when the file changes."""
    return _load(str(run.path), run.model_onnx.stat().st_mtime_ns)


@st.cache_resource(max_entries=KEPT, show_spinner="Loading the model …")
def _load(path: str, stamp: int) -> Predictor:
    return Predictor.from_run(Path(path))
