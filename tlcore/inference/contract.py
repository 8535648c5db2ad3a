"""What a graph's numbers mean: the classes in the order of its probabilities, and what pixels it takes in.

It knows `labels.json`. It does not know the graph.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tlcore.errors import RunError, WorkspaceError
from tlcore.files import read_json
from tlcore.modalities.image.pixels import ValueRange
from tlcore.tasks import Decision


class Labels(BaseModel):
    """`labels.json`: everything beside the graph that is needed to use it.

    Attributes:
        labels: The classes, in the order of the probabilities; none where a value is predicted.
        image_size: Side of the square picture, pixels.
        resize: How a picture that is not square becomes one.
        backbone: A key of the catalogue.
        dataset: The name that the dataset had.
        value_range: Which values of a grey picture of more than 8 bits become black and white; None where the model was
            not trained on such pictures, or each was scaled by itself.
        temperature: By which the logits are divided within the model, so that probabilities mean what they say; None
            in models that were made before there was one, and where the task has none.
        task: A key of `tasks.TASKS`.
        decision: What turns outputs into an answer.
        value_name, unit: Of a predicted value, for people; empty for other tasks.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    labels: tuple[str, ...]
    image_size: int
    resize: Literal["crop", "letterbox", "stretch"]
    backbone: str = ""
    dataset: str = ""
    temperature: float | None = None
    value_range: ValueRange | None = None
    task: str = "classification"
    decision: Decision = Decision()
    value_name: str = ""
    unit: str = ""


def read_labels(run: Path) -> Labels:
    """Read a run folder's `labels.json`.

    Raises:
        RunError: It is missing or damaged.
    """
    try:
        return read_json(run / "labels.json", Labels)
    except WorkspaceError as error:
        raise RunError(str(error)) from error
