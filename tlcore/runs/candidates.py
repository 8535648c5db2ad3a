"""Names the candidates of Auto: what each changes of a run's settings, and how it is called.

It knows settings and backbones. It does not know how a candidate is trained, nor which of them is best.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tlcore.backbones.backbone import Backbone
from tlcore.modalities import find_modality
from tlcore.numbers import plural
from tlcore.runs.config import INPUT, TrainingConfig
from tlcore.runs.run import Run
from tlcore.tasks import Task

# The exact head sees plain items, and has nothing to stop in time.
EXACT: Mapping[str, Any] = {"mode": "freeze", "head": "logistic", "augment": (), "mixup": 0.0, "cutmix": 0.0}


@dataclass(frozen=True)
class Candidate:
    """One way to train.

    Attributes:
        name: Unlike that of any other candidate of the run; also the name of its training phases.
        title: What it is called, in the field's words.
        settings: What it changes of the run's settings, by their names.
    """

    name: str
    title: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def of(self, config: TrainingConfig) -> TrainingConfig:
        """Give the settings of a run that trains only this."""
        return config.changed(self.settings)


@dataclass(frozen=True)
class CandidateRun(Run):
    """A run as one of its candidates sees it: with its settings, and a checkpoint of its own."""

    candidate: str
    settings: TrainingConfig

    @property
    def config(self) -> TrainingConfig:
        return self.settings

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint" / self.candidate


def last_block(task: Task) -> Candidate:
    """Make the simplest candidate."""
    return Candidate("last-block", f"{task.exact.capitalize()} on the last block", {**EXACT, "features": "last"})


def every_block(task: Task) -> Candidate:
    """Make the candidate whose head sees every block's output."""
    return Candidate("every-block", f"{task.exact.capitalize()} on every block", {**EXACT, "features": "every"})


def larger_input(leader: Candidate, config: TrainingConfig, larger: Mapping[str, Any]) -> Candidate:
    """Make the candidate that sees more detail than the leader: with other input settings of the modality."""
    modality = find_modality(config.input.modality)
    described = modality.described(config.input.model_copy(update=dict(larger)))
    return Candidate(
        f"{leader.name}-larger",
        f"{leader.title}, {modality.noun.many} {described}",
        {**leader.settings, **{f"{INPUT}{name}": value for name, value in larger.items()}},
    )


def other_backbone(leader: Candidate, backbone: Backbone) -> Candidate:
    """Make the candidate that does as the leader does with another backbone, at the size that this was made for."""
    made_for = find_modality(backbone.modality).made_for(backbone.native_size)
    return Candidate(
        f"{leader.name}-{backbone.key}",
        f"{leader.title.partition(',')[0]} of {backbone.title}",
        {
            **leader.settings,
            "backbone": backbone.key,
            **{f"{INPUT}{name}": value for name, value in made_for.items()},
        },
    )


def fine_tuned(leader: Candidate, backbone: Backbone, blocks: int) -> Candidate:
    """Make the candidate that trains the last blocks of the leader's backbone, at its input size."""
    kept = {name: value for name, value in leader.settings.items() if name == "backbone" or name.startswith(INPUT)}
    whole = blocks == len(backbone.blocks)
    return Candidate(
        f"fine-tune-{blocks}",
        "Fine-tuning every block" if whole else f"Fine-tuning the last {plural(blocks, 'block', 'blocks')}",
        # The exact head is where it begins: nothing has to be warmed up.
        {**kept, "mode": "fine-tune", "head": "logistic", "features": "last", "blocks": blocks},
    )
