"""What goes along with a model in every format: its contract, with all that was found on the validation items.

It knows a run's contract and its calibration. It does not know formats: each writes this down in its own way.
"""

from __future__ import annotations

from tlcore.contract import UNFAMILIARITY, AnswerSet, Contract, Threshold, read_contract, taken_in
from tlcore.errors import RunError
from tlcore.evaluation.files import read_calibration
from tlcore.items import Field
from tlcore.modalities import find_modality
from tlcore.runs.run import Run
from tlcore.tasks.classification.calibration_schema import Calibration

# Above this an item is less like the training items than 95 % of the validation items were.
UNFAMILIAR_ABOVE = 1.0


def shipped_contract(run: Run) -> Contract:
    """Make the contract that an export carries: the run's own, with the run's name, thresholds and conformal sets.

    Raises:
        RunError: The run has no contract.
    """
    contract, calibration = read_contract(run.path), _calibration(run)
    tells = any(each.name == UNFAMILIARITY for each in contract.outputs) or contract.temperature is not None
    kind = contract.kind
    taken = taken_in(find_modality(contract.modality).spec(contract.input))
    own = (Field(kind.output, (kind.width(len(contract.classes)),)),)
    return contract.model_copy(
        update={
            "run": run.id,
            "inputs": contract.inputs or taken,  # a run of before does not say
            "outputs": contract.outputs or (own + ((Field(UNFAMILIARITY, ()),) if tells else ())),
            "unfamiliar_above": UNFAMILIAR_ABOVE if tells else None,
            "thresholds": tuple(
                Threshold(label=each.label, ratio=each.ratio, threshold=each.threshold)
                for each in calibration.thresholds
            )
            if calibration
            else (),
            "sets": tuple(
                AnswerSet(method=each.method, wanted=each.wanted, threshold=each.threshold)
                for each in calibration.conformal
            )
            if calibration
            else (),
        }
    )


def as_json(contract: Contract) -> str:
    """Write a contract as `contract.json` has it."""
    return contract.model_dump_json(indent=2)


def _calibration(run: Run) -> Calibration | None:
    try:
        return read_calibration(run.path)
    except RunError:  # a damaged one says nothing; the model is as good without
        return None
