"""Many classes at a glance: the lowest recalls, the most frequent confusions, and a search for any class.

The class that is looked for stands in the URL, as `class`: its place among the classes.
"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.shell import formats
from tlcore.tasks.evaluation import Evaluation, LabelFigures

MANY = 30  # up to so many, the confusion matrix shows each class
MOST = 10
KEY = "class-searched"
FIGURES = {
    name: st.column_config.ProgressColumn(name, format="%.0f %%", min_value=0, max_value=100)
    for name in ("recall", "precision")
}


def show(evaluation: Evaluation) -> None:
    """The summary; nothing where the classes are few."""
    if len(evaluation.labels) <= MANY:
        return
    tested = [scores for scores in evaluation.per_label if scores.support]
    found = sum(scores.figure("recall").value == 1 for scores in tested)
    missed = sum(scores.figure("recall").value == 0 for scores in tested)
    st.subheader(f"{formats.count(len(evaluation.labels))} classes at a glance", anchor=False)
    st.markdown(
        f"The model finds every test picture of {formats.plural(found, 'class', 'classes')} and none of "
        f"{formats.plural(missed, 'class', 'classes')}. *Per class* above has the figures of all classes."
    )
    weakest, pairs = st.columns(2, gap="large")
    with weakest:
        st.markdown("**Classes with the lowest recall**")
        lowest = sorted(tested, key=_weakness)[:MOST]
        st.dataframe(
            pd.DataFrame([_row(scores) for scores in lowest]),
            hide_index=True,
            column_config=FIGURES,
            width="stretch",
        )
    with pairs:
        st.markdown("**Most frequent confusions**")
        st.dataframe(pd.DataFrame(confused(evaluation)), hide_index=True, width="stretch")
    _search(evaluation)


def confused(evaluation: Evaluation, place: int | None = None) -> list[dict[str, object]]:
    """The largest mix-ups, of all classes or of one: `true`, `answer`, `pictures`."""
    rows = enumerate(evaluation.confusion)
    found = [
        (number, true, answer)
        for true, row in rows
        for answer, number in enumerate(row)
        if number and true != answer and place in {None, true, answer}
    ]
    found.sort(key=lambda each: (-each[0], each[1], each[2]))
    classes = evaluation.labels
    return [{"true": classes[true], "answer": classes[answer], "pictures": number} for number, true, answer in found][
        :MOST
    ]


def _search(evaluation: Evaluation) -> None:
    """Let a person look for a class; the URL leads and the widget follows."""
    asked, classes = st.query_params.get("class", ""), evaluation.labels
    place = int(asked) if asked.isascii() and asked.isdigit() and int(asked) < len(classes) else None

    def follow() -> None:
        chosen = st.session_state[KEY]
        if chosen is None:
            st.query_params.pop("class", None)
        else:
            st.query_params["class"] = str(chosen)

    st.session_state[KEY] = place
    st.selectbox(
        "Find a class",
        range(len(classes)),
        format_func=classes.__getitem__,
        key=KEY,
        on_change=follow,
        placeholder="Type part of its name",
    )
    if place is None:
        return
    scores = evaluation.per_label[place]
    st.markdown(f"**{formats.plain(scores.label)}**: {_reading(scores)}")
    if mixed := confused(evaluation, place):
        st.dataframe(pd.DataFrame(mixed), hide_index=True, width="content")


def _weakness(scores: LabelFigures) -> tuple[float, float, int]:
    """The lowest F1 first; of equals the lowest recall, then the most pictures."""
    return scores.figure("f1").value, scores.figure("recall").value, -scores.support


def _row(scores: LabelFigures) -> dict[str, object]:
    return {
        "class": scores.label,
        "recall": 100 * scores.figure("recall").value,
        "precision": 100 * scores.figure("precision").value,
        "test pictures": scores.support,
    }


def _reading(scores: LabelFigures) -> str:
    if not scores.support:
        return "the test set has no pictures of it, so its recall is unknown."
    recall, precision = scores.figure("recall"), scores.figure("precision")
    said = (
        f"{formats.percent(recall.value, 0)} of its {formats.plural(scores.support, 'test picture')} found (recall; "
        f"95 % interval {100 * recall.low:.0f} to {formats.percent(recall.high, 0)})"
    )
    if not scores.answered:
        return f"{said}; the model never predicts it."
    return (
        f"{said}; right (precision) in {formats.percent(precision.value, 0)} of the "
        f"{formats.plural(scores.answered, 'time')} that it is predicted."
    )
