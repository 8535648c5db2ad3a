"""What a run folder holds of its evaluation: `evaluation.json` and `predictions.parquet`.

It knows how the two files are read. It does not know how they are made; that is `run`'s.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tlcore.errors import RunError, WorkspaceError
from tlcore.evaluation.metrics import Evaluation
from tlcore.files import read_json

if TYPE_CHECKING:
    import pandas as pd


def read_evaluation(run: Path) -> Evaluation | None:
    """The evaluation of a run folder; None where it has none yet.

    Raises:
        RunError: The file is damaged.
    """
    path = run / "evaluation.json"
    if not path.exists():
        return None
    try:
        return read_json(path, Evaluation)
    except WorkspaceError as error:
        raise RunError(str(error)) from error


def read_predictions(run: Path) -> pd.DataFrame:
    """The test pictures with their probabilities, as `metrics.predictions_table` makes them.

    Raises:
        RunError: The file is missing or damaged.
    """
    import pandas as pd  # takes a second

    path = run / "predictions.parquet"
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise RunError(
            f"The predictions of a run are needed at {path}. They could not be read: {error}. Evaluate the run again."
        ) from error
