"""What a run's answers cost, from the tables that its folder holds.

It knows where the answers lie. It does not know how costs are weighed.
"""

from __future__ import annotations

from pathlib import Path

from tlcore.contract import read_contract
from tlcore.errors import RunError
from tlcore.evaluation.files import read_predictions, read_validation
from tlcore.tasks.classification.calibration_fit import read_answers
from tlcore.tasks.classification.costs import Costs, Weighed, weigh


def weigh_run(run: Path, costs: Costs, *, asking: float | None = None, only: str | None = None) -> Weighed:
    """Say what a run's answers cost; thresholds are found on its validation items.

    Args:
        run: The run folder.
        costs: As `cost_table` makes it.
        asking: What it costs to leave an item to a person; None where that cannot be.
        only: The class to find a threshold for; None for all.

    Raises:
        RunError: The run has not been evaluated.
        DataError: The costs are no such table.
    """
    labels = read_contract(run).labels
    validation = read_validation(run)
    if validation is None:
        raise RunError(
            "Thresholds are found on answers about the validation set, by a model that had not met them. The run "
            "has none. Evaluate it, or train it again."
        )
    test = read_answers(read_predictions(run), labels)
    return weigh(read_answers(validation, labels), test, labels, costs, asking=asking, only=only)
