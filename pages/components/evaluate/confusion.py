"""The confusion matrix, ordered so that confused classes are neighbours, and the pictures behind each cell.

Many classes are shown as groups of neighbours, which open at a click. What is looked at stands in the URL: `cell` is a
true class and an answer, `block` two groups.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from pages.components.answers import cell_picker, confusion_chart
from pages.components.answers.confusion_chart import Counts, Group
from pages.components.evaluate import errors
from pages.components.items import item_grid
from pages.components.shell import formats, frame
from tlcore.data.dataset import Dataset
from tlcore.evaluation.predictions import cell
from tlcore.tasks.evaluation import Evaluation

MOST_ITEMS = 12
KEY = "confusion-cell"


@frame.fragment
def show(evaluation: Evaluation, predictions: pd.DataFrame, dataset: Dataset | None) -> None:
    """The matrix, and the pictures of the cell that is looked at."""
    table = np.array(evaluation.confusion, np.int64)
    groups = confusion_chart.grouped(evaluation.order or range(len(table)))
    block, chosen = _block(groups), cell_picker.asked("cell", len(table)) or cell_picker.largest(table)
    st.subheader("Confusion matrix", anchor=False)
    st.markdown(_says(groups, block))
    matrix, items = st.columns([1.4, 1], gap="large")
    with matrix:
        with st.container(horizontal=True, vertical_alignment="center"):
            units = ["counts", "shares"]
            unit = st.segmented_control(
                "Show", units, default="counts", required=True, key="confusion-unit", label_visibility="collapsed"
            )
            if block is not None:
                st.button("All classes", icon=":material/zoom_out_map:", on_click=_zoom_out, type="tertiary")
        if len(groups) < len(table) and block is None:
            cells = confusion_chart.of_groups(table, groups, evaluation.labels, unit == "shares")
            name, marked = "block", None
        else:
            rows, columns = (groups[block[0]], groups[block[1]]) if block else (sum(groups, ()),) * 2
            cells = confusion_chart.of_classes(table, rows, columns, evaluation.labels, unit == "shares")
            seen = chosen is not None and chosen[0] in rows and chosen[1] in columns
            name, marked = "cell", (rows.index(chosen[0]), columns.index(chosen[1])) if chosen and seen else None
        # Another matrix is another chart: Plotly would keep the other one's selection.
        cell_picker.draw(
            cells,
            f"confusion-{block}",
            name=name,
            chosen=marked,
            alt="confusion matrix: rows are true classes, columns are predicted classes",
        )
    with items:
        looked_at = _choose(evaluation.labels, table, groups, chosen)
        found = predictions.head(0) if looked_at is None else _answers(evaluation, predictions, looked_at)
        if dataset is None:
            item_grid.with_answers(found, dataset, key=f"cell-{looked_at}", first=6)
        elif not found.empty:
            title = " → ".join(evaluation.labels[place] for place in looked_at or ())
            shas, key = list(found["sha256"]), f"cell-{looked_at}"
            errors.gallery(dataset, predictions, shas, key=key, title=title, most=MOST_ITEMS)
            if len(shas) > MOST_ITEMS:
                st.caption(f"The {MOST_ITEMS} most confident of {formats.count(len(shas))}.")


def _says(groups: Sequence[Group], block: tuple[int, int] | None) -> str:
    classes = sum(map(len, groups))
    if len(groups) == classes:
        return (
            "Each row is a true class and each column a predicted class. The diagonal is right; everything else is "
            "a confusion. Classes that are often confused stand next to each other, and darker cells hold a larger "
            "share of their row. Click a cell to see its pictures."
        )
    if block is None:
        return (
            f"{formats.count(classes)} classes in {len(groups)} groups, ordered so that classes that are often "
            "confused stand next to each other. Only confusions are counted. Click a cell to look inside, or choose "
            "a confusion from the list."
        )
    return (
        "The classes of two groups: rows are true classes, columns are predicted classes. Click a cell to see its "
        "pictures."
    )


def _block(groups: Sequence[Group]) -> tuple[int, int] | None:
    """The two groups that are looked into; None where each class stands alone, or all are looked at."""
    return cell_picker.asked("block", len(groups)) if any(len(group) > 1 for group in groups) else None


def _zoom_out() -> None:
    st.query_params.pop("block", None)


def _choose(
    classes: Sequence[str], table: Counts, groups: Sequence[Group], chosen: tuple[int, int] | None
) -> tuple[int, int] | None:
    """Choose a confusion from a list; where classes are grouped, the matrix opens at it."""

    def open_block(place: tuple[int, int]) -> None:
        if len(groups) < len(classes):
            at = {each: number for number, group in enumerate(groups) for each in group}
            st.query_params["block"] = f"{at[place[0]]}-{at[place[1]]}"

    if chosen is None:
        st.success("Every test picture was predicted correctly, so there are no confusions to look at.")
    says = "true class → predicted class (count)"
    return cell_picker.choose(classes, table, chosen, key=KEY, between="→", help=says, then=open_block)


def _answers(evaluation: Evaluation, predictions: pd.DataFrame, place: tuple[int, int]) -> pd.DataFrame:
    """The answers of a cell, the most confident first."""
    true, answer = (evaluation.labels[each] for each in place)
    rows = cell(predictions, true, answer)
    if rows.empty:
        st.caption(f"No picture of {formats.plain(true)} was predicted as {formats.plain(answer)}.")
    return rows
