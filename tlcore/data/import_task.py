"""The task of an import: what folders say for it, what came of it in numbers, and what it is called.

It knows an import plan. It does not know tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from statistics import median

from tlcore.data.import_plan import ImportChoices, ImportPlan, Place
from tlcore.data.label_cells import CLASSIFICATION, MULTILABEL, REGRESSION
from tlcore.data.number_format import POINT, read_number
from tlcore.errors import DataError
from tlcore.modalities import NOUN
from tlcore.tasks import TASKS, find_task

FOLDER_REASON = {
    CLASSIFICATION: "each folder is a class",
    MULTILABEL: "each folder is a label",
    REGRESSION: "the folders are named by numbers",
}


def check_task(choices: ImportChoices) -> None:
    """Refuse a task, a sign or a meaning that there is not.

    Raises:
        DataError: It names those that there are.
    """
    allowed = {"task": tuple(TASKS), "decimal": ("point", "comma"), "blank": ("none", "unlabeled")}
    for name, keys in allowed.items():
        given = getattr(choices, name)
        if given is not None and given not in keys:
            raise DataError(f"For --{name}, one of {', '.join(keys)} is needed. Received '{given}'.")


def for_task(
    places: Mapping[PurePosixPath, Place], task: str, decimal: str | None = None
) -> dict[PurePosixPath, Place]:
    """Read what folders are called as the labels of a task."""
    if task == CLASSIFICATION:
        return dict(places)
    return {path: _for_task(place, task, decimal or POINT) if place.label else place for path, place in places.items()}


def _for_task(place: Place, task: str, decimal: str) -> Place:
    if task == MULTILABEL:
        return replace(place, label=find_task(task).read(place.label.replace("\\", "\\\\").replace("|", "\\|")))
    value = read_number(place.label, decimal)
    if value is None:
        return replace(place, label="", reason=f"A number is needed, but its folder is called '{place.label}'.")
    return replace(place, label=repr(value))


def with_label(place: Place, label: str, task: str) -> Place:
    """Give a file without a label one that a person chose.

    Raises:
        DataError: It is no label of the task.
    """
    if place.known:
        return place
    try:
        return Place(find_task(task).read(label), place.split, group=place.group)
    except ValueError as error:
        raise DataError(f"The label '{label}' cannot be used: {error}.") from error


def label_facts(labels: Sequence[str], task: str) -> dict[str, float]:
    """Compute what sums up the labels of a task; empty for one class each, of which the counts say all.

    Returns:
        For several labels `mean`, how many a file has, and `none`, how many files have none; for numbers `min`,
        `median` and `max`.
    """
    if task == MULTILABEL and labels:
        names = find_task(task).names
        return {
            "mean": sum(len(names(label)) for label in labels) / len(labels),
            "none": float(list(labels).count("")),
        }
    values = [float(label) for label in labels if label] if task == REGRESSION else []
    return {"min": min(values), "median": float(median(values)), "max": max(values)} if values else {}


def facts_sentence(labels: Sequence[str], task: str, unit: str = "") -> str:
    """Say what sums up the labels of a task; empty for one class each."""
    facts = label_facts(labels, task)
    if "mean" in facts:
        none = int(facts["none"])
        rest = f"; {none:,} {'has' if none == 1 else 'have'} none" if none else ""
        mean = f"{facts['mean']:.2g}"
        return f"{NOUN.counted(len(labels))} with {mean} {'label' if mean == '1' else 'labels'} on average{rest}."
    if facts:
        told = ", ".join(f"{name} {facts[name]:.4g}" for name in ("min", "median", "max"))
        return f"{NOUN.counted(len(labels))} with a number: {told}{f' {unit}' if unit else ''}."
    return ""


def task_sentence(plan: ImportPlan) -> str:
    """Say which task the labels are for, and why."""
    value = ""
    if plan.task == REGRESSION:
        unit = f" in {plan.unit}" if plan.unit else ""
        value = f", {plan.value_name or 'a number'}{unit}"
    return f"{TASKS[plan.task].title}{value}: {plan.reason}." if plan.reason else f"{TASKS[plan.task].title}{value}."
