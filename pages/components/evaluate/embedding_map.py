"""The map of the dataset: each picture a point, those that look alike to the model beside each other.

The picture under the mouse is shown beside it. The lasso selects pictures for the light table below, where they can be
moved to another class or excluded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.components.evaluate import errors
from pages.components.items import find_display
from pages.components.shell import formats, frame, tables
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.shell.theme import BAD, GOOD, PART_TITLES, PARTS, QUIET, class_colours, polish
from tlcore.contract import read_contract
from tlcore.data.dataset import Dataset
from tlcore.evaluation.error_analysis.files import Understanding
from tlcore.markup import one_line
from tlcore.modalities.analysis import mosaic_across

HEIGHT = 560
MOST_NAMES = 12  # in the legend: more would push the map away
LAYOUTS = {"Neighbours (t-SNE)": ("x", "y"), "Distances (PCA)": ("pca_x", "pca_y")}
CLASS, PART, RIGHT = "class", "part", "right or wrong"
Colours = dict[str, str]
Kinds = tuple[pd.Series, Colours]  # what each point is of, and the colour of each kind

_mount = st.components.v2.component(
    "graft.picture_map", html="<div></div>", js=(Path(__file__).parent / "picture_map.js").read_text()
)


@frame.fragment
def show(
    understanding: Understanding,
    dataset: Dataset | None,
    predictions: pd.DataFrame,
    others: Mapping[str, pd.DataFrame] | None = None,
    *,
    task_kinds: Callable[[pd.DataFrame], Mapping[str, Kinds]] | None = None,
    show_items: Callable[[list[str], str, str], None] | None = None,
) -> None:
    """Show the map, and the pictures that were selected.

    Args:
        understanding: The error analysis.
        dataset: As it is now; None where it was deleted.
        predictions: About the test set.
        others: The predictions of other runs by their names: the map then tells what they changed.
        task_kinds: Of a task without classes: what points may be of, by its title, from the table of the map.
        show_items: Shows pictures by their SHA-256, under a key and a title; None for those of classes.
    """
    st.subheader("Embedding map", anchor=False)
    table = understanding.map()
    if table is None:
        st.caption("Not computed yet.")
        return
    st.markdown(
        "Each point is a picture, placed by the model's features. In the t-SNE layout, neighbours look alike to the "
        "model. Distances between clusters, and their sizes, carry no meaning. Look for a point of one colour "
        "inside a cluster of another, and select points with the lasso to see their pictures."
    )
    others = dict(others or {})
    with st.container(horizontal=True):
        layout = st.segmented_control(
            "Lay out by", list(LAYOUTS), default=next(iter(LAYOUTS)), required=True, key="map-layout"
        )
        known = dict(task_kinds(table)) if task_kinds else {}
        choices = [*known, PART] if task_kinds else [CLASS, PART, RIGHT, *others]
        by = str(st.selectbox("Colour by", choices, key="map-colour", width=260))
    if by in known:
        kinds, colours = known[by]
    else:
        kinds, colours = kinds_of(table, by, predictions, others, understanding.run.dataset.classes, dataset)
    state = plotly_chart(
        figure(table, kinds, colours, LAYOUTS[str(layout)], names(table, dataset, predictions)),
        key=f"map-{understanding.run.id}",
        on_select="rerun",
        selection_mode=("points", "box", "lasso"),
        config={"displaylogo": False, "scrollZoom": True},
        alt="embedding map: pictures that look alike to the model lie next to each other",
    )
    _hover(understanding, f"map-{understanding.run.id}", len(table))
    shas = caught(state, table)
    if not shas:
        st.caption("Nothing selected yet. Choose the lasso above the map, or click a point.")
    elif dataset is None:
        st.caption(f"{formats.plural(len(shas), 'picture')} selected. {tables.GONE}")
    else:
        title = f"{formats.plural(len(shas), 'picture')} selected"
        if show_items is not None:
            show_items(shas, "map", title)
        else:
            errors.gallery(dataset, predictions, shas, key="map", title=title)


def _hover(understanding: Understanding, key: str, count: int) -> None:
    """Let the picture of a point stand beside the mouse: `picture_map.js` listens to the chart of that key."""
    atlas = understanding.atlas()
    if atlas is None:
        return
    display = find_display(read_contract(understanding.run.path).modality)
    url, across = display.serve(atlas, f"{key}-atlas"), mosaic_across(count)
    _mount(key=f"{key}-hover", data={"key": key, "url": url, "across": across})


def kinds_of(
    table: pd.DataFrame,
    by: str,
    predictions: pd.DataFrame,
    others: Mapping[str, pd.DataFrame],
    classes: Sequence[str],
    dataset: Dataset | None = None,
) -> tuple[pd.Series, Colours]:
    """What each point is of, and the colour of each kind."""
    if by == CLASS:
        return table["label"], class_colours(classes, dataset.info.colours if dataset else None)
    if by == PART:
        titles = table["split"].map(PART_TITLES).fillna("left out")
        return titles, {**{PART_TITLES[part]: colour for part, colour in PARTS.items()}, "left out": QUIET}
    right = _right(table, predictions)
    if by == RIGHT or by not in others:
        return right.map({True: "right", False: "wrong"}).fillna("not in the test set"), {
            "right": GOOD,
            "wrong": BAD,
            "not in the test set": QUIET,
        }
    other = _right(table, others[by])
    kinds = pd.Series("not in both test sets", index=table.index)
    known = right.notna() & other.notna()
    ours, theirs = right.where(known, False).astype(bool), other.where(known, False).astype(bool)
    kinds[known & (ours == theirs)] = "same in both"
    kinds[known & ours & ~theirs] = "right only here"
    kinds[known & ~ours & theirs] = f"right only in {by}"
    return kinds, {
        "right only here": GOOD,
        f"right only in {by}": BAD,
        "same in both": QUIET,
        "not in both test sets": "rgba(138,143,152,0.35)",
    }


def names(table: pd.DataFrame, dataset: Dataset | None, predictions: pd.DataFrame) -> list[str]:
    """What stands beside the mouse at each point: what the picture shows, and in the next line its name."""
    items = tables.all_items(dataset) if dataset is not None else pd.DataFrame({"sha256": [], "source": []})
    sources = dict(zip(items["sha256"], items["source"], strict=True))
    answers = dict(zip(predictions["sha256"], predictions["predicted"], strict=True))
    return [
        one_line(f"{label}, predicted {answers[sha]}" if sha in answers else label)
        + f"\n{one_line(sources.get(sha, sha[:12]))}"
        for sha, label in zip(table["sha256"], table["label"], strict=True)
    ]


def figure(
    table: pd.DataFrame, kinds: pd.Series, colours: Colours, axes: tuple[str, str], hover: Sequence[str]
) -> go.Figure:
    """Draw the points, a trace for each kind, or one for all where the legend would be too long.

    `customdata` is the row of a point.
    """
    chart = go.Figure()
    texts = np.array([each.partition("\n")[::2] for each in hover], object)
    tints = kinds.map(colours).fillna(QUIET).to_numpy()
    present = [kind for kind in dict.fromkeys([*colours, *sorted(set(kinds))]) if (kinds == kind).any()]
    few = len(present) <= MOST_NAMES
    for kind in present if few else ["all classes"]:
        rows = np.flatnonzero((kinds == kind).to_numpy()) if few else np.arange(len(table))
        chart.add_scattergl(
            x=table[axes[0]].to_numpy()[rows],
            y=table[axes[1]].to_numpy()[rows],
            mode="markers",
            name=str(kind),
            marker={"size": 7, "color": tints[rows], "opacity": 0.8},
            customdata=rows,
            text=texts[rows, 0],
            hovertext=texts[rows, 1],
            hovertemplate="<b>%{text}</b><br>%{hovertext}<extra></extra>",
        )
    polish(chart, height=HEIGHT)
    chart.update_layout(dragmode="lasso", uirevision="map", showlegend=few, hovermode="closest")
    chart.update_xaxes(showticklabels=False, showgrid=False)
    chart.update_yaxes(showticklabels=False, showgrid=False, scaleanchor="x" if axes[0] == "pca_x" else None)
    return chart


def caught(state: Any, table: pd.DataFrame) -> list[str]:
    """The SHA-256 of the points that are selected, in the order of the map."""
    rows = sorted({int(np.ravel(point["customdata"])[0]) for point in state.selection.points if "customdata" in point})
    return [str(table["sha256"].iloc[row]) for row in rows if 0 <= row < len(table)]


def _right(table: pd.DataFrame, predictions: pd.DataFrame) -> pd.Series:
    """Whether each point was answered right; missing where it was not asked."""
    answers = predictions.drop_duplicates("sha256").set_index("sha256")["correct"].astype(object)
    return table["sha256"].map(answers)
