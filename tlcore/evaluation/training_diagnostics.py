"""The curves of a training, read: what went wrong, the sign that it was seen by, and the setting to change.

It knows epochs and settings. It does not know items, nor how curves are drawn. The rules are those of any textbook
(I. Goodfellow, Y. Bengio, A. Courville, "Deep Learning" (2016), sections 5.2, 8.3 and 11.4); how much is much is ours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from tlcore.backbones.catalogue import find
from tlcore.modalities import Advice, find_modality
from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import EpochEnded
from tlcore.runs.overfitting import turning_point
from tlcore.runs.state import RunState

Kind = Literal["rate-too-high", "overfitting", "underfitting", "stopped-too-early"]

FEWEST_EPOCHS = 4
JUMP = 0.2  # of the training loss, from one epoch to the next: more than batches by chance make
LEAST = 0.02  # nats; losses that are nearly 0 jump by large shares
STANDS = 0.02  # of the training loss in the last third of the epochs: less is standing still
# Below it a model knows too little of items that were learnt from; of other tasks the validation set is measured.
BADLY = {"accuracy": 0.9, "mean_average_precision": 0.7, "r2": 0.5}
GAP = 0.1  # in accuracy, between training and validation: more is no underfitting
TIMES = 1.5  # of the training loss: where the validation loss is that high, too
STILL_FALLING = 0.02  # of the validation loss in the last three epochs
MOST_DROPOUT = 0.5


@dataclass(frozen=True)
class Reading:
    """Something that the curves show.

    Attributes:
        title: In a few words.
        sign: What it was seen by, a sentence with numbers.
        changes: Settings to change and to what, the first thing to try first.
    """

    kind: Kind
    title: str
    sign: str
    changes: tuple[Advice, ...]


def read_curves(state: RunState, config: TrainingConfig) -> tuple[Reading, ...]:
    """What the curves of a run's last phase of training show, the worst first; nothing where all is well.

    A phase of fewer than four epochs says nothing, unless its loss is no number.
    """
    epochs = _last_phase(state.epochs)
    if not epochs:
        return ()
    head = epochs[0].phase == "head"
    too_high = _rate_too_high(epochs, config, head=head)
    if too_high or len(epochs) < FEWEST_EPOCHS:
        return too_high  # the rest of the curves shows the rate alone
    planned = next((phase.epochs for phase in state.phases if phase.name == epochs[0].phase), 0)
    return (
        *(overfitting := _overfitting(epochs, config)),
        *(() if overfitting else _underfitting(epochs, config)),
        *(() if overfitting else _stopped_too_early(epochs, config, planned)),
    )


def _last_phase(epochs: Sequence[EpochEnded]) -> list[EpochEnded]:
    """The epochs of the last phase; the stages of gradual unfreezing are one, and what is solved for has no curve."""
    trained = [epoch for epoch in epochs if epoch.phase != "logistic"]
    last = trained[-1].phase.partition("-")[0] if trained else ""
    return [epoch for epoch in trained if epoch.phase.partition("-")[0] == last]


def _rate_too_high(epochs: Sequence[EpochEnded], config: TrainingConfig, *, head: bool) -> tuple[Reading, ...]:
    field = "head_learning_rate" if head else "fine_tune_learning_rate"
    rate: float = getattr(config, field)
    losses = [epoch.loss for epoch in epochs]
    if no_number := next((epoch.epoch for epoch in epochs if not math.isfinite(epoch.loss)), None):
        sign, divisor = f"In epoch {no_number} the training loss was no number any more.", 10
    else:
        jumps = sum(now > before * (1 + JUMP) and now > before + LEAST for before, now in pairwise(losses))
        risen = losses[-1] > losses[0] + LEAST
        if len(epochs) < FEWEST_EPOCHS or not (risen or jumps >= 2):
            return ()
        sign = (
            f"The training loss rose from {losses[0]:.2f} to {losses[-1]:.2f}, on {_items(config)} that it learns from."
            if risen
            else f"The training loss jumped up by more than a fifth {jumps} times, instead of falling."
        )
        divisor = 3
    lower = float(f"{rate / divisor:.1g}")
    advice = Advice(field, lower, f"Smaller steps than {rate:g} do not jump over what they look for.")
    return (Reading("rate-too-high", "The learning rate is too high", sign, (advice,)),)


def _overfitting(epochs: Sequence[EpochEnded], config: TrainingConfig) -> tuple[Reading, ...]:
    turn, last = turning_point(epochs), epochs[-1]
    if turn is None:
        return ()
    best = next(epoch for epoch in epochs if epoch.epoch == turn)
    sign = (
        f"After epoch {best.epoch} the validation loss rose from {best.val_loss:.2f} to {last.val_loss:.2f}, while the "
        f"training loss went on falling, from {best.loss:.2f} to {last.loss:.2f}: it memorizes its {_items(config)}."
    )
    return (Reading("overfitting", "It overfits", sign, tuple(_against_overfitting(config))),)


def _against_overfitting(config: TrainingConfig) -> list[Advice]:
    changes = []
    more = find_modality(config.input.modality).more_augmentations
    if missing := [name for name in more if name not in config.augment]:
        reason = f"Each epoch then sees other views of the {_items(config)}, which the model cannot memorize."
        changes.append(Advice("augment", (*config.augment, *missing), reason))
    if config.mode == "fine-tune" and config.blocks > 1:
        reason = f"Fewer blocks have fewer weights to memorize {_items(config)} with."
        changes.append(Advice("blocks", config.blocks // 2, reason))
    if config.dropout < MOST_DROPOUT:
        reason = "The head can then rely on no single feature."
        changes.append(Advice("dropout", min(MOST_DROPOUT, round(config.dropout + 0.2, 2)), reason))
    if not changes:
        reason = "Weights that are pulled towards zero fit less of what is chance."
        changes.append(Advice("weight_decay", 10 * config.weight_decay or 1e-3, reason))
    return changes


def _underfitting(epochs: Sequence[EpochEnded], config: TrainingConfig) -> tuple[Reading, ...]:
    last, before = epochs[-1], epochs[-1 - max(1, len(epochs) // 3)]
    metric = next((key for key in BADLY if key in last.val_figures), "")
    if not metric or before.loss - last.loss >= STANDS * before.loss:
        return ()
    validation = last.val_figures[metric]
    # Dropout, augmentation and mixing make the training items harder than the plain validation items.
    known = max(last.figures.get(metric, validation), validation)
    overfits = last.accuracy - validation > GAP if metric in last.figures else last.val_loss > TIMES * last.loss
    if known >= BADLY[metric] or overfits:
        return ()
    how_good = {
        "accuracy": f"Only {known:.0%} of the {_items(config)} that it learns from are answered right",
        "mean_average_precision": f"The mean average precision on the validation set is only {known:.0%}",
        "r2": f"R² on the validation set is only {known:.2f}",
    }[metric]
    sign = (
        f"{how_good}, and in the last {last.epoch - before.epoch} epochs the training loss hardly fell, from "
        f"{before.loss:.2f} to {last.loss:.2f}."
    )
    return (Reading("underfitting", "It underfits", sign, tuple(_against_underfitting(config))),)


def _against_underfitting(config: TrainingConfig) -> list[Advice]:
    blocks = len(find(config.backbone).blocks)
    changes = []
    if config.mode == "freeze":
        reason = "A head alone can only use what the backbone sees; let the backbone learn, too."
        changes += [Advice("mode", "fine-tune", reason), Advice("blocks", max(1, blocks // 3), "The last third of it.")]
    elif config.blocks < blocks:
        reason = f"More of the backbone can then adapt to these {_items(config)}."
        changes.append(Advice("blocks", min(blocks, 2 * config.blocks), reason))
    else:
        rate = float(f"{3 * config.fine_tune_learning_rate:.1g}")
        changes.append(Advice("fine_tune_learning_rate", rate, "Larger steps get further in as many epochs."))
    if config.dropout > 0:
        changes.append(Advice("dropout", 0.0, "A model that has not learned enough needs no regularization."))
    return changes


def _stopped_too_early(epochs: Sequence[EpochEnded], config: TrainingConfig, planned: int) -> tuple[Reading, ...]:
    last, before = epochs[-1], epochs[-4]
    falling = before.val_loss - last.val_loss > max(STILL_FALLING * before.val_loss, LEAST / 2)
    lowest = last.val_loss <= min(epoch.val_loss for epoch in epochs)
    if not (falling and lowest) or len(epochs) < planned:
        return ()
    sign = (
        f"The last epoch was the best, and the validation loss was still falling, from {before.val_loss:.2f} to "
        f"{last.val_loss:.2f} in the last three epochs."
    )
    advice = Advice("epochs", 2 * config.epochs, "It stops by itself when it gets no better.")
    return (Reading("stopped-too-early", "It stopped too early", sign, (advice,)),)


def _items(config: TrainingConfig) -> str:
    return find_modality(config.input.modality).noun.many
