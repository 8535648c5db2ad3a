"""Whether an artefact answers as the app does.

It knows what both say and the bar that they must meet. It does not know formats.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tlcore.errors import ExportError
from tlcore.inference.predictor import UNFAMILIARITY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tlcore.export.exporter import Replay
    from tlcore.runs.run import Run

SAME_ANSWERS = 0.999
LARGEST_DIFFERENCE = 1e-3
# Of an unfamiliarity below 1, or as a share of one above: it is a distance divided by a small number.
LARGEST_DIFFERENCE_OF_SCORES = 1e-2
FEW = 30


@dataclass(frozen=True)
class Agreement:
    """How two sets of answers compare; `reason` says why they do not agree, or what to know though they do."""

    same_answers: float
    largest_difference: float
    agrees: bool
    reason: str = ""


@dataclass(frozen=True)
class AppAnswers:
    """What the app said of the test pictures: probabilities `(n, classes)`, and unfamiliarity `(n,)` where it knows."""

    probabilities: NDArray[np.float32]
    unfamiliarity: NDArray[np.float32] | None = None


def agreement(app: AppAnswers, replay: Replay, file: str) -> Agreement:
    """Hold all that an artefact says against what the app said."""
    found = compare(app.probabilities, replay.probabilities, file)
    if not found.agrees or app.unfamiliarity is None or replay.unfamiliarity is None:
        return found
    off = np.abs(replay.unfamiliarity - app.unfamiliarity) / np.maximum(1, app.unfamiliarity)
    if (off <= LARGEST_DIFFERENCE_OF_SCORES).all():
        return found
    reason = (
        f"{file} should say how unfamiliar a picture is to within {LARGEST_DIFFERENCE_OF_SCORES:.0%} of what the app "
        f"says. It was up to {float(np.nanmax(off, initial=0)):.2g} off. {REFUSED}"
    )
    return replace(found, agrees=False, reason=reason)


def compare(app: NDArray[np.float32], artefact: NDArray[np.float32], file: str) -> Agreement:
    """Hold an artefact's probabilities against the app's, picture by picture."""
    if app.shape != artefact.shape:
        return Agreement(
            0.0, 1.0, False, f"{file} should give answers of shape {app.shape}. It gave {artefact.shape}. {REFUSED}"
        )
    if not len(app):
        return Agreement(0.0, 0.0, False, f"{file} cannot be proven without test pictures. {REFUSED}")
    same = float((app.argmax(axis=1) == artefact.argmax(axis=1)).mean())
    difference = np.abs(app.astype(np.float64) - artefact)
    largest = float(difference.max()) if np.isfinite(difference).all() else 1.0
    if same < SAME_ANSWERS or largest > LARGEST_DIFFERENCE:
        return Agreement(
            same,
            largest,
            False,
            f"{file} should give at least {SAME_ANSWERS:.1%} of the app's answers and no probability more than "
            f"{LARGEST_DIFFERENCE} off. It gave {same:.2%} and was up to {largest:.2g} off. {REFUSED}",
        )
    few = f"Compared on {len(app)} test pictures only." if len(app) < FEW else ""
    return Agreement(same, largest, True, few)


REFUSED = "It is not offered. Choose another format, or export the run again."


def app_answers(run: Run) -> AppAnswers:
    """What the app said of the test pictures.

    Raises:
        ExportError: The run has not been evaluated.
    """
    import pandas as pd

    try:
        table = pd.read_parquet(run.predictions)
    except (OSError, ValueError) as error:
        raise ExportError(
            f"An artefact is compared with the run's predictions. They could not be read: {error}. "
            "Evaluate the run, then export it again."
        ) from error
    columns = [name for name in table.columns if name.startswith("p_")]
    scores = table[UNFAMILIARITY].to_numpy(dtype=np.float32) if UNFAMILIARITY in table else None
    return AppAnswers(table[columns].to_numpy(dtype=np.float32), scores)
