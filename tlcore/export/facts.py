"""What goes along with a model in every format: what its numbers mean, and what was learnt about them.

It knows a run's labels and its calibration. It does not know formats: each writes this down in its own way.
"""

from __future__ import annotations

from typing import Any

from tlcore.errors import RunError
from tlcore.evaluation.calibration_schema import Calibration, read_calibration
from tlcore.inference.contract import read_labels
from tlcore.inference.predictor import UNFAMILIARITY
from tlcore.runs.run import Run

# Above this a picture is less like the training pictures than 95 % of the validation pictures were.
UNFAMILIAR_ABOVE = 1.0


def facts(run: Run) -> dict[str, Any]:
    """Everything beside the weights that is needed to use the model, as JSON has it.

    Keys: `run`, `dataset`, `backbone`, `labels` (the classes in the order of the probabilities), `image_size` (side of
    the square, pixels), `resize` (`crop`, `letterbox`, `stretch`), `value_range` (which values of
    a grey picture of more than 8 bits become black and white, or None), `input` and `outputs` (what the numbers are),
    `temperature` (divided into the head's weights already; nothing is left to do), `unfamiliar_above` (None where the
    model does not say how unfamiliar a picture is), `thresholds` (`label`, `ratio`, `threshold`: from which probability
    on a picture should count as of a class when missing one costs `ratio` false alarms), `sets` (`method`, `wanted`,
    `threshold` of conformal sets).

    Raises:
        RunError: The run has no labels.
    """
    labels, calibration = read_labels(run.path), _calibration(run)
    tells = labels.temperature is not None  # the two came together
    return {
        "schema_version": 1,
        "run": run.id,
        "dataset": labels.dataset,
        "backbone": labels.backbone,
        "labels": list(labels.labels),
        "image_size": labels.image_size,
        "resize": labels.resize,
        "value_range": labels.value_range,
        "input": {"name": "pixels", "layout": "NHWC", "channels": "RGB", "type": "float32", "range": [0, 255]},
        "outputs": ["probabilities", *([UNFAMILIARITY] if tells else [])],
        "temperature": labels.temperature,
        "unfamiliar_above": UNFAMILIAR_ABOVE if tells else None,
        "thresholds": [each.model_dump(include={"label", "ratio", "threshold"}) for each in calibration.thresholds]
        if calibration
        else [],
        "sets": [each.model_dump(include={"method", "wanted", "threshold"}) for each in calibration.conformal]
        if calibration
        else [],
    }


def _calibration(run: Run) -> Calibration | None:
    try:
        return read_calibration(run.path)
    except RunError:  # a damaged one says nothing; the model is as good without
        return None
