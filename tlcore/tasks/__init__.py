"""What an answer is: one folder for each task, one row each in the table below.

It knows labels, outputs of a model, and how good answers are. It does not know what an item is, nor datasets, runs or
files. It imports only the ground floor; only files named `keras_*.py` import a backend.
"""

from tlcore.keyed import by_key
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.tasks.multilabel import MULTILABEL
from tlcore.tasks.regression import REGRESSION
from tlcore.tasks.task import LOSS, Decision, Metric, Reply, Task, Validated

__all__ = [
    "TASKS",
    "Decision",
    "Metric",
    "Reply",
    "Task",
    "Validated",
    "find_metric",
    "find_task",
    "lower_is_better",
]

TASKS: dict[str, Task] = dict(by_key((CLASSIFICATION, MULTILABEL, REGRESSION)))


def find_metric(key: str) -> Metric:
    """Find a metric of any task, or the loss, by its key; what several tasks have is the same in all.

    Raises:
        KeyError: No task has such a metric.
    """
    return {metric.key: metric for task in TASKS.values() for metric in (*task.metrics, LOSS)}[key]


def lower_is_better(metric: str) -> bool:
    """Say whether a metric of any task, by its key, is better the lower it is."""
    return not find_metric(metric).higher_is_better


def find_task(key: str) -> Task:
    """Find a task by its key.

    Raises:
        ValueError: There is none of that key.
    """
    if key not in TASKS:
        raise ValueError(f"A task must be one of {', '.join(TASKS)}. Received '{key}'.")
    return TASKS[key]
