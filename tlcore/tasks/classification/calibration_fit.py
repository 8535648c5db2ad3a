"""Measures a classifier's probabilities from the answers about its validation and its test items.

What is chosen (a temperature, a threshold) is chosen on validation items; what it is worth is said of test items.
It knows arrays of answers and tables of them. It does not know models, files or how the answers were made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tlcore.tasks.classification.calibration_schema import Calibration
from tlcore.tasks.classification.class_codes import class_codes
from tlcore.tasks.classification.conformal import METHODS, WANTED, judge_sets
from tlcore.tasks.classification.reliability import Floats, Integers, coverage, reliability
from tlcore.tasks.classification.temperature import fit_temperature, log_probabilities, tempered
from tlcore.tasks.classification.thresholds import class_thresholds

if TYPE_CHECKING:
    import pandas as pd

FEW = 100


@dataclass(frozen=True)
class Answered:
    """The answers about the items of one part.

    Attributes:
        probabilities: `(n, classes)`, as the model's files give them.
        labels: `(n,)`, positions in the classes.
        units: `(n,)`, from 0 on; items of one number belong together.
    """

    probabilities: Floats
    labels: Integers
    units: Integers | None = None


def read_answers(table: pd.DataFrame, classes: Sequence[str], units: Integers | None = None) -> Answered:
    """Take a table of predictions apart; its rows belong to these units."""
    outputs = table[[f"p_{place}" for place in range(len(classes))]].to_numpy(dtype=np.float32)
    return Answered(outputs, class_codes(table["label"], classes), units)


def calibrate(
    validation: Answered,
    test: Answered,
    classes: Sequence[str],
    *,
    temperature: float | None,
    items: str = "items",
) -> Calibration:
    """Say what the probabilities are worth.

    Args:
        validation: What may choose; the answers of a model that has not learnt from these items.
        test: What judges.
        classes: In the order of the probabilities.
        temperature: The one in the model's files; None where there is none, and it is found here.
        items: What a person calls them.
    """
    in_model = temperature is not None
    logits = log_probabilities(validation.probabilities)
    found = fit_temperature(logits, validation.labels) if temperature is None else temperature
    # With the temperature in the model its answers are those of after; else they are those of before.
    before = tempered(test.probabilities, 1 / found) if in_model else test.probabilities
    after = test.probabilities if in_model else tempered(test.probabilities, found)
    choosing = (validation.probabilities, validation.labels)
    judging = (test.probabilities, test.labels)
    return Calibration(
        temperature=found,
        in_model=in_model,
        validation=len(validation.labels),
        test=len(test.labels),
        before=reliability(before, test.labels, test.units),
        after=reliability(after, test.labels, test.units),
        coverage=coverage(*judging),
        conformal=tuple(
            judge_sets(choosing, judging, wanted=wanted, method=method) for method in METHODS for wanted in WANTED
        ),
        thresholds=class_thresholds(choosing, judging, classes),
        notes=_notes(validation, test, items, in_model=in_model),
    )


def _notes(validation: Answered, test: Answered, items: str, *, in_model: bool) -> tuple[str, ...]:
    notes = []
    if len(validation.labels) < FEW:
        notes.append(
            f"Thresholds, sets and the temperature were found on {len(validation.labels)} validation {items} only: "
            "another draw of them would give others."
        )
    if len(test.labels) < FEW:
        notes.append(f"What they are worth is judged on {len(test.labels)} test {items} only.")
    if not in_model:
        notes.append(
            "The temperature is not part of the model's files: they were made before it was. Train again to have it."
        )
    return tuple(notes)
