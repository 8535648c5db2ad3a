"""What the items of a dataset are labelled with: a bar for each class or label, or a histogram of numbers."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from pages.components.shell import class_counts, formats, tables, task_words, value_counts
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.shell.theme import polish
from tlcore.data.dataset import Dataset
from tlcore.data.label_counts import co_occurrence, labels_each

MOST_LABELS = 40
ROW_PIXELS = 26
SCALE = ["#e6efe9", "#2f7d4f"]  # opaque, so that numbers can be read on them on any ground


def show(dataset: Dataset) -> None:
    """Draw the chart of the task, with what to know beside it."""
    info = dataset.info
    if info.task == "regression":
        st.subheader(formats.plain((info.value_name or task_words.heading(info)).capitalize()), anchor=False)
        value_counts.chart(dataset)
        return
    st.subheader(task_words.heading(info), anchor=False)
    counts = tables.counts(dataset)
    if not counts:
        st.caption(f"No {task_words.noun(info).one} has a label yet.")
        return
    class_counts.chart(dataset)
    if info.task == "multilabel":
        _several(dataset, counts)
    if uneven := class_counts.imbalance(counts):
        st.info(formats.plain(uneven), icon=":material/balance:")


def _several(dataset: Dataset, counts: dict[str, int]) -> None:
    """How many items have no label, and on demand which labels occur together."""
    none = labels_each(tables.items(dataset)["label"], dataset.info.task).get(0, 0)
    noun = task_words.noun(dataset.info)
    said = f"A {noun.one} counts for each of its labels."
    if none:
        said += f" {formats.plural(none, f'{noun.one} has', f'{noun.many} have')} no label."
    st.caption(said)
    if len(counts) > 1 and st.toggle("Co-occurrence of labels", key=f"co-occurrence-{dataset.id}"):
        labels = class_counts.shown(counts)[0][:MOST_LABELS]
        st.caption(
            f"How many {noun.many} have both labels. A model cannot learn the difference between labels that always "
            "occur together."
        )
        plotly_chart(
            together_figure(dataset, labels),
            config={"displayModeBar": False},
            alt="how often two labels occur together",
        )


def together_figure(dataset: Dataset, labels: tuple[str, ...]) -> go.Figure:
    """Draw of how many items have each pair of labels; the diagonal counts each label."""
    found = co_occurrence(tables.items(dataset)["label"], labels, dataset.info.task)
    names = list(labels)
    drawn = go.Figure(
        go.Heatmap(
            z=found,
            x=names,
            y=names,
            text=[[formats.count(int(number)) if number else "" for number in row] for row in found],
            texttemplate="%{text}",
            colorscale=[[0, SCALE[0]], [1, SCALE[1]]],
            zmin=0,
            showscale=False,
            xgap=1,
            ygap=1,
            hovertemplate=f"%{{y}} and %{{x}}: %{{z:,}} {task_words.noun(dataset.info).many}<extra></extra>",
        )
    )
    polish(drawn, height=110 + ROW_PIXELS * len(labels))
    drawn.update_xaxes(type="category", showgrid=False)
    drawn.update_yaxes(type="category", autorange="reversed", showgrid=False)
    return drawn
