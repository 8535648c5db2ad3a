"""Where a model fails: its most confident mistakes, its luckiest hits, the kinds of pictures that it is worse on.

Every gallery lies on the light table, so that a wrong label is mended where it is seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.components import light_table, picture_edits, run_facts, tables, words
from pages.components.light_table import View
from pages.components.theme import class_colours
from tlcore.data.dataset import Dataset
from tlcore.evaluation.metrics import mistakes
from tlcore.evaluation.slices import Slice, slice_pictures
from tlcore.evaluation.understanding import Understanding

MOST_SLICES = 8


def view(dataset: Dataset, predictions: pd.DataFrame, shas: Sequence[str], *, name: str, title: str) -> View:
    """Pictures of a run for the light table, in the given order, each with the model's answer.

    Pictures that have left the dataset are left out; those of other parts than the test part have no answer. Whether an
    answer is right goes by the class that the picture has now: what was mended is seen to be.
    """
    rows = light_table.pick(tables.all_items(dataset), list(shas))
    answers = predictions.drop_duplicates("sha256").set_index("sha256")[["predicted", "confidence"]]
    found = answers.reindex(rows["sha256"])
    badges, hints = [], []
    for source, label, answer, sure in zip(
        rows["source"], rows["label"], found["predicted"], found["confidence"], strict=True
    ):
        known = isinstance(answer, str)
        badges.append(f"→ {answer}" if known and answer != label else "")
        said = f"answered {answer}, {words.percent(min(float(sure), 0.999), 1)} sure; truly {label}" if known else ""
        hints.append("\n".join(filter(None, (str(source), said))))
    info = dataset.info
    return View(
        name=f"{dataset.id}-{name}",
        title=title,
        rows=rows.assign(badge=badges, hint=hints),
        actions=picture_edits.IN_USE,
        colours=class_colours(info.classes, info.colours),
    )


def gallery(
    dataset: Dataset, predictions: pd.DataFrame, shas: Sequence[str], *, key: str, title: str, most: int = 0
) -> None:
    """Lay pictures on a light table and see to what is asked for; `most` of them where not 0."""
    shown = list(shas)[:most] if most else list(shas)
    lies = view(dataset, predictions, shown, name=key, title=title)
    if lies.rows.empty:
        st.caption("These pictures are no longer in the dataset.")
        return
    picture_edits.see_to(dataset, light_table.show(dataset, lies, f"failures-{key}"))


@st.fragment
def confident_mistakes(dataset: Dataset, predictions: pd.DataFrame, *, key: str) -> None:
    """The wrong answers, the surest first: where wrong labels show up."""
    wrong = mistakes(predictions)
    st.subheader("The most confident mistakes", anchor=False)
    if wrong.empty:
        st.success(f"None: all {words.plural(len(predictions), 'test picture')} were answered right.")
        return
    st.markdown(
        f"{words.plural(len(wrong), 'picture')} of {words.count(len(predictions))}, the surest first. A wrong label "
        "shows up as a mistake that the model is sure of. Pictures that you would get wrong as well are no fault of "
        "the model."
    )
    gallery(dataset, predictions, list(wrong["sha256"]), key=f"{key}-mistakes", title="The most confident mistakes")


@st.fragment
def unsure_hits(dataset: Dataset, predictions: pd.DataFrame, *, key: str, most: int = 60) -> None:
    """The right answers that were nearly wrong, the least sure first."""
    right = predictions[predictions["correct"].astype(bool)].sort_values("confidence", kind="stable")
    if right.empty:
        return
    st.subheader("The least confident hits", anchor=False)
    st.markdown("Answered right, but hardly: more pictures like these would help most.")
    gallery(dataset, predictions, list(right["sha256"]), key=f"{key}-hits", title="The least confident hits", most=most)


@st.fragment
def slices(understanding: Understanding, dataset: Dataset, predictions: pd.DataFrame) -> None:
    """The kinds of pictures that the model is worse on; the one that is looked at stands in the URL as `slice`."""
    found, traits = understanding.slices(), understanding.traits()
    st.subheader("Kinds of pictures that are hard", anchor=False)
    if found is None or traits is None:
        st.caption("They have not been looked for yet.")
        return
    tested = words.plural(len(found.slices), "kind")
    if not found.worse:
        st.success(f"None: of {tested} of test pictures no one is answered right less often than chance would have it.")
    else:
        st.markdown(
            f"{tested} of test pictures were compared with the others, by size, light, sharpness, folder, columns of "
            "tables and looks. On these the model is worse, and not by chance (at most one in twenty is, on average)."
        )
    for note in found.notes:
        st.caption(f":material/info: {run_facts.escape(note)}")
    for place, each in enumerate(found.worse[:MOST_SLICES]):
        _slice(understanding, each, place)
    if len(found.worse) > MOST_SLICES:
        st.caption(f"And {len(found.worse) - MOST_SLICES} more, less sure ones.")
    asked = st.query_params.get("slice", "")
    if asked.isascii() and asked.isdigit() and int(asked) < len(found.worse):
        chosen = found.worse[int(asked)]
        shas = slice_pictures(traits, chosen)
        wrong_first = predictions[predictions["sha256"].isin(shas)].sort_values(["correct", "confidence"])
        st.markdown(f"**{run_facts.escape(chosen.says)}** Wrong answers come first.")
        gallery(dataset, predictions, list(wrong_first["sha256"]), key=f"slice-{asked}", title=chosen.says)


def _slice(understanding: Understanding, found: Slice, place: int) -> None:
    def open_it() -> None:
        st.query_params["slice"] = str(place)

    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        interval = f"{100 * found.low:.0f}–{words.percent(found.high, 0)}"
        st.markdown(
            f"{run_facts.escape(found.says)} (95 % interval {interval}; chance: {_chance(found.q)})",
            width="stretch",
        )
        st.button(
            "See them", key=f"slice-{understanding.run.id}-{place}", icon=":material/visibility:", on_click=open_it
        )


def _chance(q: float) -> str:
    return "less than 1 in 1,000" if q < 0.001 else f"{q:.1%}"
