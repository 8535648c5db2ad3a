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
    """The run's own model. It is read anew when the file, or what its classes are called, changes."""
    return _load(str(run.path), max(path.stat().st_mtime_ns for path in (run.model_onnx, run.contract_json)))


@st.cache_resource(max_entries=KEPT, show_spinner="Loading the model …")
def _load(path: str, stamp: int) -> Predictor:
    return Predictor.from_run(Path(path))
