"""The exact head within a run: solved for on the features of the plain pictures, and judged over folds of few ones.

It knows features, labels and events. It does not know layers or files.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import CrossValidated, EpochEnded
from tlcore.training.batches import class_weights
from tlcore.training.folds import cross_validate
from tlcore.training.logistic import STRENGTHS, LogisticHead, solve
from tlcore.training.phases import Phase
from tlcore.training.pictures import PARTS, Pictures, units
from tlcore.training.validation import Validated, measure

# In each class, on average: below it a test part says little.
FEW_PICTURES = 20
LEARNT_FROM_ALL = (
    "The head that is kept learnt from the validation pictures, too, at the strength that was found without them. What "
    "is said of validation is of the head before."
)
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
    """Solve for the head on the training part's features `(n, features)`, as the one epoch of its phase.

    Where it is all that is trained, the head that is given has learnt from the validation part, too; what is said of it
    is still of the one that has not.
    """
    labels = {part: each.labels for part, each in pictures.items()}
    began = time.monotonic()
    head = learn_from_training(features, pictures, config, classes=classes)
    seconds = time.monotonic() - began
    counts = class_weights(labels["train"], classes, config.balancing)
    train, val = (
        measure(features[part] @ head.kernel + head.bias, labels[part], counts[labels[part]]) for part in PARTS
    )
    ended = _epoch_ended(phase, epoch, train, val, seconds, pictures=len(labels["train"]))
    if config.learns_from_validation:
        head = _learn_from_all(head, features, pictures, config, classes=classes)
    return head, val, ended


def learn_from_training(
    features: Features,
    pictures: dict[str, Pictures],
    config: TrainingConfig,
    *,
    classes: int,
    strengths: Sequence[float] = STRENGTHS,
) -> LogisticHead:
    """Solve for the head that has not met the validation pictures."""
    labels = pictures["train"].labels
    balanced = class_weights(labels, classes, "none" if config.balancing == "none" else "weights")
    return solve(
        features["train"],
        labels,
        classes=classes,
        seed=config.seed,
        weights=balanced[labels],
        groups=units(pictures["train"]),
        strengths=strengths,
    )


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


def _learn_from_all(
    head: LogisticHead, features: Features, pictures: dict[str, Pictures], config: TrainingConfig, *, classes: int
) -> LogisticHead:
    """Solve once more with the validation pictures among the others, at the strength that was found without them."""
    labels = np.concatenate([pictures[part].labels for part in PARTS])
    balanced = class_weights(labels, classes, "none" if config.balancing == "none" else "weights")
    return solve(
        np.concatenate([features[part] for part in PARTS]),
        labels,
        classes=classes,
        seed=config.seed,
        weights=balanced[labels],
        strengths=(head.strength,),
    )


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
