"""Where a model fails: its most confident mistakes, its luckiest hits, the kinds of pictures that it is worse on.

Every gallery lies on the light table, so that a wrong label is mended where it is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from pages.components.items import item_edits, light_table
from pages.components.items.light_table import View
from pages.components.shell import formats, frame, tables
from pages.components.shell.theme import class_colours
from tlcore.data.dataset import Dataset
from tlcore.evaluation.error_analysis.files import Understanding
from tlcore.evaluation.predictions import mistakes
from tlcore.evaluation.slices import Slice, slice_items

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
        said = (
            (f"predicted {answer} with confidence {formats.percent(min(float(sure), 0.999), 1)}; true class {label}")
            if known
            else ""
        )
        hints.append("\n".join(filter(None, (str(source), said))))
    info = dataset.info
    return View(
        name=f"{dataset.id}-{name}",
        title=title,
        rows=rows.assign(badge=badges, hint=hints),
        actions=item_edits.IN_USE,
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
    item_edits.see_to(dataset, light_table.show(dataset, lies, f"failures-{key}"))


@frame.fragment
def confident_mistakes(dataset: Dataset, predictions: pd.DataFrame, *, key: str) -> None:
    """The wrong answers, the surest first: where wrong labels show up."""
    wrong = mistakes(predictions)
    st.subheader("Most confident errors", anchor=False)
    if wrong.empty:
        st.success(f"None: all {formats.plural(len(predictions), 'test picture')} were predicted correctly.")
        return
    st.markdown(
        f"{formats.plural(len(wrong), 'picture')} of {formats.count(len(predictions))}, the most confident first. "
        "Wrong labels often show up here as confident errors. Pictures that you would get wrong as well are not the "
        "model's fault."
    )
    gallery(dataset, predictions, list(wrong["sha256"]), key=f"{key}-mistakes", title="Most confident errors")


@frame.fragment
def unsure_hits(dataset: Dataset, predictions: pd.DataFrame, *, key: str, most: int = 60) -> None:
    """The right answers that were nearly wrong, the least sure first."""
    right = predictions[predictions["correct"].astype(bool)].sort_values("confidence", kind="stable")
    if right.empty:
        return
    st.subheader("Least confident correct predictions", anchor=False)
    st.markdown("Predicted correctly, but only just. More pictures like these would help most.")
    gallery(
        dataset,
        predictions,
        list(right["sha256"]),
        key=f"{key}-hits",
        title="Least confident correct predictions",
        most=most,
    )


@frame.fragment
def slices(
    understanding: Understanding,
    predictions: pd.DataFrame,
    show_items: Callable[[list[str], str, str], None],
    measure: str = "accuracy",
) -> None:
    """The kinds of pictures that the model is worse on; the one that is looked at stands in the URL as `slice`.

    Args:
        understanding: The error analysis.
        predictions: About the test set, with `correct` and `confidence`.
        show_items: Shows pictures by their SHA-256, under a key and a title.
        measure: What share of them is compared.
    """
    found, traits = understanding.slices(), understanding.traits()
    st.subheader(f"Slices with low {measure}", anchor=False)
    if found is None or traits is None:
        st.caption("Not computed yet.")
        return
    tested = formats.plural(len(found.slices), "kind")
    if not found.worse:
        st.success(f"None. Of {tested} of test pictures, none has a significantly lower {measure} than the others.")
    else:
        st.markdown(
            f"{tested} of test pictures were compared with the rest, by size, light, sharpness, folder, table "
            "columns and appearance. The model is significantly worse on these (false discovery rate 5 %)."
        )
    for note in found.notes:
        st.caption(f":material/info: {formats.plain(note)}")
    for place, each in enumerate(found.worse[:MOST_SLICES]):
        _slice(understanding, each, place)
    if len(found.worse) > MOST_SLICES:
        st.caption(f"And {len(found.worse) - MOST_SLICES} more that are less certain.")
    asked = st.query_params.get("slice", "")
    if asked.isascii() and asked.isdigit() and int(asked) < len(found.worse):
        chosen = found.worse[int(asked)]
        shas = slice_items(traits, chosen)
        wrong_first = predictions[predictions["sha256"].isin(shas)].sort_values(["correct", "confidence"])
        st.markdown(f"**{formats.plain(chosen.says)}** Errors come first.")
        show_items(list(wrong_first["sha256"]), f"slice-{asked}", chosen.says)


def _slice(understanding: Understanding, found: Slice, place: int) -> None:
    def open_it() -> None:
        st.query_params["slice"] = str(place)

    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        interval = f"{100 * found.low:.0f}–{formats.percent(found.high, 0)}"
        st.markdown(
            f"{formats.plain(found.says)} (95 % confidence interval {interval}; adjusted p-value: {_chance(found.q)})",
            width="stretch",
        )
        st.button(
            "See them", key=f"slice-{understanding.run.id}-{place}", icon=":material/visibility:", on_click=open_it
        )


def _chance(q: float) -> str:
    return "less than 1 in 1,000" if q < 0.001 else f"{q:.1%}"
