"""Judge a run's probabilities from the stored answers about its validation and its test items.

What is chosen (a temperature, a threshold) is chosen on validation items; what it is worth is said of test items.
It knows the tables of answers and the file that it writes. It does not know models or how the tables are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlcore.contract import UNFAMILIARITY, read_contract
from tlcore.evaluation.calibration_schema import Calibration, Strangers, Unfamiliarity
from tlcore.evaluation.conformal import METHODS, WANTED, judge_sets
from tlcore.evaluation.files import read_validation
from tlcore.evaluation.metrics import probabilities
from tlcore.evaluation.reliability import Floats, Integers, coverage, reliability, share
from tlcore.evaluation.thresholds import class_thresholds
from tlcore.files import write_json
from tlcore.tasks.classification.class_codes import class_codes
from tlcore.tasks.classification.temperature import fit_temperature, log_probabilities, tempered

if TYPE_CHECKING:
    import pandas as pd

FEW = 100
NO_SECOND_OUTPUT = (
    "The model was made before there was a second output that says how unlike the training pictures a picture is. "
    "Train again to have it."
)


@dataclass(frozen=True)
class Answered:
    """The answers about the items of one part.

    Attributes:
        probabilities: `(n, classes)`, as the model's files give them.
        labels: `(n,)`, positions in the classes.
        unfamiliarity: `(n,)`; above 1 an item is called unfamiliar. None where the model does not say.
        units: `(n,)`, from 0 on; items of one number belong together.
    """

    probabilities: Floats
    labels: Integers
    unfamiliarity: Floats | None = None
    units: Integers | None = None


def calibrate_run(run: Path, predictions: pd.DataFrame, units: Integers, strangers: Sequence[Strangers] = ()) -> None:
    """Write `calibration.json` of a run folder from its `validation.parquet` and the answers about its test items.

    Where there are no answers about validation items by a model that had not met them, nothing can be chosen, and
    there is no such file.
    """
    validation, labels = read_validation(run), read_contract(run)
    if validation is None:
        (run / "calibration.json").unlink(missing_ok=True)
        return
    found = calibrate(
        read_answers(validation, labels.labels),
        read_answers(predictions, labels.labels, units),
        labels.labels,
        temperature=labels.temperature,
        strangers=strangers,
    )
    write_json(run / "calibration.json", found)


def read_answers(table: pd.DataFrame, classes: Sequence[str], units: Integers | None = None) -> Answered:
    """Take a table of predictions apart, as `metrics.predictions_table` makes them; its rows belong to these units."""
    known = UNFAMILIARITY in table and bool(table[UNFAMILIARITY].notna().all())
    return Answered(
        probabilities(table, len(classes)),
        class_codes(table["label"], classes),
        table[UNFAMILIARITY].to_numpy(dtype=np.float32) if known else None,
        units,
    )


def calibrate(
    validation: Answered,
    test: Answered,
    classes: Sequence[str],
    *,
    temperature: float | None,
    strangers: Sequence[Strangers] = (),
) -> Calibration:
    """Say what the probabilities are worth.

    Args:
        validation: What may choose; the answers of a model that has not learnt from these items.
        test: What judges.
        classes: In the order of the probabilities.
        temperature: The one in the model's files; None where there is none, and it is found here.
        strangers: What the model said of items of other datasets.
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
        unfamiliarity=_unfamiliarity(validation, test, strangers),
        notes=_notes(validation, test, in_model=in_model),
    )


def _unfamiliarity(validation: Answered, test: Answered, strangers: Sequence[Strangers]) -> Unfamiliarity | None:
    if validation.unfamiliarity is None or test.unfamiliarity is None:
        return None
    return Unfamiliarity(
        validation=float((validation.unfamiliarity > 1).mean()) if len(validation.labels) else 0.0,
        test=share(int((test.unfamiliarity > 1).sum()), len(test.labels)),
        strangers=tuple(strangers),
    )


def _notes(validation: Answered, test: Answered, *, in_model: bool) -> tuple[str, ...]:
    notes = []
    if len(validation.labels) < FEW:
        notes.append(
            f"Thresholds, sets and the temperature were found on {len(validation.labels)} validation pictures only: "
            "another draw of them would give others."
        )
    if len(test.labels) < FEW:
        notes.append(f"What they are worth is judged on {len(test.labels)} test pictures only.")
    if not in_model:
        notes.append(
            "The temperature is not part of the model's files: they were made before it was. Train again to have it."
        )
    if test.unfamiliarity is None:
        notes.append(NO_SECOND_OUTPUT)
    return tuple(notes)
