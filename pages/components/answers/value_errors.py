"""Predicted values and their pictures: charts whose points open a picture, and the largest errors.

The picture that is looked at stands in the URL as `item`, the beginning of its SHA-256.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from pages.components.answers import item_gallery
from pages.components.answers.judged import Judged
from pages.components.answers.value_charts import Values
from pages.components.shell import formats
from pages.components.shell.plotly_chart import plotly_chart
from tlcore import numbers

MOST = 24
PREFIX = 12


def values(judged: Judged) -> Values:
    """The true and predicted values of the test set."""
    answers, evaluation = judged.answers, judged.evaluation
    name = evaluation.value_name or "value"
    return Values(
        true=answers.task.targets(answers.labels, ())[:, 0],
        predicted=answers.outputs[:, 0].astype(np.float64),
        margin=evaluation.margin,
        name=f"{name} ({evaluation.unit})" if evaluation.unit else name,
        unit=evaluation.unit,
    )


def clickable(judged: Judged, draw: Callable[[Values, int | None], go.Figure], *, key: str, alt: str) -> None:
    """A chart, and beside it the picture of the point that was clicked, or of the largest error."""
    found, answers = values(judged), judged.answers
    shas = list(answers.table["sha256"])
    place = _asked(shas)
    if place is None:
        place = int(np.abs(found.residuals).argmax())

    def follow() -> None:
        if points := [each for each in st.session_state[key].selection.points if each.get("customdata")]:
            st.query_params["item"] = shas[int(points[0]["customdata"][0])][:PREFIX]

    chart, item = st.columns([1.7, 1], gap="large")
    with chart:
        plotly_chart(
            draw(found, place),
            key=key,
            on_select=follow,
            selection_mode="points",
            config={"displayModeBar": False},
            alt=alt,
        )
    with item:
        st.markdown("**Selected picture**" if _asked(shas) is not None else "**Largest error**")
        sha = shas[place]
        about = said(judged, [sha])
        st.markdown(formats.lines(about[sha][1]))
        item_gallery.show(judged, [sha], about, key=f"{key}-{sha[:PREFIX]}", title="Selected picture")


def largest(judged: Judged) -> None:
    """The pictures with the largest errors."""
    st.subheader("Largest errors", anchor=False)
    st.markdown(
        "The pictures whose predicted value is furthest from the true one. Start here: wrong values often show up as "
        "large errors."
    )
    order = np.argsort(-np.abs(values(judged).residuals), kind="stable")[:MOST]
    shas = [judged.answers.table["sha256"].iloc[place] for place in order]
    lie = item_gallery.show(judged, shas, said(judged, shas), key=f"largest-{judged.run.id}", title="Largest errors")
    if lie and judged.evaluation.n > MOST:
        st.caption(f"The {MOST} largest of {formats.count(judged.evaluation.n)}.")


def said(judged: Judged, shas: Sequence[str]) -> dict[str, item_gallery.Said]:
    """For each picture its error as a badge, and all of it in words."""
    of, unit = judged.answers.of(list(shas)), judged.evaluation.unit
    true, predicted = of.task.targets(of.labels, ())[:, 0], of.outputs[:, 0].astype(np.float64)
    margin, about = judged.evaluation.margin, {}
    number, signed = numbers.significant, numbers.signed
    for sha, right, answer in zip(shas, true, predicted, strict=True):
        lines = [f"true {number(right, unit)}", f"predicted {number(answer, unit)}"]
        if margin is not None:
            lines.append(f"prediction interval {number(answer - margin)} to {number(answer + margin, unit)}")
        lines.append(f"off by {signed(answer - right, unit)}")
        about[sha] = (signed(answer - right), "\n".join(lines))
    return about


def _asked(shas: Sequence[str]) -> int | None:
    asked = st.query_params.get("item", "")
    return next((place for place, sha in enumerate(shas) if sha.startswith(asked)), None) if asked else None
