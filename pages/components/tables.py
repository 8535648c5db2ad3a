"""A dataset's tables, read from the disk once for each version of the file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from tlcore.data.dataset import Dataset


def items(dataset: Dataset) -> pd.DataFrame:
    """Every picture of the dataset. Shared between sessions: never change it."""
    return _items(str(dataset.path), _stamp(dataset.path / "items.parquet"))


def triage(dataset: Dataset) -> pd.DataFrame:
    """What became of every file that was given. Shared between sessions: never change it."""
    return _triage(str(dataset.path), _stamp(dataset.path / "triage.parquet"))


def counts(dataset: Dataset) -> dict[str, int]:
    """The number of pictures of each class, in the order of the classes."""
    counted = items(dataset)["label"].value_counts()
    return {label: int(counted.get(label, 0)) for label in dataset.info.classes}


# cache_resource, not cache_data: a table of 20,000 pictures is read, not copied, for every session.
@st.cache_resource(max_entries=16, show_spinner=False)
def _items(path: str, stamp: int) -> pd.DataFrame:
    return Dataset(Path(path)).items()


@st.cache_resource(max_entries=4, show_spinner=False)
def _triage(path: str, stamp: int) -> pd.DataFrame:
    return Dataset(Path(path)).triage()


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
