"""Saves the state of a training in one file that survives a kill: the position, the weights, the optimizer.

It knows arrays and a file. It does not know Keras.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from tlcore.errors import RunError
from tlcore.files import remove_tree, replacing

Arrays = list[npt.NDArray[Any]]


class Place(BaseModel):
    """The next batch to be trained on.

    Attributes:
        phase: Among the run's phases, from 0; their number when all are done.
        first_epoch: The phase's first epoch, over the whole run, from 1.
        done: Whole epochs of this phase.
        batch: Batches of the epoch under way.
        worse: Epochs since the last better one, for the patience.
        seconds: Spent on this phase's training so far.
        logs: The loss and the metrics of the batches of the epoch under way.
        loss, accuracy: The same, in checkpoints of a Graft that knew classes only.
        best_score, best_epoch: Of the run.
        batch_size, accumulate, policy: As the phase uses them.
    """

    # Checkpoints of before say whether XLA compiled: no longer asked.
    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    phase: int = 0
    first_epoch: int = 1
    done: int = 0
    batch: int = 0
    worse: int = 0
    seconds: float = 0.0
    logs: dict[str, float] = {}
    loss: float | None = None
    accuracy: float | None = None
    best_score: tuple[float, float] | None = None
    best_epoch: int = 0
    batch_size: int
    accumulate: int = 1
    policy: str = "float32"

    @property
    def measured(self) -> dict[str, float]:
        """The loss and the metrics of the epoch under way."""
        before = {"loss": self.loss, "accuracy": self.accuracy}
        return self.logs or {name: value for name, value in before.items() if value is not None}

    @property
    def epoch(self) -> int:
        """The epoch that comes next, over the whole run, from 1."""
        return self.first_epoch + self.done


def save(folder: Path, place: Place, arrays: Mapping[str, Sequence[npt.NDArray[Any]]]) -> None:
    """Write a checkpoint in one step: a reader finds either the previous one or this one."""
    named: dict[str, Any] = {
        f"{name}/{index}": array for name, group in arrays.items() for index, array in enumerate(group)
    }
    text = np.frombuffer(place.model_dump_json().encode(), np.uint8)
    with replacing(folder / "checkpoint.npz") as beside, beside.open("wb") as stream:
        np.savez(stream, place=text, **named)


def place(folder: Path) -> Place | None:
    """Read the position of the training without the weights; None if there is no checkpoint."""
    try:
        with np.load(folder / "checkpoint.npz", allow_pickle=False) as stored:
            return Place.model_validate_json(stored["place"].tobytes())
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, ValidationError):
        return None


def load(folder: Path) -> tuple[Place, dict[str, Arrays]] | None:
    """Read the checkpoint; None where there is none.

    Raises:
        RunError: It is damaged, or of another version.
    """
    path = folder / "checkpoint.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            found = Place.model_validate_json(stored["place"].tobytes())
            arrays: dict[str, Arrays] = {}
            for name in stored.files:
                if name != "place":
                    arrays.setdefault(name.rpartition("/")[0], []).append(stored[name])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, ValidationError) as error:
        raise RunError(
            f"A run goes on from its checkpoint. {path} cannot be read: {error}. Start the training again as a new run."
        ) from error
    return found, arrays


def remove(folder: Path) -> None:
    """Delete the checkpoint of a run that needs none any more."""
    remove_tree(folder)
