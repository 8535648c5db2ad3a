"""What a README says of a model, in the words of its task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tlcore.contract import UNFAMILIARITY, Contract
from tlcore.markup import markdown


class Words(NamedTuple):
    """Pieces of Markdown.

    Attributes:
        title: What kind of model it is.
        purpose: What it does, in a sentence.
        answers: What is given for each item.
        short: The same for a table of paths.
        caveat: What it cannot do.
        result: The Python expression for the answer in a server's JSON.
    """

    title: str
    purpose: str
    answers: str
    short: str
    caveat: str
    result: str


def words(contract: Contract) -> Words:
    """Find the words for a model."""
    return _OF_TASK[contract.task](contract)


def _classes(contract: Contract) -> str:
    return ", ".join(map(markdown, contract.classes))


def _value(contract: Contract) -> str:
    name = markdown(contract.value_name) or "a number"
    said = contract.unit and contract.unit not in contract.value_name
    return f"{name} in {markdown(contract.unit)}" if said else name


def _classification(contract: Contract) -> Words:
    return Words(
        "A picture classifier",
        f"It tells these classes apart: {_classes(contract)}.",
        "the likeliest classes of each picture. `--top 1` shows one only",
        "label, confidence, the probability of each class, whether it is sure",
        "The model names one of its classes whatever a picture shows.",
        '["label"]',
    )


def _multilabel(contract: Contract) -> Words:
    return Words(
        "A multi-label picture classifier",
        f"It gives each picture any number of these labels: {_classes(contract)}.",
        "the labels of each picture: those whose probabilities reach their thresholds",
        "the labels above their thresholds, and the probability of each label",
        "The model decides about each of its labels whatever a picture shows.",
        '["labels"]',
    )


def _regression(contract: Contract) -> Words:
    return Words(
        "A picture regression model",
        f"It predicts {_value(contract)}.",
        "the value for each picture, with its prediction interval",
        "the value, its prediction interval and its unit",
        "The model gives a value whatever a picture shows.",
        '["value"]',
    )


_OF_TASK: Mapping[str, Callable[[Contract], Words]] = {
    "classification": _classification,
    "multilabel": _multilabel,
    "regression": _regression,
}


def outputs(contract: Contract) -> str:
    """Name the outputs of a graph with their shapes, for a README."""
    shape = "value" if contract.kind.output == "values" else "classes"
    second = any(each.name == UNFAMILIARITY for each in contract.outputs)
    own = f"`{contract.kind.output}` (n, {1 if shape == 'value' else shape})"
    return f"outputs {own} and `unfamiliarity` (n)" if second else f"output {own}"
