"""What a run folder holds of its evaluation: `evaluation.json`, tables of predictions, and what lies in `evaluation/`.

It knows how the files are read and where they lie. It does not know how they are made; that is `run`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tlcore.data.info import write_table
from tlcore.data.split.stratify import together
from tlcore.errors import RunError, WorkspaceError
from tlcore.evaluation.metrics import Evaluation
from tlcore.files import read_json, read_parquet, replacing
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.tasks.evaluation import TaskEvaluation

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class FrozenFeatures:
    """Features of the backbone as it was before training, of items of every part of a run.

    Attributes:
        items: `sha256`, `file`, `label` and `split` of each row.
        rows: `(n, d)`, half precision, on the disk.
    """

    items: pd.DataFrame
    rows: npt.NDArray[np.float16]


class _Kind(BaseModel):
    """What kind of evaluation a file holds; those of a Graft that knew classes only do not say."""

    model_config = ConfigDict(extra="ignore")

    task: str = CLASSIFICATION.key


def read_evaluation(run: Path) -> Evaluation | None:
    """Read the evaluation of a classifier; None where there is none yet, or where the run has another task.

    Raises:
        RunError: The file is damaged.
    """
    path = run / "evaluation.json"
    if not path.exists():
        return None
    try:
        return read_json(path, Evaluation) if read_json(path, _Kind).task == CLASSIFICATION.key else None
    except WorkspaceError as error:
        raise RunError(str(error)) from error


def read_task_evaluation(run: Path) -> TaskEvaluation | None:
    """Read the evaluation of a run whose task is not classification; None where there is none yet, or the task is.

    Raises:
        RunError: The file is damaged.
    """
    path = run / "evaluation.json"
    if not path.exists():
        return None
    try:
        return read_json(path, TaskEvaluation) if read_json(path, _Kind).task != CLASSIFICATION.key else None
    except WorkspaceError as error:
        raise RunError(str(error)) from error


def read_predictions(run: Path) -> pd.DataFrame:
    """The test items with their probabilities, as `metrics.predictions_table` makes them.

    Raises:
        RunError: The file is missing or damaged.
    """
    return _table(run / "predictions.parquet", "The predictions of a run")


def read_validation(run: Path) -> pd.DataFrame | None:
    """The same of the validation items, which chose the epoch; None in a run of long ago.

    Raises:
        RunError: The file is damaged.
    """
    path = run / "validation.parquet"
    return _table(path, "The validation pictures of a run") if path.exists() else None


def read_curves(run: Path) -> pd.DataFrame | None:
    """The points of both curves of every class, as `curves.class_curves` makes them; None in a run of long ago.

    Raises:
        RunError: The file is damaged.
    """
    path = run / "evaluation" / "curves.parquet"
    return _table(path, "The curves of a run") if path.exists() else None


def read_features(run: Path) -> FrozenFeatures | None:
    """The features of the frozen backbone; None where there are none.

    Raises:
        RunError: The table beside them is damaged.
    """
    try:
        rows = np.load(run / "evaluation" / "features.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        return None
    items = _table(run / "evaluation" / "pictures.parquet", "The pictures of the features")
    return FrozenFeatures(items, rows) if len(items) == len(rows) else None


def units_of_test(split: pd.DataFrame) -> dict[str, int]:
    """A number for each test item of a run's split, by SHA-256, equal for those that belong together, from 0 on."""
    test = split[split["split"] == "test"]
    if test.empty:
        return {}
    groups = test["group"].to_numpy(dtype=object) if "group" in test else np.full(len(test), "", object)
    units = np.unique(together(test["sha256"].to_numpy(dtype=object), groups), return_inverse=True)[1]
    return dict(zip(test["sha256"], units.tolist(), strict=True))


def write_features(run: Path, features: FrozenFeatures) -> None:
    """Keep features in a run folder; the table is there before the rows that it is about."""
    write_table(run / "evaluation" / "pictures.parquet", features.items)
    with replacing(run / "evaluation" / "features.npy") as path, path.open("wb") as stream:
        np.save(stream, features.rows)


def _table(path: Path, what: str) -> pd.DataFrame:
    try:
        return read_parquet(path)
    except (OSError, ValueError) as error:
        raise RunError(
            f"{what} are needed at {path}. They could not be read: {error}. Evaluate the run again."
        ) from error
