"""Fits the exact head of a run on the features of the plain items, and cross-validates it if they are few.

It knows features, targets and events. It does not know layers or files.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tlcore.progress import Progress
from tlcore.runs.config import Balancing, TrainingConfig
from tlcore.runs.events import CrossValidated, EpochEnded
from tlcore.runs.items import PARTS, Items, units
from tlcore.runs.recommend import QUARTERS
from tlcore.tasks import Task, Validated
from tlcore.tasks.head import Exact, Head
from tlcore.training.cross_validation import cross_validate, plan_folds
from tlcore.training.phases import Phase

# Of each class or label, or of each quarter of the values, on average: below it a test set says little.
FEW_ITEMS = 20
LEARNT_FROM_ALL = (
    "The final head was also fitted on the validation set, with the regularization that was chosen without it. The "
    "validation figures are those of the head before."
)
Features = dict[str, npt.NDArray[np.float32]]


def solve_head(
    phase: Phase,
    features: Features,
    items: dict[str, Items],
    config: TrainingConfig,
    head: Head,
    *,
    epoch: int,
) -> tuple[Exact, Validated, EpochEnded]:
    """Solve for the head on the training part's features `(n, features)`, as the one epoch of its phase.

    Where it is all that is trained, the head that is given has learnt from the validation part, too; what is said of it
    is still of the one that has not.
    """
    targets = {part: each.targets for part, each in items.items()}
    began = time.monotonic()
    solved = learn_from_training(features, items, config, head)
    seconds = time.monotonic() - began
    train, val = (
        head.measure(
            features[part] @ solved.kernel + solved.bias, targets[part], head.weights(targets[part], config.balancing)
        )
        for part in PARTS
    )
    ended = _epoch_ended(phase, epoch, train, val, seconds, items=len(targets["train"]))
    if config.learns_from_validation:
        solved = _learn_from_all(solved, features, items, config, head)
    return solved, val, ended


def learn_from_training(
    features: Features,
    items: dict[str, Items],
    config: TrainingConfig,
    head: Head,
    *,
    strengths: tuple[float, ...] | None = None,
) -> Exact:
    """Solve for the head that has not met the validation items."""
    targets = items["train"].targets
    return head.solve(
        features["train"],
        targets,
        seed=config.seed,
        weights=head.weights(targets, _weighted(config)),
        groups=units(items["train"]),
        strengths=strengths,
    )


def judge_few(
    features: Features,
    items: dict[str, Items],
    head: Head,
    task: Task,
    seed: int,
    note: Callable[[str], None],
    show: Callable[[Progress], None],
) -> CrossValidated | None:
    """Cross-validate the exact head in repeated folds over all training and validation items.

    None where it cannot be said, or would take too long. How long it takes is noted before it begins, and shown.
    """
    every = np.concatenate([features[part] for part in PARTS])
    targets = np.concatenate([items[part].targets for part in PARTS])
    groups = units(*(items[part] for part in PARTS))
    planned = plan_folds(every, targets, head, seed=seed, groups=groups)
    if planned.note:
        note(planned.note)
    if not planned.repeats:
        return None
    each = planned.seconds / planned.folds

    def on_fold(done: int, total: int) -> None:
        show(Progress(done, total, seconds_left=each * (total - done)))

    return cross_validate(
        every, targets, head, task, seed=seed, groups=groups, repeats=planned.repeats, on_fold=on_fold
    )


def are_few(items: dict[str, Items], task: Task, *, classes: int) -> bool:
    """Say whether a cross-validation tells more than the test set does."""
    return sum(len(each.targets) for each in items.values()) < FEW_ITEMS * (classes if task.few else QUARTERS)


def _learn_from_all(
    solved: Exact, features: Features, items: dict[str, Items], config: TrainingConfig, head: Head
) -> Exact:
    """Solve once more with the validation items among the others, at the strength that was found without them."""
    targets = np.concatenate([items[part].targets for part in PARTS])
    return head.solve(
        np.concatenate([features[part] for part in PARTS]),
        targets,
        seed=config.seed,
        weights=head.weights(targets, _weighted(config)),
        strengths=solved.strengths,
    )


def _weighted(config: TrainingConfig) -> Balancing:
    """Showing rare classes more often is, to an exact solution, counting them more."""
    return "none" if config.balancing == "none" else "weights"


def _epoch_ended(
    phase: Phase, epoch: int, train: Validated, val: Validated, seconds: float, *, items: int
) -> EpochEnded:
    return EpochEnded(
        phase=phase.name,
        epoch=epoch,
        loss=train.loss,
        figures=dict(train.figures),
        val_loss=val.loss,
        val_figures=dict(val.figures),
        learning_rate=0.0,
        seconds=seconds,
        images_per_second=items / max(seconds, 1e-6),
        best=True,
    )
