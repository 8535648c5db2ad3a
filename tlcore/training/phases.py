"""The phases of a run: where the cut stands in each, for how long, how fast.

The only place that asks whether to freeze or to fine-tune; everything after it sees a cut.
"""

from __future__ import annotations

from dataclasses import dataclass

from tlcore.backbones.backbone import Backbone
from tlcore.runs.config import TrainingConfig

# A new head is random: it is trained before anything below it may follow its gradients. On cached features that
# costs seconds.
WARM_UP_EPOCHS = 10


@dataclass(frozen=True)
class Phase:
    """A stretch of training with one cut.

    Attributes:
        cut: The number of blocks below the cut, from 0 (the input) to all (only the head is trained).
        learning_rate: The peak of the schedule.
        patience: Epochs without a better validation loss before the phase ends; 0 never ends early.
    """

    name: str
    title: str
    cut: int
    epochs: int
    learning_rate: float
    patience: int


def plan(config: TrainingConfig, backbone: Backbone) -> tuple[Phase, ...]:
    """Lay out the phases, each with a cut not above the one before."""
    above_all = len(backbone.blocks)
    if config.mode == "freeze":
        return (
            Phase("head", "Training the head", above_all, config.epochs, config.head_learning_rate, config.patience),
        )
    unfrozen = "block" if config.blocks == 1 else f"{config.blocks} blocks"
    return (
        Phase("head", "Warming up the head", above_all, WARM_UP_EPOCHS, config.head_learning_rate, config.patience),
        Phase(
            "fine-tune",
            f"Fine-tuning the last {unfrozen}" if config.blocks < above_all else "Fine-tuning every block",
            above_all - config.blocks,
            config.epochs,
            config.fine_tune_learning_rate,
            config.patience,
        ),
    )
