"""Compares the trials of a sweep in a table: accuracy, size, time.

It knows what a trial's run folder says of it. It does not know how the trials were chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tlcore.runs.config import TargetMetric
from tlcore.runs.events import EpochEnded, Evaluated
from tlcore.runs.run import Run
from tlcore.runs.state import RunState
from tlcore.sweeps.state import Trial
from tlcore.sweeps.sweep import Sweep
from tlcore.tasks import lower_is_better
from tlcore.workspace import Workspace


@dataclass(frozen=True)
class Row:
    """A trial and what came of it.

    Attributes:
        epochs: That were trained, a warm-up of the head included.
        validation: The target metric of the kept epoch on the validation items; what trials are chosen by.
        validation_loss: Of the same epoch, nats; decides between equals.
        test: The judgement on the test items, which chose nothing.
        seconds: At work, without the time in line.
        bytes: Of the model file.
    """

    trial: Trial
    epochs: int = 0
    validation: float | None = None
    validation_loss: float | None = None
    test: Evaluated | None = None
    seconds: float | None = None
    bytes: int | None = None


def measured(epoch: EpochEnded, metric: TargetMetric) -> float | None:
    """The target metric of an epoch on the validation items; None where it was not measured."""
    return epoch.val_loss if metric == "loss" else epoch.val_figures.get(metric)


def rows(workspace: Workspace, sweep: Sweep, trials: Sequence[Trial]) -> tuple[Row, ...]:
    """Read what came of the trials; one whose run was deleted has nothing to say."""
    metric = sweep.config.metric
    return tuple(_row(Run(workspace.runs / trial.run), trial, metric) for trial in trials)


def best(rows: Sequence[Row], metric: TargetMetric) -> Row | None:
    """Return the best trial on the validation set, never on the test set; None if none was evaluated.

    Between equals the lower validation loss decides, then the smaller file.
    """
    sign = 1 if lower_is_better(metric) else -1

    def order(row: Row) -> tuple[float, float, int]:
        return sign * (row.validation or 0.0), row.validation_loss or 0.0, row.bytes or 0

    return min((row for row in rows if row.validation is not None and row.test is not None), key=order, default=None)


def front(rows: Sequence[Row], cost: Callable[[Row], float | None], metric: TargetMetric) -> tuple[Row, ...]:
    """The finished trials that no other beats in validation at the same cost or less, the cheapest first."""
    sign = 1 if lower_is_better(metric) else -1
    known = [
        (price, sign * row.validation, row)
        for row in rows
        if row.trial.state == "finished" and row.validation is not None and (price := cost(row)) is not None
    ]
    kept: list[Row] = []
    least = float("inf")
    for _, value, row in sorted(known, key=lambda entry: entry[:2]):
        if value < least:
            least = value
            kept.append(row)
    return tuple(kept)


def _row(run: Run, trial: Trial, metric: TargetMetric) -> Row:
    if not trial.run or not run.path.exists():
        return Row(trial)
    state = run.state()
    epoch = _kept_epoch(state)
    return Row(
        trial,
        epochs=len(state.epochs),
        validation=None if epoch is None else measured(epoch, metric),
        validation_loss=None if epoch is None else epoch.val_loss,
        test=state.test,
        seconds=state.total_seconds,
        bytes=run.model_onnx.stat().st_size if run.model_onnx.exists() else None,
    )


def _kept_epoch(state: RunState) -> EpochEnded | None:
    return next((epoch for epoch in state.epochs if epoch.epoch == state.best_epoch), None)
