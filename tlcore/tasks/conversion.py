"""The label of one task as the label of another."""

from __future__ import annotations

from tlcore.tasks.multilabel.labels import join
from tlcore.tasks.task import Task


def converted(label: str, before: Task, after: Task) -> str:
    """Bring a label into the form of another task: a class is one label of several, and a number where it reads as one.

    Raises:
        ValueError: It cannot be a label of that task, with the reason.
    """
    names = (f"{float(label):.10g}",) if before.output == "values" else before.names(label)
    if after.probe == "labels":
        return join(names)
    if len(names) != 1:
        raise ValueError(f"exactly one label is needed, but there {'are ' + str(len(names)) if names else 'is none'}")
    return after.read(names[0])
