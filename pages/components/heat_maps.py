"""Where the model looks: a gallery of heat maps for each class, and one picture by two methods, for any class."""

from __future__ import annotations

import html
from base64 import b64encode
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st
from PIL import Image

from pages.components import run_facts, words
from pages.components.predictors import predictor
from pages.components.test_pictures import STYLE
from tlcore.data.dataset import Dataset
from tlcore.data.pixels import read_pixels
from tlcore.errors import GraftError
from tlcore.evaluation.heat import grad_cam, likeness, occlusion, over
from tlcore.evaluation.opened import OpenedModel
from tlcore.evaluation.understanding import Understanding
from tlcore.inference.labels import read_labels
from tlcore.runs.run import Run

SHOWN = 12
SIDE = 200
LARGE = 360
Pixels = npt.NDArray[np.uint8]


@st.fragment
def show(understanding: Understanding, dataset: Dataset) -> None:
    """Show what the maps warn of, whether they can be trusted, a class's maps, and one picture from near."""
    st.subheader("Where it looks", anchor=False)
    attention, heats = understanding.attention(), understanding.heats()
    if attention is None or heats is None or heats.rows.empty:
        st.caption("There are no heat maps yet.")
        return
    st.markdown(
        "Orange are the places whose content speaks for the model's answer (Grad-CAM). Is it the object, or something "
        "beside it?"
    )
    for one in attention.classes:
        if one.warning:
            st.warning(run_facts.escape(one.warning), icon=":material/warning:")
    if attention.trust is not None:
        icon = ":material/verified:" if attention.trust.changes else ":material/warning:"
        st.caption(f"{icon} {attention.trust.says}")
    run, rows = understanding.run, heats.rows
    classes = [label for label in run.dataset.classes if (rows["label"] == label).any()]
    chosen = st.selectbox("Pictures of", classes, key="heat-class", width=320)
    here = np.flatnonzero((rows["label"] == chosen).to_numpy())[:SHOWN]
    figures = "".join(_figure(run, dataset, rows.iloc[row], heats.maps[row]) for row in here)
    st.html(f'{STYLE}<div class="answers">{figures}</div>')
    _near(run, dataset, rows.iloc[here])


def _near(run: Run, dataset: Dataset, rows: pd.DataFrame) -> None:
    """One picture, both methods, the answer or any other class."""
    titles = dict(zip(rows["file"], _titles(rows, dataset), strict=True))
    with st.container(horizontal=True):
        file = st.selectbox(
            "From near", list(titles), format_func=lambda key: titles.get(key, key), key="heat-file", width=320
        )
        answer = str(rows.loc[rows["file"] == file, "predicted"].iloc[0])
        labels = [answer, *(label for label in run.dataset.classes if label != answer)]
        label = st.selectbox("What speaks for", labels, key=f"heat-label-{file}", width=240)
    try:
        with st.spinner("Covering the picture part by part …"):
            by_gradient, by_covering, agreement, chance = _both(
                str(run.path), run.model_onnx.stat().st_mtime_ns, str(dataset.image_path(str(file))), str(label)
            )
    except (GraftError, ValueError, OSError) as error:
        st.info(str(error), icon=":material/broken_image:")
        return
    with st.grid(2, min_column_width=240):
        for content, title in (
            (by_gradient, "Grad-CAM: where evidence was found"),
            (by_covering, "Occlusion: what it cannot do without"),
        ):
            st.image(content, caption=title, width=LARGE, alt=f"{title}, for {label}")
    agree = "agree" if agreement > 0.5 else "agree in part" if agreement > 0.2 else "do not agree"
    st.caption(
        f"The model gives “{run_facts.escape(str(label))}” {words.percent(min(chance, 0.999))}. The two maps {agree} "
        f"(rank correlation {agreement:.2f})." + ("" if agreement > 0.2 else " Believe neither blindly.")
    )


@st.cache_resource(max_entries=3, show_spinner="Loading the model …")
def _opened(path: str, stamp: int) -> OpenedModel:
    return OpenedModel.from_run(Path(path))


@st.cache_data(max_entries=64, show_spinner=False)
def _both(path: str, stamp: int, file: str, label: str) -> tuple[Pixels, Pixels, float, float]:
    """Both maps over the picture, how well they agree, and the class's probability."""
    run = Run(Path(path))
    model, asked = _opened(path, stamp), predictor(run)
    pixels, index = asked.pixels(Path(file)), model.labels.labels.index(label)
    seen = model.see(pixels)
    first, second = grad_cam(seen, model.kernel, index), occlusion(asked.each, pixels, index)
    large = np.asarray(Image.fromarray(pixels).resize((LARGE, LARGE), Image.Resampling.BICUBIC))
    return over(large, first), over(large, second), likeness(first, second), float(seen.probabilities[index])


def _figure(run: Run, dataset: Dataset, row: pd.Series, heat: npt.NDArray[np.float16]) -> str:
    true, answer = html.escape(str(row["label"])), html.escape(str(row["predicted"]))
    mark = "right" if row["label"] == row["predicted"] else "wrong"
    try:
        content = _overlaid(str(run.path), str(dataset.image_path(row["file"])), heat.tobytes(), heat.shape)
        picture = f'<img src="data:image/jpeg;base64,{content}" alt="heat map of a picture of {true}">'
    except (OSError, ValueError):
        picture = '<div class="gone">the picture is<br>no longer here</div>'
    return f'<figure>{picture}<figcaption><span class="{mark}">{answer}</span></figcaption></figure>'


@st.cache_data(max_entries=512, show_spinner=False)
def _overlaid(path: str, file: str, heat: bytes, shape: tuple[int, ...]) -> str:
    labels = read_labels(Path(path))
    pixels = read_pixels(Path(file), SIDE, labels.resize)  # the same part of the picture as the model sees
    drawn = over(pixels, np.frombuffer(heat, np.float16).reshape(shape).astype(np.float32))
    stream = BytesIO()
    Image.fromarray(drawn).save(stream, "JPEG", quality=85)
    return b64encode(stream.getvalue()).decode()


def _titles(rows: pd.DataFrame, dataset: Dataset) -> list[str]:
    return [
        f"{place}: {label}" + ("" if label == answer else f", answered {answer}")
        for place, (label, answer) in enumerate(zip(rows["label"], rows["predicted"], strict=True), start=1)
    ]
