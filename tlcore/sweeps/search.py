"""Suggests the next trial of a sweep and prunes unpromising ones, with Optuna; the study is kept on the disk.

It knows Optuna, and is the only module that does. It does not know runs or processes. Import it inside the worker only:
Optuna takes a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import optuna
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from tlcore.files import write_bytes
from tlcore.runs.config import TargetMetric
from tlcore.runs.events import EpochEnded
from tlcore.sweeps.config import Point, SweepConfig, blocks_of, default_rate, grid, most_trials
from tlcore.sweeps.sweep import Sweep
from tlcore.sweeps.table import measured
from tlcore.tasks import lower_is_better

# A decade to either side of the defaults of the settings, searched on a logarithmic scale. That of a head depends on
# the task.
DECADE = 10
FINE_TUNE_RATES = (1e-4, 1e-2)
# Successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning", 2020): after a quarter and a
# half of the epochs, only the better half of those that came so far goes on.
HALVING = 2
FIRST_RUNG = 4
FEWEST_TO_COMPARE = 3  # trials that must be over before any is hopeless: half of one or two says nothing
OVER = (TrialState.COMPLETE, TrialState.PRUNED)
STARTUP_TRIALS = 10  # drawn at random before TPE has something to learn from


@dataclass(frozen=True)
class Attempt:
    """A trial that is under way: `number` counts from 1, `run` is empty until one was made."""

    trial: optuna.Trial
    number: int
    point: Point
    run: str = ""


class Search:
    """The study of a sweep; reopened after a crash, it continues where it was."""

    def __init__(self, sweep: Sweep) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.config = sweep.config
        _mend(sweep.study)
        backend = JournalFileBackend(str(sweep.study), lock_obj=_HeldAlready(str(sweep.study)))
        self._study = optuna.create_study(
            study_name=sweep.id,
            storage=optuna.storages.JournalStorage(backend),
            load_if_exists=True,
            direction="minimize" if lower_is_better(self.config.metric) else "maximize",
            pruner=optuna.pruners.SuccessiveHalvingPruner(
                min_resource=max(1, math.ceil(self.config.epochs / FIRST_RUNG)), reduction_factor=HALVING
            ),
        )
        points = grid(self.config)
        # The same seed once more would suggest the same points again.
        self._study.sampler = optuna.samplers.TPESampler(
            seed=self.config.seed + len(self._study.trials), n_startup_trials=min(len(points), STARTUP_TRIALS)
        )
        if self.config.trials >= len(points):
            # All of them, the quickest first; TPE has the trials that are left.
            for point in points:
                self._study.enqueue_trial(_parameters(self.config, point), skip_if_exists=True)
        self._forgiven = self._retry_the_failed()

    def next(self) -> Attempt | None:
        """The trial that was cut short, or else the next one; None when there were enough."""
        numbered = [trial for trial in self._trials() if "number" in trial.user_attrs]
        for frozen in self._trials(TrialState.RUNNING):
            trial = optuna.Trial(self._study, frozen._trial_id)
            number = frozen.user_attrs.get("number", len(numbered) + 1)
            return self._attempt(trial, number, self._suggest(trial), frozen.user_attrs.get("run", ""))
        if len(numbered) - self._forgiven >= most_trials(self.config):
            return None
        trial = self._study.ask()
        point = self._suggest(trial)
        if self.config.rates and (earlier := self._tried().get(point)):
            # Given rates span few points, and TPE may name one twice: it learns nothing new, and another has its turn.
            value = earlier.value if earlier.state is TrialState.COMPLETE else None
            self._study.tell(trial, value, state=earlier.state)
            untried = (other for other in grid(self.config) if other not in self._tried())
            for other in islice(untried, 1):
                self._study.enqueue_trial(_parameters(self.config, other))
            trial = self._study.ask()
            point = self._suggest(trial)
        return self._attempt(trial, len(numbered) + 1, point)

    def made(self, attempt: Attempt, run: str) -> Attempt:
        """Remember the run of a trial, so that a sweep that is cut short takes it up again."""
        attempt.trial.set_user_attr("run", run)
        return Attempt(attempt.trial, attempt.number, attempt.point, run)

    def hopeless(self, attempt: Attempt, epochs: Iterable[EpochEnded]) -> bool:
        """Hear of a run's epochs, all of them each time, and say whether it should end early."""
        if self.hear(attempt, epochs):
            attempt.trial.set_user_attr("hopeless", True)
            return True
        return False

    def hear(self, attempt: Attempt, epochs: Iterable[EpochEnded]) -> bool:
        """Remember what a run reached at which epoch, for those after it; give whether it is worse than they were."""
        values = values_by_step(epochs, self.config.metric, fine_tuned=bool(attempt.point.blocks))
        heard = self._study._storage.get_trial(attempt.trial._trial_id).last_step or 0
        for step, value in values:
            # At its last epoch a run is done anyway.
            if heard < step < self.config.epochs:
                attempt.trial.report(value, step)
                # Asked in any case: the pruner remembers where the trial stood.
                if attempt.trial.should_prune() and len(self._trials(*OVER)) >= FEWEST_TO_COMPARE:
                    return True
        return False

    def was_hopeless(self, attempt: Attempt) -> bool:
        """Tell whether this trial was pruned, by this worker or an earlier one."""
        return bool(attempt.trial.user_attrs.get("hopeless"))

    def tell(self, attempt: Attempt, state: str, epochs: Iterable[EpochEnded] = ()) -> None:
        """Hear how a trial ended, in the words of `TrialEnded`; of a finished one the best epoch counts."""
        values = values_by_step(epochs, self.config.metric, fine_tuned=False)
        if state == "finished" and values and not math.isnan(values[-1][1]):
            self._study.tell(attempt.trial, values[-1][1])
        elif state in ("pruned", "stopped"):
            self._study.tell(attempt.trial, state=TrialState.PRUNED)
        else:
            self._study.tell(attempt.trial, state=TrialState.FAIL)

    def _retry_the_failed(self) -> int:
        """Retry failed trials, since the cause may be fixed; return how many there were."""
        failed = [trial for trial in self._trials(TrialState.FAIL) if "number" in trial.user_attrs]
        retried = {trial.user_attrs.get("retry_of") for trial in self._trials()}
        for trial in failed:
            if trial.number not in retried:
                self._study.enqueue_trial(trial.params, user_attrs={"retry_of": trial.number})
        return len(failed)

    def _attempt(self, trial: optuna.Trial, number: int, point: Point, run: str = "") -> Attempt:
        trial.set_user_attr("number", number)
        return Attempt(trial, number, point, run)

    def _suggest(self, trial: optuna.Trial) -> Point:
        """Return Optuna's suggestion; for the same trial it is always the same."""
        backbone = str(trial.suggest_categorical("backbone", self.config.backbones))
        depth = trial.suggest_categorical("depth", self.config.depths)
        blocks = blocks_of(backbone, "all" if depth == "all" else int(str(depth)))
        if self.config.rates:
            return Point(backbone, blocks, float(trial.suggest_categorical("rate", self.config.rates)))
        name, (low, high) = ("fine_tune_rate", FINE_TUNE_RATES) if blocks else ("head_rate", head_rates(self.config))
        return Point(backbone, blocks, trial.suggest_float(name, low, high, log=True))

    def _tried(self) -> dict[Point, FrozenTrial]:
        """The points of the trials that are over; only where the rates are given."""
        points = {}
        for trial in self._trials():
            if trial.state in OVER and "rate" in trial.params:
                blocks = blocks_of(trial.params["backbone"], trial.params["depth"])
                points[Point(trial.params["backbone"], blocks, float(trial.params["rate"]))] = trial
        return points

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states or None)


