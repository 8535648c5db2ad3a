"""What a run folder holds of its evaluation: `evaluation.json`, tables of predictions, and what lies in `evaluation/`.

It knows how the files are read and where they lie. It does not know how they are made; that is `run`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tlcore.data.info import write_table
from tlcore.data.split.stratify import together
from tlcore.errors import RunError, WorkspaceError
from tlcore.files import read_json, read_parquet, replacing
from tlcore.tasks.classification.calibration_schema import Calibration
from tlcore.tasks.evaluation import Evaluation, Figure

if TYPE_CHECKING:
    import pandas as pd


Schema = TypeVar("Schema", bound=BaseModel)


class _Part(BaseModel):
    # A newer worker may add fields: an older page ignores them.
    model_config = ConfigDict(frozen=True, extra="ignore")


@dataclass(frozen=True)
class FrozenFeatures:
    """Features of the backbone as it was before training, of items of every part of a run.

    Attributes:
        items: `sha256`, `file`, `label` and `split` of each row.
        rows: `(n, d)`, half precision, on the disk.
    """

    items: pd.DataFrame
    rows: npt.NDArray[np.float16]


class Strangers(_Part):
    """Items of another dataset, none of which is one of the run's.

    Attributes:
        auroc: How often one of them is called less familiar than one of the run's test items, with its 95 %
            interval; 0.5 is chance.
        recognised: The share of them that is called unfamiliar.
    """

    dataset: str
    name: str
    n: int
    auroc: Figure
    recognised: float


class Unfamiliarity(_Part):
    """`evaluation/ood.json`: whether the model knows what it does not know.

    Attributes:
        validation, test: The share of these items that is called unfamiliar; about 5 % by construction.
        strangers: For each other dataset of the workspace.
    """

    validation: float
    test: Figure
    strangers: tuple[Strangers, ...] = ()


class _WithUnfamiliarity(_Part):
    """`calibration.json` of runs of before, which held it."""

    unfamiliarity: Unfamiliarity | None = None


def read_evaluation(run: Path) -> Evaluation | None:
    """Read the evaluation of a run of any task; None where there is none yet.

    Raises:
        RunError: The file is damaged.
    """
    return _json(run / "evaluation.json", Evaluation)


def read_calibration(run: Path) -> Calibration | None:
    """Read what the probabilities of a classifier are worth; None where there is none yet.

    Raises:
        RunError: The file is damaged.
    """
    return _json(run / "calibration.json", Calibration)


def read_ood(run: Path) -> Unfamiliarity | None:
    """Read how the model tells items that are none of its own; None where it has no second output.

    Raises:
        RunError: The file is damaged.
    """
    if (found := _json(run / "evaluation" / "ood.json", Unfamiliarity)) is not None:
        return found
    old = _json(run / "calibration.json", _WithUnfamiliarity)
    return old.unfamiliarity if old else None


def read_predictions(run: Path) -> pd.DataFrame:
    """The test items with their probabilities, as `predictions.predictions_table` makes them.

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
    return _table(path, "The validation answers of a run") if path.exists() else None


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
    items = _table(run / "evaluation" / "pictures.parquet", "The items of the features")
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


def _json(path: Path, schema: type[Schema]) -> Schema | None:
    if not path.exists():
        return None
    try:
        return read_json(path, schema)
    except WorkspaceError as error:
        raise RunError(str(error)) from error


def _table(path: Path, what: str) -> pd.DataFrame:
    try:
        return read_parquet(path)
    except (OSError, ValueError) as error:
        raise RunError(
            f"{what} are needed at {path}. They could not be read: {error}. Evaluate the run again."
        ) from error
