"""One picture and what the model says of it: the pixels it saw, its likeliest classes as bars, the time it took."""

from __future__ import annotations

import html
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import streamlit as st

from pages.components.shell import formats
from pages.components.shell.theme import BAD, GOOD, class_colours
from tlcore.inference.predictor import Predictor, top

if TYPE_CHECKING:
    from numpy.typing import NDArray

BARS = 5
STYLE = """
<style>
.answer { display: grid; grid-template-columns: minmax(5.2rem, 3fr) 3fr 4.2rem; gap: 0.3rem 0.6rem; align-items: center;
  font-size: 0.88rem; }
.answer .label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.answer .track { background: rgba(138, 143, 152, 0.18); border-radius: 0.3rem; height: 0.75rem; overflow: hidden; }
.answer .bar { height: 100%; border-radius: 0.3rem; }
.answer .share { text-align: right; font-variant-numeric: tabular-nums; }
.answer .first { font-weight: 600; }
[class*="st-key-seen"] img { aspect-ratio: 1; width: 100%; border-radius: 0.4rem; image-rendering: pixelated; }
[class*="st-key-seen"] [data-testid="stImageCaption"], [class*="st-key-seen"] [data-testid="stImageCaption"] p {
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
</style>
"""


@dataclass(frozen=True)
class Asked:
    """A picture that was put to the model; `error` says why it could not be read.

    `truth` is its class where it is known; `unfamiliarity` is above 1 where it is unlike the training pictures, None
    where the model does not say; seconds are those of reading the file and of the model. `source` is what was read.
    """

    name: str
    pixels: NDArray[np.uint8] | None = None
    probabilities: NDArray[np.float32] | None = None
    truth: str = ""
    error: str = ""
    reading_seconds: float = 0.0
    model_seconds: float = 0.0
    unfamiliarity: float | None = None
    source: Path | bytes | BinaryIO = b""


Below = Callable[[Asked, str, int], None]


def ask(predictor: Predictor, source: Path | bytes | BinaryIO, name: str, truth: str = "") -> Asked:
    """Turn one picture into pixels as training did, and ask the model."""
    began = time.perf_counter()
    try:
        pixels = predictor.pixels(source)
    except (OSError, ValueError) as error:
        return Asked(name, truth=truth, error=str(error), source=source)
    read = time.perf_counter()
    ((probabilities, unfamiliarity),) = predictor.each_scored(pixels[None])
    done = time.perf_counter()
    return Asked(name, pixels, probabilities, truth, "", read - began, done - read, unfamiliarity, source)


def cards(asked: list[Asked], predictor: Predictor, *, below: Below | None = None) -> None:
    """Show a card for each picture, and how long they took.

    `below` adds to a card; it is given the picture, its answer and its place.
    """
    st.html(STYLE)
    answered = [one for one in asked if one.probabilities is not None]
    if answered:
        size = predictor.labels.image_size
        reading = 1000 * float(np.median([one.reading_seconds for one in answered]))
        model = 1000 * float(np.median([one.model_seconds for one in answered]))
        st.caption(
            f"{formats.plural(len(answered), 'picture')} as the model sees {'them' if len(answered) > 1 else 'it'}, "
            f"{size} × {size} pixels · {reading + model:.3g} ms per picture: {reading:.2g} ms to read, {model:.2g} ms "
            "for the model, on one core of this machine"
        )
    with st.grid("auto", min_column_width=230, gap="small"):
        for place, one in enumerate(asked):
            _card(one, predictor, place, below)


def _card(one: Asked, predictor: Predictor, place: int, below: Below | None) -> None:
    with st.container(border=True, gap="small", height="stretch"):
        if one.pixels is None or one.probabilities is None:
            st.error(
                f"**{formats.plain(one.name)}** cannot be used. {formats.plain(one.error)}",
                icon=":material/broken_image:",
            )
            return
        with st.container(key=f"seen-{place}", gap=None):
            st.image(
                one.pixels,
                caption=formats.plain(one.name),
                width="stretch",
                alt=one.name,
            )
        best = top(one.probabilities, predictor.labels, n=BARS)
        _bars(best, predictor.labels.labels)
        if one.unfamiliarity is not None and one.unfamiliarity > 1:
            st.caption(
                ":orange[:material/help:] Out of distribution: this picture is unlike the training pictures, so do "
                "not rely on the prediction."
            )
        if one.truth:
            right = best[0][0] == one.truth
            colour, icon = (GOOD, "✓") if right else (BAD, "✗")
            said = "right" if right else f"wrong: it is {one.truth}"
            st.html(f'<span style="color:{colour};font-size:0.88rem">{icon} {html.escape(said)}</span>')
        elif best[0][1] < 0.5:
            st.caption("No class has a probability above 50 %: the model is not sure.")
        if below is not None:
            below(one, best[0][0], place)


def _bars(best: list[tuple[str, float]], classes: tuple[str, ...]) -> None:
    colours = class_colours(classes)
    rows = []
    for place, (label, share) in enumerate(best):
        name, first = html.escape(label), " first" if place == 0 else ""
        bar = f'<div class="bar" style="width:{100 * share:.1f}%;background:{colours[label]}"></div>'
        rows.append(
            f'<span class="label{first}" title="{name}">{name}</span>'
            f'<div class="track">{bar}</div>'
            f'<span class="share{first}">{html.escape(_percent(share))}</span>'
        )
    st.html(f'<div class="answer">{"".join(rows)}</div>')


def _percent(share: float) -> str:
    """`93.1 %`; what is almost none or almost certain is not rounded to none or certain."""
    if 0 < share < 0.0005:
        return f"< {formats.percent(0.001)}"
    if 0.9995 <= share < 1:
        return f"> {formats.percent(0.999)}"
    return formats.percent(share)
