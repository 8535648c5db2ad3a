"""Diagnoses the learning curves of a run in plain words.

It knows epochs. It does not know how they are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

from tlcore.runs.events import EpochEnded

LATER_EPOCHS = 3
RISE = 0.05
LEAST_RISE = 0.05  # nats; below it, some dozens of validation items say nothing


def turning_point(epochs: Sequence[EpochEnded]) -> int | None:
    """Find the epoch after which validation loss turned while training loss went on falling; None while it has not.

    Only the last training phase counts: unfreezing blocks makes both losses jump, which is no turn. The turn needs
    `LATER_EPOCHS` epochs in a row above the lowest validation loss, by `RISE` (a share of that loss) and by
    `LEAST_RISE`, so that neither a noisy epoch nor the noise of a loss near zero says anything.
    """
    if not epochs:
        return None
    phase = [epoch for epoch in epochs if epoch.phase == epochs[-1].phase]
    lowest = min(phase, key=lambda epoch: epoch.val_loss)
    later = phase[phase.index(lowest) + 1 :]
    if len(later) < LATER_EPOCHS:
        return None
    turned = all(
        epoch.val_loss > lowest.val_loss + max(RISE * lowest.val_loss, LEAST_RISE) for epoch in later[-LATER_EPOCHS:]
    )
    return lowest.epoch if turned and later[-1].loss < lowest.loss else None


def overfitting_note(epochs: Sequence[EpochEnded]) -> str:
    """Say what a turn means and what to do about it; empty while there is none."""
    turn = turning_point(epochs)
    if turn is None:
        return ""
    return (
        f"Since epoch {turn} the validation loss rises while the training loss still falls: the model has begun to "
        "memorize the training items instead of learning what they have in common. The weights of the best epoch "
        "are kept, so nothing is lost. If the result is not good enough, more items, more augmentation or fewer "
        "unfrozen blocks help; more epochs do not."
    )
