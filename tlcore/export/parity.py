"""Whether an artefact answers as the app does.

It knows what both say and the bar that they must meet. It does not know formats, nor tasks: what counts as the same
answer is the task's, and so is the headline metric by which a loss is measured.

Probabilities are compared as they are. Values have a unit, so their differences are taken as shares of the spread of
the app's answers for the test items, the largest less the smallest: 0.001 is a thousandth of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tlcore.contract import UNFAMILIARITY, read_contract
from tlcore.errors import ExportError
from tlcore.evaluation.files import units_of_test
from tlcore.file_format import Precision, bar_of
from tlcore.files import read_parquet
from tlcore.modalities import Noun, find_modality
from tlcore.runs.manifest import Accuracy, Awkward
from tlcore.tasks import Decision, Task, find_task
from tlcore.tasks.classification import CLASSIFICATION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tlcore.export.exporter import Replay
    from tlcore.runs.run import Run

# Of an unfamiliarity below 1, or as a share of one above: it is a distance divided by a small number.
LARGEST_DIFFERENCE_OF_SCORES = 1e-2
# Of the test items: when so many more or fewer are called unfamiliar in fewer bits, it is said.
STRANGE_SHARE = 0.05
FEW = 30
ITEM = Noun("item", "items")
NAMED = 3  # files, in a sentence


@dataclass(frozen=True)
class Agreement:
    """How two sets of answers compare; `reason` says what was lost, or what to know though nothing was.

    Attributes:
        largest_difference: Of a probability, or of a value as a share of the spread of the values.
        accuracy: The headline metric of the artefact, with its interval; None where the right answers are not known.
        failed: It gave no answers to speak of, and is worth nothing to anybody.
    """

    same_answers: float
    largest_difference: float
    agrees: bool
    reason: str = ""
    accuracy: Accuracy | None = None
    failed: bool = False


@dataclass(frozen=True)
class AppAnswers:
    """What the app said of the test items.

    Attributes:
        outputs: `(n, width)`.
        unfamiliarity: `(n,)`; None where the model does not say.
        targets: The right answers, a row for each item as the task has them; None where they are not known.
        units: `(n,)`, numbers from 0 on, equal for items that belong together; each alone where there are none.
        task: Whose outputs they are.
        decision: What turns outputs into answers.
        unit: Of values.
        noun: What an item is called.
    """

    outputs: NDArray[np.float32]
    unfamiliarity: NDArray[np.float32] | None = None
    targets: NDArray[Any] | None = None
    units: NDArray[np.int64] | None = None
    task: Task = CLASSIFICATION
    decision: Decision = field(default_factory=Decision)
    unit: str = ""
    noun: Noun = ITEM

    @property
    def spread(self) -> float:
        """The unit of differences: 1 for probabilities, the spread of the answers for values."""
        if self.task.output != "values" or not len(self.outputs):
            return 1.0
        return float(np.ptp(self.outputs)) or 1.0

    def only(self, rows: NDArray[np.int64]) -> AppAnswers:
        """Choose some of the items."""
        return replace(
            self,
            outputs=self.outputs[rows],
            unfamiliarity=None if self.unfamiliarity is None else self.unfamiliarity[rows],
            targets=None if self.targets is None else self.targets[rows],
            units=None if self.units is None else self.units[rows],
        )


def draw(strata: Sequence[tuple[str, ...]], most: int, *, seed: int) -> NDArray[np.int64]:
    """Draw rows in proportion to their strata, each stratum to within one of its share; in their order."""
    order = np.random.default_rng(seed).permutation(len(strata))
    order = np.array(sorted(order.tolist(), key=lambda row: strata[row]), np.int64)  # stable: drawn within a stratum
    return np.sort(order[np.linspace(0, len(order) - 1, min(most, len(order))).round().astype(np.int64)])


def agreement(app: AppAnswers, replay: Replay, file: str, precision: Precision = "fp32") -> Agreement:
    """Hold all that an artefact says against what the app said, and against the bar of its precision."""
    found = compare(app, replay.outputs, file, precision)
    if found.failed:
        return found
    if app.targets is not None and len(app.targets):
        found = _with_headline(found, app, app.targets, replay.outputs, file, precision)
    if app.unfamiliarity is not None and replay.unfamiliarity is not None:
        found = _with_scores(found, app.unfamiliarity, replay.unfamiliarity, file, precision, app.noun)
    return replace(found, reason=" ".join(filter(None, [found.reason, replay.note])))


def compare(app: AppAnswers, artefact: NDArray[np.float32], file: str, precision: Precision = "fp32") -> Agreement:
    """Hold an artefact's outputs against the app's, item by item."""
    if app.outputs.shape != artefact.shape:
        said = f"{file} should give answers of shape {app.outputs.shape}. It gave {artefact.shape}. {REFUSED}"
        return Agreement(0.0, 1.0, False, said, failed=True)
    if not len(app.outputs):
        return Agreement(
            0.0, 0.0, False, f"{file} cannot be proven without test {app.noun.many}. {REFUSED}", failed=True
        )
    values = app.task.output == "values"
    bar = bar_of(precision, values=values)
    same = float(app.task.same(app.outputs, artefact, app.decision).mean())
    difference = np.abs(app.outputs.astype(np.float64) - artefact) / app.spread
    if not np.isfinite(difference).all():
        said = f"{file} gives no numbers for some of the test {app.noun.many}. {REFUSED}"
        return Agreement(same, 1.0, False, said, failed=True)
    largest = float(difference.max())
    if same < bar.same_answers or largest > bar.largest_difference:
        wanted = f"{file} should give at least {bar.same_answers:.1%} of the app's answers"
        if bar.largest_difference < 1:
            most = f"value more than {bar.largest_difference:.1%} of their spread off"
            wanted += f" and no {most if values else f'probability more than {bar.largest_difference} off'}"
        off = f"{largest:.2g} of the spread" if values else f"{largest:.2g}"
        said = f"{wanted}. It gave {same:.2%} and was up to {off} off."
        return Agreement(same, largest, False, said)
    few = f"Compared on {len(app.outputs)} test {app.noun.many} only." if len(app.outputs) < FEW else ""
    return Agreement(same, largest, True, few)


def _with_headline(
    found: Agreement,
    app: AppAnswers,
    targets: NDArray[Any],
    artefact: NDArray[np.float32],
    file: str,
    precision: Precision,
) -> Agreement:
    task = app.task
    metric = task.metrics[0]
    headline, before = (task.headline(outputs, targets, app.units) for outputs in (artefact, app.outputs))
    value = headline.value
    accuracy = Accuracy(value=value, low=headline.low, high=headline.high, metric=metric.key, unit=app.unit)
    found = replace(found, accuracy=accuracy)
    allowed = bar_of(precision, values=metric.kind == "value").lost_accuracy
    lost = (before.value - value if metric.higher_is_better else value - before.value) / app.spread
    if allowed is None or lost <= allowed + 1e-9:
        return found
    if metric.kind == "value":
        reason = (
            f"{file} should be off by at most {allowed:.0%} of the values' spread more than the app. Its "
            f"{metric.title} is {metric.plain(value, app.unit)}, the app's {metric.plain(before.value, app.unit)}."
        )
    else:
        reason = (
            f"{file} should lose at most {100 * allowed:.0f} points of {metric.name}. It has {value:.1%}, "
            f"{100 * lost:.1f} points less than the app."
        )
    return replace(found, agrees=False, reason=reason)


def _with_scores(
    found: Agreement,
    app: NDArray[np.float32],
    artefact: NDArray[np.float32],
    file: str,
    precision: Precision,
    noun: Noun,
) -> Agreement:
    if precision != "fp32":  # what counts is who is called unfamiliar; that is said where it changed much
        before, after = (float((scores > 1).mean()) for scores in (app, artefact))
        if found.agrees and abs(after - before) > STRANGE_SHARE:
            said = f"It calls {after:.0%} of the test {noun.many} unfamiliar; the app {before:.0%}."
            return replace(found, reason=" ".join(filter(None, [found.reason, said])))
        return found
    off = np.abs(artefact - app) / np.maximum(1, app)
    if not found.agrees or (off <= LARGEST_DIFFERENCE_OF_SCORES).all():
        return found
    reason = (
        f"{file} should say how unfamiliar each {noun.one} is to within {LARGEST_DIFFERENCE_OF_SCORES:.0%} of what the "
        f"app says. It was up to {float(np.nanmax(off, initial=0)):.2g} off."
    )
    return replace(found, agrees=False, reason=reason)


def reading_fault(found: Awkward | None, file: str) -> str:
    """Say which awkward files an artefact reads otherwise than the app; empty where it reads all as the app does."""
    if found is None or not found.differing:
        return ""
    named = "; ".join(found.differing[:NAMED])
    more = len(found.differing) - NAMED
    return (
        f"{file} should read files as the app does. Of {found.files} awkward files, {len(found.differing)} differ: "
        f"{named}{f'; and {more} more' if more > 0 else ''}."
    )


REFUSED = "It is not offered. Choose another format, or export the run again."


def app_answers(run: Run) -> AppAnswers:
    """What the app said of the test items.

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
    about, contract = run.dataset, read_contract(run.path)
    task = find_task(about.task)
    columns = task.columns(task.width(len(about.classes)))
    if missing := [name for name in columns if name not in table]:
        raise ExportError(
            f"An artefact is compared with the run's predictions. They have no column {', '.join(missing[:3])}. "
            "Evaluate the run, then export it again."
        )
    scores = table[UNFAMILIARITY].to_numpy(dtype=np.float32) if UNFAMILIARITY in table else None
    known = "label" in table and {name for label in set(table["label"]) for name in task.names(label)} <= set(
        about.classes
    )
    together = units_of_test(run.split())
    units = np.array([together.get(sha, -1) for sha in table["sha256"]], np.int64) if "sha256" in table else None
    return AppAnswers(
        table[columns].to_numpy(dtype=np.float32),
        scores,
        task.targets(list(table["label"]), about.classes) if known else None,
        units if units is not None and (units >= 0).all() else None,
        task,
        contract.decision,
        about.unit,
        find_modality(contract.modality).noun,
    )
