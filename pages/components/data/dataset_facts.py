"""The numbers of a dataset that matter, and the next steps."""

from __future__ import annotations

import streamlit as st

from pages.components.items import find_display
from pages.components.shell import formats, frame, tables, task_words
from tlcore.data.dataset import Dataset
from tlcore.data.label_counts import labels_each, values
from tlcore.data.split.file import read_draw
from tlcore.tasks import find_task

GIVEN = "The given training, validation and test folders are used."
LATER = "The first run splits the {} at random into training, validation and test sets."
LOCKED = "The test set was drawn once and stays the same, so that runs can be compared."


def show(dataset: Dataset) -> None:
    """The numbers that matter, and the next step."""
    items, outcomes = tables.items(dataset), tables.triage(dataset)["outcome"].value_counts()
    classes, noun = dataset.info.classes, task_words.noun(dataset.info)
    kind, about = ("given", GIVEN) if (items["split"] != "").any() else ("drawn later", LATER.format(noun.many))
    if kind != "given" and read_draw(dataset) is not None:
        kind, about = "locked", LOCKED
    left_out = int(outcomes.get("left out", 0))
    with st.grid(5 if dataset.info.task == "multilabel" else 4, min_column_width=150):
        st.metric(noun.many.capitalize(), formats.count(len(items)), border=True)
        _labels(dataset)
        st.metric(
            "Left out", formats.count(left_out), border=True, help="Listed with the reasons at the end of this page."
        )
        st.metric("Split", kind, border=True, help=about)
    find_display(dataset.info.modality).reading(dataset)
    if len(classes) >= find_task(dataset.info.task).few:
        with st.container(horizontal=True):
            where = {"dataset": dataset.id}
            frame.page_button("Train a model", frame.TRAIN, where, type="primary", icon=":material/model_training:")
            frame.page_button(f"Check the {noun.many}", frame.CHECK, where, icon=":material/health_and_safety:")
    elif dataset.info.task == "multilabel":
        st.warning(
            f"A model needs at least one label to learn, and no {noun.one} of this dataset has any. Select {noun.many} "
            "below and add a label.",
            icon=":material/new_label:",
        )
    else:
        st.warning(
            "A model needs at least two classes to tell apart. This dataset has one: "
            f"'{formats.plain(classes[0]) if classes else ''}'. Add {noun.many} of another class.",
            icon=":material/category:",
        )


def _labels(dataset: Dataset) -> None:
    """The number of classes or of labels, or how large the numbers are."""
    info, texts = dataset.info, tables.items(dataset)["label"]
    if info.task == "regression":
        found = values(texts)
        ends = f"{found.min():.3g} to {found.max():.3g} {info.unit}".rstrip()
        st.metric(formats.plain((info.value_name or "value").capitalize()), formats.plain(ends), border=True)
        return
    st.metric(task_words.heading(info), formats.count(len(info.classes)), border=True)
    if info.task == "multilabel":
        each = labels_each(texts, info.task)
        mean = sum(many * number for many, number in each.items()) / max(len(texts), 1)
        noun = task_words.noun(info)
        told = ", ".join(f"{int(m)}: {formats.plural(number, noun.one, noun.many)}" for m, number in each.items())
        st.metric(
            f"Labels per {noun.one}",
            f"{mean:.2g}",
            border=True,
            help=f"How many {noun.many} have so many labels: {told}.",
        )
