"""Auto: trains candidates in the order of their cost, and keeps the best.

Exact heads on the frozen backbone come first, each on the cache of the one before, then fine-tuning from the cut. A
candidate must beat the best so far by more than one standard error of the paired difference: exact heads in
cross-validation over all training and validation items, fine-tuning on the validation items. No test item is looked at.

It knows candidates, what they cost and which of them is best. It does not know how a model is trained or written.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from tlcore.backbones.catalogue import find, suitable
from tlcore.backbones.weights import weights_state
from tlcore.data.dataset import open_dataset
from tlcore.errors import GraftError
from tlcore.jobs.writer import StoppedError
from tlcore.modalities import find_modality
from tlcore.numbers import duration
from tlcore.runs.candidates import (
    Candidate,
    CandidateRun,
    every_block,
    fine_tuned,
    larger_input,
    last_block,
    other_backbone,
)
from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import CandidateEnded, CandidateStarted
from tlcore.runs.items import PARTS
from tlcore.runs.run import Run
from tlcore.tasks import find_task
from tlcore.training.judging import Judged, cross_validated, validated
from tlcore.training.oom import is_out_of_memory
from tlcore.training.pace import measure_pace
from tlcore.training.phase_report import Report, Stop
from tlcore.training.trainer import TrainedModel, Training
from tlcore.workspace import Workspace

# Of features in memory; there are copies of them while a head is solved for.
MOST_BYTES = 2 * 10**9
# Fewer say little of what fine-tuning can do: its rate must rise and fall.
FEWEST_EPOCHS = 4
SECONDS_TO_JUDGE = 5.0  # until the first candidate was judged
SECONDS_TO_MEASURE = 15.0  # what fine-tuning costs

Keep = Callable[[TrainedModel, TrainingConfig], None]


@dataclass(frozen=True)
class Leader:
    """The best candidate so far, its settings and how good it is."""

    candidate: Candidate
    config: TrainingConfig
    judged: Judged


class Ladder:
    """The candidates of one run.

    Args:
        keep: Writes the files of a model that leads, and its settings.
    """

    def __init__(self, run: Run, *, report: Report, stop: Stop, keep: Keep, workspace: Workspace | None = None) -> None:
        self.run, self.report, self.keep = run, report, keep
        self.workspace = workspace or Workspace.default()
        self.config = run.given
        self.task = find_task(run.dataset.task)
        self.modality = find_modality(self.config.input.modality)
        self.stop = lambda: stop() or (self.leader is not None and run.take_file.exists())
        self.leader: Leader | None = None
        before = sum(each.seconds for each in run.state().candidates if each.outcome in ("leads", "behind"))
        self._ends = time.monotonic() + self.config.seconds - before
        self._epoch = 1  # that comes next
        self._judging = SECONDS_TO_JUDGE
        self._pass = 0.0  # seconds of the first pass through the backbone
        self._trying: CandidateStarted | None = None
        self._began = time.monotonic()

    def climb(self) -> None:
        """Try one candidate after the other, until time or hope is at its end, or somebody takes the best so far.

        Raises:
            StoppedError: The run was asked to end before there was a model, or is to go on later.
            GraftError: The items, the weights or the settings cannot be used.
        """
        try:
            self._exact_heads()
            self._fine_tuning()
        except StoppedError:
            if self._trying is not None and self.run.asked() != "paused":
                self._end(self._trying, "stopped", "It was stopped before its end.")
            if self.leader is None or self.run.asked() == "paused":
                raise

    @property
    def left(self) -> float:
        """Seconds of the budget that are left."""
        return self._ends - time.monotonic()

    # === Exact heads ===

    def _exact_heads(self) -> None:
        """Try the exact head on the last block and on every block, then with more detail and other backbones."""
        last, every = last_block(self.task), every_block(self.task)
        wide = self._training(every)
        fits = self._fits(wide)
        # What every block says holds what the last one says: one pass gives both.
        first = wide if fits else self._training(last)
        self._pass = self._seconds_of_features(first)
        self._start(last, self._pass + self._judging)
        first.features()
        narrow = self._training(last) if fits else first
        if fits:
            wide.below.share(narrow.below)
        self._solve(last, narrow)
        if fits:
            # Only a part of the time depends on the number of features.
            self._start(every, self._judging * math.sqrt(wide.model.head[0].size / narrow.model.head[0].size))
            self._solve(every, wide)
        else:
            self._skip(every, "The features of every block would take too much memory.")
        for candidate in self._others():
            self._unless_it_fails(candidate, self._solve_if_affordable)

    def _others(self) -> Iterator[Candidate]:
        """Give the best exact head at a larger input size, then with the other backbones on this machine."""
        best = self._led.candidate
        usual = self.modality.usual_size(open_dataset(self.workspace, self.run.dataset.id).items())
        if larger := self.modality.larger(self.config.input, usual, find(self.config.backbone).size_step):
            yield larger_input(best, self.config, larger)
        if self.config.start is not None:
            return  # another backbone could not begin with these weights
        for backbone in suitable(self.modality.key, self.task.key):
            if backbone.key != self.config.backbone and weights_state(backbone, self.workspace).path is not None:
                yield other_backbone(best, backbone)

    def _solve_if_affordable(self, candidate: Candidate) -> None:
        heavier = find(candidate.of(self.config).backbone).multiplications / find(self.config.backbone).multiplications
        # Before anything is built: what a large backbone needs to be measured may be more than there is.
        if self.left < max(SECONDS_TO_MEASURE, heavier * self._pass):
            self._skip(candidate, self._too_long(max(SECONDS_TO_MEASURE, heavier * self._pass)))
            return
        training = self._training(candidate)
        expected = self._seconds_of_features(training) + self._judging
        if expected > self.left:
            self._skip(candidate, self._too_long(expected))
        else:
            self._start(candidate, expected)
            self._solve(candidate, training)

    def _solve(self, candidate: Candidate, training: Training) -> None:
        """Solve for a head and cross-validate it."""
        began = time.monotonic()
        self._carry_out(training)
        self._conclude(candidate, training, cross_validated(training))
        self._judging = time.monotonic() - began

    def _carry_out(self, training: Training) -> None:
        if not training.course.number and training.course.under_way is None:
            training.course.epoch = self._epoch
        while not training.over and not training.stopped:
            training.carry_out_next()

    def _fits(self, training: Training) -> bool:
        length, _ = training.model.head[0].shape
        return bool(4 * length * sum(len(items.targets) for items in training.items.values()) <= MOST_BYTES)

    def _seconds_of_features(self, training: Training) -> float:
        return training.below.seconds(len(training.backbone.blocks), epochs=1)

    # === Fine-tuning ===

    def _fine_tuning(self) -> None:
        """Train the last third of the best backbone's blocks from the cut, then all of them where that may pay."""
        leader = self._led
        backbone = find(leader.config.backbone)
        whole = len(backbone.blocks)
        for blocks in sorted({-(-whole // 3), whole}):
            if not self._unless_it_fails(fine_tuned(leader.candidate, backbone, blocks), self._fine_tune):
                return

    def _fine_tune(self, candidate: Candidate) -> bool:
        """Fine-tune, and say whether a deeper cut may be better still."""
        training = self._affordable(candidate)
        if training is None:
            return False
        self._carry_out(training)
        if self.run.asked() == "paused":
            raise StoppedError
        judged = validated(training)
        mean, error = judged.gain(self._led.judged)
        self._conclude(candidate, training, judged)
        if training.stopped:
            raise StoppedError
        return mean > -error

    def _affordable(self, candidate: Candidate) -> Training | None:
        """Measure what fine-tuning costs, and give it the epochs there is time for; None where those are too few."""
        if self.left < SECONDS_TO_MEASURE:
            self._skip(candidate, "The budget is spent.")
            return None
        training = self._training(candidate)
        if training.over:  # a worker before trained it
            return training
        tuned = training.phases[-1]
        pace = measure_pace(training.model.above(tuned.cut), training.plain_head, batch_size=training.config.batch_size)
        epoch = pace.epoch(*(len(training.items[part].targets) for part in PARTS))
        once = training.below.seconds(tuned.cut, epochs=tuned.epochs) + pace.ready + self._judging
        epochs = self._epochs(candidate, tuned.epochs, once, epoch)
        if epochs < min(FEWEST_EPOCHS, tuned.epochs):
            self._skip(candidate, self._too_long(once + min(FEWEST_EPOCHS, tuned.epochs) * epoch))
            return None
        if epochs < tuned.epochs:
            training = self._training(replace(candidate, settings={**candidate.settings, "epochs": epochs}))
        self._start(candidate, once + epochs * epoch, epochs=epochs)
        return training

    def _epochs(self, candidate: Candidate, wanted: int, once: float, epoch: float) -> int:
        """Give the epochs that there is time for; those that a worker before began with, if one did."""
        for event in self.run.events():
            if isinstance(event, CandidateStarted) and event.name == candidate.name and event.epochs:
                return event.epochs
        return wanted if math.isinf(self.left) else min(wanted, int((self.left - once) / epoch))

    def _too_long(self, expected: float) -> str:
        return f"It would take about {duration(expected)}; {duration(max(0.0, self.left))} of the budget are left."

    def _unless_it_fails(self, candidate: Candidate, attempt: Callable[[Candidate], bool | None]) -> bool:
        """Make an attempt and give its result; where it fails, say why and go on, since there is a model already."""
        try:
            return bool(attempt(candidate))
        except GraftError as error:
            self._end(candidate, "stopped", str(error))
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            self._end(candidate, "stopped", "It needs more memory than this machine has.")
        return False

    # === What is said ===

    def _start(self, candidate: Candidate, seconds: float, *, epochs: int = 0) -> None:
        self._trying = CandidateStarted(name=candidate.name, title=candidate.title, seconds=seconds, epochs=epochs)
        self._began = time.monotonic()
        self.report(self._trying)

    def _skip(self, candidate: Candidate, reason: str) -> None:
        self._began = time.monotonic()
        self._end(candidate, "skipped", reason)

    def _conclude(self, candidate: Candidate, training: Training, judged: Judged) -> None:
        """Keep the model if it is clearly better than the leader's; say what came of it."""
        leads, reason = True, "The first model that can be used."
        if self.leader is not None:
            leads = judged.beats(self.leader.judged)
            where = "in cross-validation" if judged.errors is not None else "on the validation set"
            reason = (
                f"{'Better' if leads else 'Not better'} than {_lower(self.leader.candidate.title)} by more than one "
                f"standard error {where}."
            )
        course = training.course
        if leads:
            self.leader = Leader(candidate, training.config, judged)
            self.keep(TrainedModel(training.model.whole, training.finish, training.stopped), training.config)
        self._epoch = course.epoch
        self._end(
            candidate,
            "leads" if leads else "behind",
            reason,
            settings=candidate.settings,
            **judged.figure.model_dump(),
            n=judged.n,
            by="validation" if judged.errors is None else "cross-validation",
            epoch=course.epoch - 1,
            best_epoch=course.best.epoch,
        )

    def _end(
        self,
        candidate: Candidate | CandidateStarted,
        outcome: Literal["leads", "behind", "skipped", "stopped"],
        reason: str,
        **more: Any,
    ) -> None:
        seconds, expected = time.monotonic() - self._began, self._trying.seconds if self._trying else None
        self._trying = None
        self.report(
            CandidateEnded(
                name=candidate.name,
                title=candidate.title,
                outcome=outcome,
                reason=reason,
                task=self.task.key,
                metric=self.task.metrics[0].key,
                unit=self.run.dataset.unit,
                seconds=seconds,
                expected_seconds=expected,
                **more,
            )
        )

    @property
    def _led(self) -> Leader:
        if self.leader is None:
            raise ValueError("the first candidate leads")
        return self.leader

    def _training(self, candidate: Candidate) -> Training:
        training = Training(
            CandidateRun(self.run.path, candidate.name, candidate.of(self.config)),
            report=self.report,
            stop=self.stop,
            workspace=self.workspace,
            candidate=candidate.name,
        )
        training.course.take_up()
        return training


def _lower(title: str) -> str:
    return title[0].lower() + title[1:]
