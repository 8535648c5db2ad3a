"""Describes a task's part of the programs and texts that exports are made of.

It knows words and pieces of programs, in which `$one` and `$many` stand for what an item is called. It does not know
exports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tlcore.markup import one_line

# Pieces of the training script that several tasks have.
LOGISTIC = Path(__file__).with_name("logistic_script.py.txt")
LOGISTIC_IMPORTS = (
    "from scipy.special import log_softmax",
    "from sklearn.linear_model import LogisticRegression",
)
TEMPERATURE_IMPORTS = ("from scipy.optimize import minimize_scalar", "from scipy.special import log_softmax")


@dataclass(frozen=True)
class Words:
    """What a README says of a model, as Markdown; `$answer` stands for the classes, or for the value.

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


@dataclass(frozen=True)
class Script:
    """A task's part of the script that trains a model again.

    Attributes:
        texts: Files of pieces; `Finish` is what is done at the end.
        pieces: Those that each run has.
        exact: Those that a run has whose head is solved for.
        solver: The function that solves for the head.
        imports: The lines that a piece needs, by its title.
        gaps: Text for each gap that depends on the task.
        settings: The names in the script of settings of a run that apply to the task.
        answer: What an answer is, by its name in the script; from the classes, the name and unit of a value, and the
            labels of the training items.
        label: Writes a label for the table of the split.
    """

    texts: Sequence[Path]
    pieces: Sequence[str]
    exact: Sequence[str]
    solver: str
    imports: Mapping[str, Sequence[str]]
    gaps: Mapping[str, str]
    settings: Mapping[str, str]
    answer: Callable[[Sequence[str], str, str, Sequence[str]], dict[str, Any]]
    label: Callable[[str], str] = field(default=one_line)


@dataclass(frozen=True)
class Shipped:
    """A task's part of exports.

    Attributes:
        predict: The functions that give and show the answer for outputs, as the bundle and the notebook have them.
    """

    words: Words
    predict: Path
    script: Script


def named_classes(classes: Sequence[str], name: str, unit: str, labels: Sequence[str]) -> dict[str, Any]:
    """Say what an answer is where it is one or several classes."""
    return {"CLASSES": [one_line(label) for label in classes]}
