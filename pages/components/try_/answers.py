"""One picture and what the model says of it: the pixels it saw, its prediction, the time it took."""

from __future__ import annotations

import html
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import streamlit as st

from pages.components.items import find_display
from pages.components.shell import formats
from pages.components.shell.theme import BAD, GOOD
from pages.components.try_ import predictions
from tlcore.inference.predictor import Predictor
from tlcore.tasks import Reply

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Asked:
    """A picture that was put to the model; `error` says why it could not be read.

    `truth` is its label where it is known; `unfamiliarity` is above 1 where it is unlike the training pictures, None
    where the model does not say; seconds are those of reading the file and of the model. `source` is what was read.
    """

    name: str
    pixels: NDArray[np.uint8] | None = None
    outputs: NDArray[np.float32] | None = None
    truth: str = ""
    error: str = ""
    reading_seconds: float = 0.0
    model_seconds: float = 0.0
    unfamiliarity: float | None = None
    source: Path | bytes | BinaryIO = b""


Below = Callable[[Asked, Reply, int], None]


def ask(predictor: Predictor, source: Path | bytes | BinaryIO, name: str, truth: str = "") -> Asked:
    """Turn one picture into pixels as training did, and ask the model."""
    began = time.perf_counter()
    try:
        item = predictor.decode(source)
    except (OSError, ValueError) as error:
        return Asked(name, truth=truth, error=str(error), source=source)
    read = time.perf_counter()
    ((outputs, unfamiliarity),) = predictor.each_scored([item])
    done = time.perf_counter()
    return Asked(name, item["pixels"], outputs, truth, "", read - began, done - read, unfamiliarity, source)


def cards(asked: list[Asked], predictor: Predictor, *, below: Below | None = None) -> None:
    """Show a card for each picture, and how long they took.

    `below` adds to a card; it is given the picture, its answer and its place.
    """
    st.html(predictions.STYLE)
    answered = [one for one in asked if one.outputs is not None]
    if answered:
        size = find_display(predictor.labels.modality).seen_as(predictor.labels)
        reading = 1000 * float(np.median([one.reading_seconds for one in answered]))
        model = 1000 * float(np.median([one.model_seconds for one in answered]))
        st.caption(
            f"{formats.plural(len(answered), 'picture')} as the model sees {'them' if len(answered) > 1 else 'it'}, "
            f"{size} · {formats.milliseconds(reading + model)} per picture: {formats.milliseconds(reading)} to read, "
            f"{formats.milliseconds(model)} for the model, on one core of this machine"
        )
    with st.grid("auto", min_column_width=230, gap="small"):
        for place, one in enumerate(asked):
            _card(one, predictor, place, below)


def _card(one: Asked, predictor: Predictor, place: int, below: Below | None) -> None:
    with st.container(border=True, gap="small", height="stretch"):
        if one.pixels is None or one.outputs is None:
            st.error(
                f"**{formats.plain(one.name)}** cannot be used. {formats.plain(one.error)}",
                icon=":material/broken_image:",
            )
            return
        with st.container(key=f"seen-{place}", gap=None):
            find_display(predictor.labels.modality).seen(one.pixels, one.name)
        reply, contract = predictor.reply(one.outputs), predictor.labels
        predictions.draw(one.outputs, reply, contract)
        if one.unfamiliarity is not None and one.unfamiliarity > 1:
            st.caption(
                ":orange[:material/help:] Out of distribution: this picture is unlike the training pictures, so do "
                "not rely on the prediction."
            )
        if one.truth:
            right, said = predictions.verdict(one.truth, reply, contract)
            colour, icon = (GOOD, "✓") if right else (BAD, "✗")
            st.html(f'<span style="color:{colour};font-size:0.88rem">{icon} {html.escape(said)}</span>')
        elif contract.task == "classification" and reply.confidence < 0.5:
            st.caption("No class has a probability above 50 %: the model is not sure.")
        if below is not None:
            below(one, reply, place)
