"""Which labels occur together, and which are given wrongly: two matrices whose cells open their pictures.

What is looked at stands in the URL: `matrix` (`errors`, or nothing for co-occurrence) and `cell`, two labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import streamlit as st

from pages.components.answers import cell_picker, item_gallery, label_errors
from pages.components.answers.confusion_chart import Cells, Counts
from pages.components.answers.judged import Judged
from pages.components.shell import formats, frame
from tlcore.tasks.multilabel.answers import chosen as given_labels
from tlcore.tasks.multilabel.labels import targets

MOST_LABELS = 30  # more cannot be told apart in one matrix
MOST_ITEMS = 12
KINDS = {"": "Co-occurrence", "errors": "Wrong labels"}
EXPLAINS = {
    "": "How many test pictures have both labels; the diagonal counts each label. Darker cells hold a larger share of "
    "the row's pictures.",
    "errors": "How many test pictures that have the label of the row were given the label of the column although "
    "they do not have it.",
}
CELL, KIND = "label-cell", "label-matrix"


@frame.fragment
def show(judged: Judged) -> None:
    """The matrix that the URL names, and the pictures of the cell that is looked at."""
    evaluation = judged.evaluation
    if not evaluation.n:
        return
    st.subheader("Co-occurrence and error matrix", anchor=False)
    kind = _kind()
    table = np.array(evaluation.errors if kind else evaluation.co_occurrence, np.int64)
    support = np.array([each.support for each in evaluation.per_label])
    shown = _shown(support)
    left_out = len(support) - len(shown)
    more = f" The {MOST_LABELS} most frequent labels are drawn; the list has all." if left_out else ""
    st.markdown(f"{EXPLAINS[kind]}{more} Click a cell to see its pictures.")
    place = cell_picker.asked("cell", len(table)) or cell_picker.largest(table)
    matrix, items = st.columns([1.4, 1], gap="large")
    with matrix:
        _chart(evaluation.labels, table, support, shown, place, errors=bool(kind))
    with items:
        says = "label of the row + label of the column (count)"
        place = cell_picker.choose(evaluation.labels, table, place, key=CELL, between="+", help=says)
        if place is None:
            st.success("No label was given wrongly to a picture that has another label.")
        else:
            _items(judged, place, errors=bool(kind))


def cells(
    labels: Sequence[str], table: Counts, support: npt.NDArray[np.int64], shown: Sequence[int], *, errors: bool
) -> Cells:
    """What the matrix draws of some labels; the colour is the share of the row's pictures."""
    share = table / np.maximum(support[:, None], 1)
    colour = share[np.ix_(shown, shown)].copy()
    np.fill_diagonal(colour, 0.0)  # each label is always with itself: it would outshine the rest
    names = [labels[place] for place in shown]
    of = "were wrongly given" if errors else "also have"
    about = [
        [(row, column, labels[row], labels[column], int(table[row, column]), share[row, column]) for column in shown]
        for row in shown
    ]
    return Cells(
        names,
        names,
        colour / max(colour.max(initial=0.0), 1e-9),
        [[str(table[row, column]) if table[row, column] else "" for column in shown] for row in shown],
        about,
        f"<b>%{{customdata[4]}}</b> of the pictures of <b>%{{customdata[2]}}</b> {of} <b>%{{customdata[3]}}</b><br>"
        "(%{customdata[5]:.1%}) · click to see them<extra></extra>",
    )


def _chart(
    labels: Sequence[str],
    table: Counts,
    support: npt.NDArray[np.int64],
    shown: list[int],
    place: tuple[int, int] | None,
    *,
    errors: bool,
) -> None:
    marked = place if place and set(place) <= set(shown) else None
    cell_picker.draw(
        cells(labels, table, support, shown, errors=errors),
        f"label-matrix-{errors}",
        name="cell",
        chosen=(shown.index(marked[0]), shown.index(marked[1])) if marked else None,
        alt="matrix of labels: " + ("which labels are given wrongly" if errors else "which labels occur together"),
        titles=("true label", "wrongly given label") if errors else ("label", "also has the label"),
    )


def _items(judged: Judged, place: tuple[int, int], *, errors: bool) -> None:
    """The pictures of a cell, those with the highest probability of the second label first."""
    answers, (first, second) = judged.answers, place
    true = targets(answers.labels, answers.classes) > 0
    inside = true[:, first] & true[:, second]
    if errors:
        inside = true[:, first] & ~true[:, second] & given_labels(answers.outputs, answers.decision)[:, second]
    order = np.flatnonzero(inside)
    order = order[np.argsort(-answers.outputs[order, second], kind="stable")]
    names = [formats.plain(judged.evaluation.labels[each]) for each in place]
    if not len(order):
        st.caption(f"No picture of {names[0]} " + (f"was wrongly given {names[1]}." if errors else f"has {names[1]}."))
        return
    shas = list(answers.table["sha256"].iloc[order[:MOST_ITEMS]])
    said = label_errors.said(judged, shas)
    lie = item_gallery.show(judged, shas, said, key=f"cell-{errors}-{first}-{second}", title=" and ".join(names))
    if lie and len(order) > MOST_ITEMS:
        st.caption(f"{MOST_ITEMS} of {formats.count(len(order))}.")


def _kind() -> str:
    """The matrix of the URL; the URL leads and the widget follows."""
    asked = st.query_params.get("matrix", "")
    st.session_state[KIND] = asked if asked in KINDS else ""

    def follow() -> None:
        st.query_params.pop("cell", None)
        if st.session_state[KIND]:
            st.query_params["matrix"] = st.session_state[KIND]
        else:
            st.query_params.pop("matrix", None)

    return str(
        st.segmented_control(
            "Matrix", list(KINDS), format_func=KINDS.__getitem__, required=True, key=KIND, on_change=follow,
            label_visibility="collapsed",
        )
    )  # fmt: skip


def _shown(support: npt.NDArray[np.int64]) -> list[int]:
    """The places of the most frequent labels, in the order of the labels."""
    return sorted(np.argsort(-support, kind="stable")[:MOST_LABELS].tolist())
