"""The exact head within a run: solved for on the features of the plain pictures, and judged over folds of few ones.

It knows features, labels and events. It does not know layers or files.
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import CrossValidated, EpochEnded
from tlcore.training.batches import class_weights
from tlcore.training.folds import cross_validate
from tlcore.training.logistic import LogisticHead, solve
from tlcore.training.phases import Phase
from tlcore.training.pictures import PARTS, Pictures, units
from tlcore.training.validation import Validated, measure

# In each class, on average: below it a test part says little.
FEW_PICTURES = 20
Features = dict[str, npt.NDArray[np.float32]]


def solve_head(
    phase: Phase,
    features: Features,
    pictures: dict[str, Pictures],
    config: TrainingConfig,
    *,
    classes: int,
    epoch: int,
) -> tuple[LogisticHead, Validated, EpochEnded]:
    """Solve for the head on the training part's features `(n, features)`, as the one epoch of its phase."""
    labels = {part: each.labels for part, each in pictures.items()}
    began = time.monotonic()
    balanced = class_weights(labels["train"], classes, "none" if config.balancing == "none" else "weights")
    head = solve(
        features["train"],
        labels["train"],
        classes=classes,
        seed=config.seed,
        weights=balanced[labels["train"]],
        groups=units(pictures["train"]),
    )
    seconds = time.monotonic() - began
    counts = class_weights(labels["train"], classes, config.balancing)
    train, val = (
        measure(features[part] @ head.kernel + head.bias, labels[part], counts[labels[part]]) for part in PARTS
    )
    return head, val, _epoch_ended(phase, epoch, train, val, seconds, pictures=len(labels["train"]))


def judge_few(features: Features, pictures: dict[str, Pictures], *, classes: int, seed: int) -> CrossValidated | None:
    """Say how good the exact head is over repeated folds of all pictures that are learnt from; None where it cannot."""
    return cross_validate(
        np.concatenate([features[part] for part in PARTS]),
        np.concatenate([pictures[part].labels for part in PARTS]),
        seed=seed,
        groups=units(*(pictures[part] for part in PARTS)),
    )


def are_few(pictures: dict[str, Pictures], *, classes: int) -> bool:
    return sum(len(each.labels) for each in pictures.values()) < FEW_PICTURES * classes


def _epoch_ended(
    phase: Phase, epoch: int, train: Validated, val: Validated, seconds: float, *, pictures: int
) -> EpochEnded:
    return EpochEnded(
        phase=phase.name,
        epoch=epoch,
        loss=train.loss,
        accuracy=train.accuracy,
        val_loss=val.loss,
        val_accuracy=val.accuracy,
        val_balanced_accuracy=val.balanced_accuracy,
        val_macro_f1=val.macro_f1,
        learning_rate=0.0,
        seconds=seconds,
        images_per_second=pictures / max(seconds, 1e-6),
        best=True,
    )
