"""The label of an item as a text: read from what a person gives, and said in a sentence.

It knows how each task writes its labels (`tlcore.tasks`). It does not know which items have them.
"""

from __future__ import annotations

from tlcore.data.info import DatasetInfo
from tlcore.data.number_format import find_format, read_number
from tlcore.errors import DataError
from tlcore.modalities import NOUN
from tlcore.tasks import find_task


def read_label(label: str, task: str) -> str:
    """Bring a label into the form of a task.

    Raises:
        DataError: It is no label of the task.
    """
    if task == "classification" and not label.strip():
        raise DataError("A class needs a name. Received an empty one. Write at least one letter.")
    text = label.strip()
    if task == "regression":
        text = _with_point(text)
    try:
        return find_task(task).read(text)
    except ValueError as error:
        raise DataError(
            f"A {NOUN.one} of this dataset has a number as its value: {error}. Write one such as 12.5."
        ) from error


def _with_point(text: str) -> str:
    """Write a number with a decimal point, as `12,5` means 12.5; what is no number stays as it is.

    Raises:
        DataError: It may mean two numbers.
    """
    found = find_format([text])
    if found.doubtful:
        raise DataError(
            f"A number is needed. '{text}' may mean two: write it with a point and without thousands signs."
        )
    value = read_number(text, found.decimal)
    return text if value is None else repr(value)


def write_number(value: float, unit: str = "") -> str:
    """Write a value of an item, with its unit."""
    return f"{value:.10g} {unit}".rstrip()


def describe_label(label: str, info: DatasetInfo) -> str:
    """Say in a sentence what an item has: `'cat'`, `the labels 'a' and 'b'`, `no label`, `the value 12 kg`."""
    if info.task == "regression":
        return f"the value {write_number(float(label), info.unit)}"
    names = [f"'{name}'" for name in find_task(info.task).names(label)]
    if info.task == "classification":
        return names[0]
    listed = " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
    return f"the {'label' if len(names) == 1 else 'labels'} {listed}" if names else "no label"
