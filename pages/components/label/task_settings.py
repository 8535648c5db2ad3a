"""The task of a dataset: what it is, which other one its labels allow, and the way to change it."""

from __future__ import annotations

import streamlit as st

from pages.components.items import item_edits
from pages.components.shell import formats
from tlcore.data.dataset import Dataset
from tlcore.data.edits.operations import task_faults
from tlcore.data.edits.types import ChangeTask
from tlcore.tasks import TASKS, find_task


def show(dataset: Dataset) -> None:
    """Show the task, and let another one be chosen."""
    item_edits.tell_fault()
    info = dataset.info
    st.subheader("Task", anchor=False)
    st.markdown(
        "What a model learns from the labels. A change is one edit that can be undone; runs keep the task that they "
        "were trained for."
    )
    faults = {info.task: "", **task_faults(dataset)}
    key = f"task-{dataset.id}-{info.version}"
    chosen = str(
        st.radio(
            "Task",
            list(TASKS),
            index=list(TASKS).index(info.task),
            format_func=lambda task: f"{TASKS[task].title} (now)" if task == info.task else TASKS[task].title,
            captions=[task.explains for task in TASKS.values()],
            key=key,
            label_visibility="collapsed",
        )
    )
    if faults[chosen]:
        st.warning(formats.plain(faults[chosen]), icon=":material/block:")
    change = ChangeTask(task=chosen)
    if find_task(chosen).output == "values":
        left, right = st.columns(2)
        name = left.text_input(
            "Name of the value", info.value_name, placeholder="for example: weight", key=f"{key}-name"
        )
        unit = right.text_input("Unit", info.unit, placeholder="for example: kg", key=f"{key}-unit")
        change = ChangeTask(task=chosen, value_name=name.strip(), unit=unit.strip())
    same = change == ChangeTask(task=info.task, value_name=info.value_name, unit=info.unit)
    title = "Save" if chosen == info.task else f"Change the task to {find_task(chosen).title.lower()}"
    if st.button(title, type="primary", icon=":material/tune:", disabled=same or bool(faults[chosen]), key=f"{key}-go"):
        item_edits.make(dataset, change)
