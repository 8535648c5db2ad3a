"""Whether an artefact answers as the app does.

It knows what both say and the bar that they must meet. It does not know formats.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tlcore.errors import ExportError
from tlcore.evaluation.figures import Interval
from tlcore.evaluation.files import units_of_test
from tlcore.evaluation.scores import share
from tlcore.files import read_parquet
from tlcore.inference.predictor import UNFAMILIARITY
from tlcore.runs.formats import BARS, Precision
from tlcore.tasks.classification.class_codes import class_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tlcore.export.exporter import Replay
    from tlcore.runs.run import Run

# Of an unfamiliarity below 1, or as a share of one above: it is a distance divided by a small number.
LARGEST_DIFFERENCE_OF_SCORES = 1e-2
# Of the test pictures: when so many more or fewer are called unfamiliar in fewer bits, it is said.
STRANGE_SHARE = 0.05
FEW = 30


@dataclass(frozen=True)
class Agreement:
    """How two sets of answers compare; `reason` says what was lost, or what to know though nothing was.

    Attributes:
        accuracy: Of the artefact, with its interval; None where the right answers are not known.
        failed: It gave no answers to speak of, and is worth nothing to anybody.
    """

    same_answers: float
    largest_difference: float
    agrees: bool
    reason: str = ""
    accuracy: Interval | None = None
    failed: bool = False


@dataclass(frozen=True)
class AppAnswers:
    """What the app said of the test pictures.

    Attributes:
        probabilities: `(n, classes)`.
        unfamiliarity: `(n,)`; None where the model does not say.
        true: `(n,)`, the right answers as positions in the classes; None where they are not known.
        units: `(n,)`, numbers from 0 on, equal for pictures that belong together; each alone where there are none.
    """

    probabilities: NDArray[np.float32]
    unfamiliarity: NDArray[np.float32] | None = None
    true: NDArray[np.int64] | None = None
    units: NDArray[np.int64] | None = None


def agreement(app: AppAnswers, replay: Replay, file: str, precision: Precision = "fp32") -> Agreement:
    """Hold all that an artefact says against what the app said, and against the bar of its precision."""
    found = compare(app.probabilities, replay.probabilities, file, precision)
    if found.failed:
        return found
    if app.true is not None and len(app.true):
        found = _with_accuracy(found, app, app.true, replay.probabilities, file, precision)
    if app.unfamiliarity is not None and replay.unfamiliarity is not None:
        found = _with_scores(found, app.unfamiliarity, replay.unfamiliarity, file, precision)
    return replace(found, reason=" ".join(filter(None, [found.reason, replay.note])))


def compare(
    app: NDArray[np.float32], artefact: NDArray[np.float32], file: str, precision: Precision = "fp32"
) -> Agreement:
    """Hold an artefact's probabilities against the app's, picture by picture."""
    if app.shape != artefact.shape:
        said = f"{file} should give answers of shape {app.shape}. It gave {artefact.shape}. {REFUSED}"
        return Agreement(0.0, 1.0, False, said, failed=True)
    if not len(app):
        return Agreement(0.0, 0.0, False, f"{file} cannot be proven without test pictures. {REFUSED}", failed=True)
    bar = BARS[precision]
    same = float((app.argmax(axis=1) == artefact.argmax(axis=1)).mean())
    difference = np.abs(app.astype(np.float64) - artefact)
    if not np.isfinite(difference).all():
        said = f"{file} gives no numbers for some of the test pictures. {REFUSED}"
        return Agreement(same, 1.0, False, said, failed=True)
    largest = float(difference.max())
    if same < bar.same_answers or largest > bar.largest_difference:
        wanted = f"{file} should give at least {bar.same_answers:.1%} of the app's answers"
        wanted += f" and no probability more than {bar.largest_difference} off" if bar.largest_difference < 1 else ""
        said = f"{wanted}. It gave {same:.2%} and was up to {largest:.2g} off."
        return Agreement(same, largest, False, said)
    few = f"Compared on {len(app)} test pictures only." if len(app) < FEW else ""
    return Agreement(same, largest, True, few)


def _with_accuracy(
    found: Agreement,
    app: AppAnswers,
    true: NDArray[np.int64],
    artefact: NDArray[np.float32],
    file: str,
    precision: Precision,
) -> Agreement:
    right = artefact.argmax(axis=1) == true
    found = replace(found, accuracy=share(right, app.units))
    allowed = BARS[precision].lost_accuracy
    lost = float((app.probabilities.argmax(axis=1) == true).mean() - right.mean())
    if allowed is None or lost <= allowed + 1e-9:
        return found
    reason = (
        f"{file} should lose at most {100 * allowed:.0f} points of accuracy. It is right about {right.mean():.1%} of "
        f"the test pictures, {100 * lost:.1f} points less than the app."
    )
    return replace(found, agrees=False, reason=reason)


def _with_scores(
    found: Agreement, app: NDArray[np.float32], artefact: NDArray[np.float32], file: str, precision: Precision
) -> Agreement:
    if precision != "fp32":  # what counts is who is called unfamiliar; that is said where it changed much
        before, after = (float((scores > 1).mean()) for scores in (app, artefact))
        if found.agrees and abs(after - before) > STRANGE_SHARE:
            said = f"It calls {after:.0%} of the test pictures unfamiliar; the app {before:.0%}."
            return replace(found, reason=" ".join(filter(None, [found.reason, said])))
        return found
    off = np.abs(artefact - app) / np.maximum(1, app)
    if not found.agrees or (off <= LARGEST_DIFFERENCE_OF_SCORES).all():
        return found
    reason = (
        f"{file} should say how unfamiliar a picture is to within {LARGEST_DIFFERENCE_OF_SCORES:.0%} of what the app "
        f"says. It was up to {float(np.nanmax(off, initial=0)):.2g} off."
    )
    return replace(found, agrees=False, reason=reason)


REFUSED = "It is not offered. Choose another format, or export the run again."


def app_answers(run: Run) -> AppAnswers:
    """What the app said of the test pictures.

    Raises:
        ExportError: The run has not been evaluated.
    """
    try:
        table = read_parquet(run.predictions)
    except (OSError, ValueError) as error:
        raise ExportError(
            f"An artefact is compared with the run's predictions. They could not be read: {error}. "
            "Evaluate the run, then export it again."
        ) from error
    columns = [name for name in table.columns if name.startswith("p_")]
    scores = table[UNFAMILIARITY].to_numpy(dtype=np.float32) if UNFAMILIARITY in table else None
    classes = run.dataset.classes
    known = class_codes(table["label"], classes) if "label" in table and set(table["label"]) <= set(classes) else None
    together = units_of_test(run.split())
    units = np.array([together.get(sha, -1) for sha in table["sha256"]], np.int64) if "sha256" in table else None
    return AppAnswers(
        table[columns].to_numpy(dtype=np.float32),
        scores,
        known,
        units if units is not None and (units >= 0).all() else None,
    )
