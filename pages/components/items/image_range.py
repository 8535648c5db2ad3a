"""Which values are black and white in pictures of more than 8 bits: said, and changed."""

from __future__ import annotations

import streamlit as st

from pages.components.shell import formats, tables
from tlcore.data.dataset import Dataset
from tlcore.data.edits.operations import apply
from tlcore.data.edits.types import SetReading
from tlcore.errors import GraftError
from tlcore.items import Reading
from tlcore.modalities.image.pixels import ValueRange
from tlcore.modalities.image.value_counts import measure_range
from tlcore.modalities.image.value_range import as_reading, flagged, range_of, spoken
from tlcore.progress import drain

ABOUT = (
    "All greyscale pictures with more than 8 bits share one value range, so that their brightness is comparable. "
    "Values below it become black, values above it white. If you change it, the pictures look different: existing "
    "runs keep the range they were trained with, and the last check becomes outdated."
)


def show(dataset: Dataset) -> None:
    """Say what the range is, and offer to change it; nothing where no picture has more than 8 bits."""
    deep = int(flagged(tables.items(dataset)).sum())
    if not deep:
        return
    value_range = range_of(dataset.info.reading)
    said = (
        f"Values {formats.plain(spoken(value_range))} are shown as black to white."
        if value_range
        else "Each picture is scaled on its own, so their brightness is not comparable."
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="value-range"):
        have = "has" if deep == 1 else "have"
        st.markdown(f"**{formats.plural(deep, 'picture')}** {have} more than 8 bits. {said}", width="content")
        with st.popover("Value range", icon=":material/contrast:"):
            _form(dataset, value_range)


def told(reading: Reading) -> str:
    """Say which values are black and white; empty where each picture is read by itself."""
    value_range = range_of(reading)
    return f"values {formats.plain(spoken(value_range))}" if value_range else ""


def _form(dataset: Dataset, value_range: ValueRange | None) -> None:
    st.caption(ABOUT)
    low, high = value_range or (0.0, 65535.0)
    step = 1.0 if low == round(low) and high == round(high) else None
    shape = "%.0f" if step else "%.6g"
    key = f"{dataset.id}-{dataset.info.version}"  # another version shows its own numbers
    with st.form(f"range-{key}", border=False):
        left, right = st.columns(2)
        low = left.number_input("Black up to", value=low, step=step, format=shape, key=f"range-low-{key}")
        high = right.number_input("White from", value=high, step=step, format=shape, key=f"range-high-{key}")
        if st.form_submit_button("Set the range", icon=":material/check:", width="stretch"):
            _set(dataset, (float(low), float(high)))
    if st.button("Find it automatically", icon=":material/query_stats:", width="stretch", key=f"range-auto-{key}"):
        _find(dataset, value_range)


def _find(dataset: Dataset, before: ValueRange | None) -> None:
    bar = st.progress(0.0, "Looking at the values")
    try:
        found = drain(
            measure_range(dataset.settling_paths()),
            lambda step: bar.progress(min(1.0, step.done / max(1, step.total)), "Looking at the values"),
        )
    except GraftError as error:
        st.error(formats.lines(error))
        return
    bar.empty()
    if found is None or found == before:
        st.success("The range already fits the pictures.")
    else:
        _set(dataset, found)


def _set(dataset: Dataset, value_range: ValueRange) -> None:
    try:
        apply(dataset, SetReading(reading=as_reading(value_range)))
    except GraftError as error:
        st.error(formats.lines(error))
        return
    st.rerun()