class _HeldAlready(JournalFileOpenLock):
    """A lock that does nothing, because the sweep holds its own; Optuna's would outlive a killed worker."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


def _mend(journal: Path) -> None:
    """Take away a last line that a crash left unfinished: what is appended to it could not be read any more."""
    if journal.exists():
        content = journal.read_bytes()
        if not content.endswith(b"\n"):
            write_bytes(journal, content[: content.rfind(b"\n") + 1])


def values_by_step(epochs: Iterable[EpochEnded], metric: TargetMetric, *, fine_tuned: bool) -> list[tuple[int, float]]:
    """The best target metric so far, since the best weights are kept, after each epoch of what is compared.

    A fine-tuned run is compared by its epochs after the warm-up of the head: before, it is the same as a frozen one.
    The warm-up counts for its best, not for its steps.
    """
    best: float | None = None
    step = 0
    values = []
    for epoch in epochs:
        value = measured(epoch, metric)
        if value is None:
            continue
        better = best is None or math.isnan(best) or (value < best if lower_is_better(metric) else value > best)
        best = value if better else best
        if not fine_tuned or epoch.phase.startswith("fine-tune"):
            step += 1
            values.append((step, float(best if best is not None else value)))
    return values


def head_rates(config: SweepConfig) -> tuple[float, float]:
    """Give the range of the learning rates of a head, which is the same for every backbone."""
    middle = default_rate(config, Point(config.backbones[0], 0))
    return middle / DECADE, middle * DECADE


def _parameters(config: SweepConfig, point: Point) -> dict[str, object]:
    """A point in Optuna's words; without given rates, at the default rate."""
    depth = next(depth for depth in config.depths if blocks_of(point.backbone, depth) == point.blocks)
    parameters: dict[str, object] = {"backbone": point.backbone, "depth": depth}
    if config.rates:
        return {**parameters, "rate": point.rate}
    return {**parameters, "fine_tune_rate" if point.blocks else "head_rate": default_rate(config, point)}
