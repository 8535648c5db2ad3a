"""Every fault of the settings, each with its field, so that a page can show it there and a command line can list it.

It knows what fits together. It does not know where settings come from.
"""

from __future__ import annotations

import math

from tlcore.backbones.catalogue import find
from tlcore.data.dataset import Dataset
from tlcore.errors import ConfigError, Problem
from tlcore.runs.config import TrainingConfig
from tlcore.runs.room import needed, shortage
from tlcore.runs.start import faults_of_start
from tlcore.workspace import Workspace

MOST_EPOCHS = 1000
LARGEST_IMAGE = 1024
LARGEST_BATCH = 1024
MOST_VIEWS = 64
# Of each class, on the whole: one picture for each part.
FEWEST_PICTURES = 3


def problems(config: TrainingConfig, dataset: Dataset | None) -> tuple[Problem, ...]:
    """Find every fault; none means that the run can be made."""
    found = (*_of_dataset(config, dataset), *_of_backbone(config), *_of_numbers(config), *_of_fractions(config))
    if found or dataset is None:
        return found
    return tuple(faults_of_start(config, Workspace(dataset.path.parents[1]))) or tuple(_of_disk(config, dataset))


def _of_dataset(config: TrainingConfig, dataset: Dataset | None) -> list[Problem]:
    if dataset is None:
        return [Problem("dataset", "A dataset is needed to learn from. None is chosen. Choose one, or add pictures.")]
    counts = dataset.counts()
    filled = [name for name, count in counts.items() if count]
    if len(filled) < 2:
        came = f"one: '{filled[0]}'" if filled else "none"
        return [
            Problem(
                "dataset", f"A dataset needs at least two classes. Received {came}. Add pictures of at least one more."
            )
        ]
    if sum(counts.values()) < FEWEST_PICTURES * len(filled):
        return [
            Problem(
                "dataset",
                f"At least {FEWEST_PICTURES} pictures for each class are needed on the whole, one for each part of "
                f"the split. Received {sum(counts.values())} for {len(filled)} classes. Add pictures.",
            )
        ]
    return []


def _of_backbone(config: TrainingConfig) -> list[Problem]:
    try:
        backbone = find(config.backbone)
    except ConfigError as error:
        return list(error.problems)
    found = []
    if config.mode == "fine-tune" and not 1 <= config.blocks <= len(backbone.blocks):
        found.append(
            Problem(
                "blocks",
                f"{backbone.title} can unfreeze {_range(1, len(backbone.blocks))} blocks. Received {config.blocks}.",
            )
        )
    if not backbone.minimum_size <= config.image_size <= LARGEST_IMAGE:
        found.append(
            Problem(
                "image_size",
                f"{backbone.title} takes pictures of {_range(backbone.minimum_size, LARGEST_IMAGE)} pixels. "
                f"Received {config.image_size}. {backbone.native_size} is what it was made for.",
            )
        )
    return found


def _of_numbers(config: TrainingConfig) -> list[Problem]:
    whole = (
        ("epochs", "The number of epochs", config.epochs, 1, MOST_EPOCHS),
        ("batch_size", "The batch size", config.batch_size, 1, LARGEST_BATCH),
        ("patience", "The patience", config.patience, 0, MOST_EPOCHS),
        ("seed", "The seed", config.seed, 0, 2**31 - 1),
    )
    found = [
        Problem(field, f"{title} must be {_range(low, high)}. Received {value}.")
        for field, title, value, low, high in whole
        if not low <= value <= high
    ]
    rates = (
        ("head_learning_rate", "The head's learning rate", config.head_learning_rate),
        ("fine_tune_learning_rate", "The fine-tune learning rate", config.fine_tune_learning_rate),
    )
    # `not (… <= …)`, so that NaN is a fault too.
    found += [
        Problem(field, f"{title} must be above 0 and at most 1. Received {value:g}. Try the default.")
        for field, title, value in rates
        if not 0 < value <= 1
    ]
    if config.views is not None and not 1 <= config.views <= MOST_VIEWS:
        found.append(Problem("views", f"The number of views must be {_range(1, MOST_VIEWS)}. Received {config.views}."))
    below_one = (
        ("dropout", "The dropout", config.dropout, "0.2"),
        ("ema", "The momentum of the average", config.ema, "0.99"),
        ("label_smoothing", "The label smoothing", config.label_smoothing, "0.1"),
    )
    found += [
        Problem(field, f"{title} must be at least 0 and below 1. Received {value:g}. Try {good}.")
        for field, title, value, good in below_one
        if not 0 <= value < 1
    ]
    up_to_one = (
        ("weight_decay", "The weight decay", config.weight_decay, "0.0001"),
        ("mixup", "The alpha of MixUp", config.mixup, "0.2"),
        ("cutmix", "The alpha of CutMix", config.cutmix, "1"),
    )
    found += [
        Problem(field, f"{title} must be at least 0 and at most 1. Received {value:g}. Try {good}.")
        for field, title, value, good in up_to_one
        if not 0 <= value <= 1
    ]
    if config.cutmix > 0 and config.mode == "freeze":
        found.append(
            Problem(
                "cutmix",
                f"CutMix pastes pieces of pictures, and pooled features have no pieces. Received {config.cutmix:g} "
                "with a frozen backbone. Fine-tune, or set it to 0; MixUp works with both.",
            )
        )
    if not 0 < config.layer_decay <= 1:
        found.append(
            Problem(
                "layer_decay",
                f"The layer decay must be above 0 and at most 1. Received {config.layer_decay:g}. Try 0.7.",
            )
        )
    return found


def _of_fractions(config: TrainingConfig) -> list[Problem]:
    shares = config.fractions
    said = f"{shares.train:g} for training, {shares.val:g} for validation, {shares.test:g} for test"
    if not all(0 < share < 1 for share in (shares.train, shares.val, shares.test)):
        return [Problem("fractions", f"Each part of the split needs a share between 0 and 1. Received {said}.")]
    if not math.isclose(shares.train + shares.val + shares.test, 1.0, abs_tol=1e-6):
        return [Problem("fractions", f"The parts of the split must add up to 1. Received {said}.")]
    return []


def _of_disk(config: TrainingConfig, dataset: Dataset) -> list[Problem]:
    workspace = Workspace(dataset.path.parents[1])
    counts = dataset.counts()
    room = needed(config, pictures=sum(counts.values()), classes=len(counts))
    lack = shortage(room, cache=workspace.cache, folder=workspace.runs)
    return [Problem("disk", lack)] if lack else []


def _range(low: int, high: int) -> str:
    return f"{low:,} to {high:,}" if high > low else f"{low}"
