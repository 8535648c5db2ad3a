"""Where the model looks: a gallery of heat maps for each class, and one picture by two methods, for any class."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from pages.components.items import find_display, tiles
from pages.components.shell import formats, frame
from pages.components.shell.predictors import predictor
from tlcore.contract import read_contract
from tlcore.data.dataset import Dataset
from tlcore.errors import GraftError
from tlcore.evaluation.error_analysis.files import Understanding
from tlcore.evaluation.feature_map import OpenedModel
from tlcore.modalities import find_modality
from tlcore.modalities.analysis import find_analysis
from tlcore.runs.run import Run

SHOWN = 12
SIDE = 200
LARGE = 360


@frame.fragment
def show(understanding: Understanding, dataset: Dataset) -> None:
    """Show what the maps warn of, whether they can be trusted, a class's maps, and one picture from near."""
    st.subheader("Saliency: where the model looks", anchor=False)
    attention, heats = understanding.attention(), understanding.heats()
    if attention is None or heats is None or heats.rows.empty:
        st.caption("There are no heat maps yet.")
        return
    st.markdown(
        "Orange areas are evidence for the model's prediction (Grad-CAM). Is it the object, or something next to it?"
    )
    for one in attention.classes:
        if one.warning:
            st.warning(formats.plain(one.warning), icon=":material/warning:")
    if attention.trust is not None:
        icon = ":material/verified:" if attention.trust.changes else ":material/warning:"
        st.caption(f"{icon} {formats.plain(attention.trust.says)}")
    run, rows = understanding.run, heats.rows
    classes = [label for label in run.dataset.classes if (rows["label"] == label).any()]
    chosen = st.selectbox("Pictures of", classes, key="heat-class", width=320)
    here = np.flatnonzero((rows["label"] == chosen).to_numpy())[:SHOWN]
    tiles.grid(_tile(run, dataset, rows.iloc[row], heats.maps[row]) for row in here)
    _near(run, dataset, rows.iloc[here])


def _near(run: Run, dataset: Dataset, rows: pd.DataFrame) -> None:
    """One picture, both methods, the answer or any other class."""
    titles = dict(zip(rows["file"], _titles(rows, dataset), strict=True))
    with st.container(horizontal=True):
        file = st.selectbox(
            "Enlarge", list(titles), format_func=lambda key: titles.get(key, key), key="heat-file", width=320
        )
        answer = str(rows.loc[rows["file"] == file, "predicted"].iloc[0])
        labels = [answer, *(label for label in run.dataset.classes if label != answer)]
        label = st.selectbox("Evidence for", labels, key=f"heat-label-{file}", width=240)
    try:
        with st.spinner("Covering the picture patch by patch …"):
            by_gradient, by_covering, agreement, chance = _both(
                str(run.path), run.model_onnx.stat().st_mtime_ns, str(dataset.image_path(str(file))), str(label)
            )
    except (GraftError, ValueError, OSError) as error:
        st.info(formats.lines(error), icon=":material/broken_image:")
        return
    with st.grid(2, min_column_width=240):
        for content, title in (
            (by_gradient, "Grad-CAM: where the evidence is"),
            (by_covering, "Occlusion: what the prediction depends on"),
        ):
            st.image(content, caption=title, width=LARGE, alt=f"{title}, for {label}")
    agree = "agree" if agreement > 0.5 else "partly agree" if agreement > 0.2 else "disagree"
    st.caption(
        f"The model gives “{formats.plain(str(label))}” a probability of {formats.percent(min(chance, 0.999))}. The "
        f"two maps {agree} (rank correlation {agreement:.2f})."
        + ("" if agreement > 0.2 else " Do not rely on either alone.")
    )


@st.cache_resource(max_entries=3, show_spinner="Loading the model …")
def _opened(path: str, stamp: int) -> OpenedModel:
    return OpenedModel.from_run(Path(path))


@st.cache_data(max_entries=64, show_spinner=False)
def _both(path: str, stamp: int, file: str, label: str) -> tuple[bytes, bytes, float, float]:
    """Both maps over the picture, how well they agree, and the class's probability."""
    run = Run(Path(path))
    model, asked = _opened(path, stamp), predictor(run)
    pixels, index = asked.decode(Path(file))["pixels"], model.labels.labels.index(label)
    seen = model.see(pixels)
    explain = import_module(find_analysis(find_modality(model.labels.modality)).explain)
    first, second, agreement = explain.both_maps(model, seen, asked.each, pixels, index)
    drawn = (
        find_display(asked.labels.modality).with_heat(pixels, heat, LARGE, asked.labels) for heat in (first, second)
    )
    return *drawn, agreement, float(seen.outputs[index])


def _tile(run: Run, dataset: Dataset, row: pd.Series, heat: npt.NDArray[np.float16]) -> str:
    try:
        shown = _overlaid(str(run.path), str(dataset.image_path(row["file"])), heat.tobytes(), heat.shape)
    except (OSError, ValueError):
        shown = None
    label, predicted = str(row["label"]), str(row["predicted"])
    display = find_display(dataset.info.modality)
    return str(display.tile(shown, alt=f"heat map of class {label}", caption=tiles.answer(label, predicted)))


@st.cache_data(max_entries=512, show_spinner=False)
def _overlaid(path: str, file: str, heat: bytes, shape: tuple[int, ...]) -> bytes:
    contract, values = read_contract(Path(path)), np.frombuffer(heat, np.float16).reshape(shape)
    return find_display(contract.modality).with_heat(Path(file), values.astype(np.float32), SIDE, contract)


def _titles(rows: pd.DataFrame, dataset: Dataset) -> list[str]:
    return [
        f"{place}: {label}" + ("" if label == answer else f", predicted {answer}")
        for place, (label, answer) in enumerate(zip(rows["label"], rows["predicted"], strict=True), start=1)
    ]
