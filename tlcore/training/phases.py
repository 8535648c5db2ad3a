"""Plans the phases of a run: the cut, the epochs and the learning rate of each.

The only place that asks whether to freeze or to fine-tune; everything after it sees a cut.
"""

from __future__ import annotations

from dataclasses import dataclass

from tlcore.backbones.backbone import Backbone
from tlcore.runs.config import TrainingConfig
from tlcore.tasks import Task
from tlcore.tasks.classification import CLASSIFICATION

# A new head is random: it is trained before anything below it may follow its gradients. On cached features that
# costs seconds.
WARM_UP_EPOCHS = 10
# Of gradual unfreezing: more would leave each too few epochs to learn in.
MOST_STAGES = 4
STAGE_PATIENCE = 2


@dataclass(frozen=True)
class Phase:
    """A stretch of training with one cut.

    Attributes:
        name: Unlike that of any other phase of the run.
        cut: The number of blocks below the cut, from 0 (the input) to all (only the head is trained).
        learning_rate: The peak of the schedule.
        patience: Epochs without a better validation before the phase ends; 0 never ends early.
        exact: Whether the head is solved for instead of trained.
    """

    name: str
    title: str
    cut: int
    epochs: int
    learning_rate: float
    patience: int
    exact: bool = False


def plan(config: TrainingConfig, backbone: Backbone, task: Task = CLASSIFICATION) -> tuple[Phase, ...]:
    """Lay out the phases, each with a cut not above the one before; the task names its exact head."""
    if config.mode == "freeze":
        return _head(config, backbone, task, "Training the head", config.epochs)
    return (*_head(config, backbone, task, "Warming up the head", WARM_UP_EPOCHS), *_fine_tuning(config, backbone))


def _head(config: TrainingConfig, backbone: Backbone, task: Task, title: str, epochs: int) -> tuple[Phase, ...]:
    above_all = len(backbone.blocks)
    solved = Phase("logistic", f"Solving the {task.exact}", above_all, 1, 0.0, 0, exact=True)
    trained = Phase("head", title, above_all, epochs, config.head_learning_rate, config.patience)
    return {"logistic": (solved,), "trained": (trained,), "both": (solved, trained)}[config.head]


def _fine_tuning(config: TrainingConfig, backbone: Backbone) -> tuple[Phase, ...]:
    """Plan one phase, or several whose cut moves down to the same depth and that share the epochs."""
    stages = min(config.blocks, MOST_STAGES, config.epochs) if config.gradual else 1
    phases = []
    for stage in range(stages):
        blocks = -(-config.blocks * (stage + 1) // stages)
        epochs = config.epochs * (stage + 1) // stages - config.epochs * stage // stages
        last = stage == stages - 1
        phases.append(
            Phase(
                "fine-tune" if stage == 0 else f"fine-tune-{stage + 1}",
                _title(blocks, len(backbone.blocks)),
                len(backbone.blocks) - blocks,
                epochs,
                config.fine_tune_learning_rate,
                config.patience if last else min(STAGE_PATIENCE, config.patience or STAGE_PATIENCE),
            )
        )
    return tuple(phases)


def _title(blocks: int, all_blocks: int) -> str:
    if blocks == all_blocks:
        return "Fine-tuning every block"
    return f"Fine-tuning the last {'block' if blocks == 1 else f'{blocks} blocks'}"
