"""Keeps the state of a run's training, phase by phase, for a worker that resumes the run.

It knows the model's variables and the checkpoint. It does not know how a phase is trained.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import keras

from tlcore.training import checkpoint
from tlcore.training.checkpoint import Arrays, Place
from tlcore.training.fit import Best, Standing, assign, values
from tlcore.training.precision import FLOAT32, Choice


@dataclass
class TrainingState:
    """The state that one phase hands to the next.

    Attributes:
        folder: Of the checkpoint.
        whole: The model that is saved in the end.
        number: The phase that comes next, from 0.
        epoch: Its first epoch, over the whole run, from 1.
        batch_size, accumulate: Items in a batch, and batches in a step: fewer and more once memory ran out.
        choice: How the phase under way computes.
        under_way: The phase that a worker before was in: its standing, and the weights and the optimizer's state.
    """

    folder: Path
    whole: keras.Model
    batch_size: int
    accumulate: int = 1
    number: int = 0
    epoch: int = 1
    best: Best = field(default_factory=Best)
    choice: Choice = field(default_factory=lambda: Choice(FLOAT32, ""))
    under_way: tuple[Standing, dict[str, Arrays]] | None = None

    def take_up(self) -> None:
        """Go on from the checkpoint, where there is one.

        Raises:
            RunError: It cannot be read.
        """
        found = checkpoint.load(self.folder)
        if found is None:
            return
        place, arrays = found
        assign(self.whole.variables, arrays["whole"])
        self.number, self.epoch = place.phase, place.first_epoch
        self.best = Best(place.best_score, place.best_epoch) if place.best_score else Best()
        self.batch_size, self.accumulate = place.batch_size, place.accumulate
        if "kept" in arrays:
            self.choice = Choice(place.policy, "")
            standing = Standing(place.first_epoch, place.done, place.batch, place.worse, place.seconds)
            standing.kept, standing.logs = arrays["kept"], place.measured
            self.under_way = standing, arrays

    def save(self, standing: Standing | None = None, above: keras.Model | None = None) -> None:
        """Write the checkpoint: of the phase under way with the model that it trains, or of one that has not begun."""
        standing = standing or Standing(self.epoch)
        place = Place(
            phase=self.number,
            first_epoch=standing.first_epoch,
            done=standing.done,
            batch=standing.batch,
            worse=standing.worse,
            seconds=standing.seconds,
            logs=standing.logs,
            best_score=self.best.score if self.best.epoch else None,
            best_epoch=self.best.epoch,
            batch_size=self.batch_size,
            accumulate=self.accumulate,
            policy=self.choice.policy,
        )
        arrays = {"whole": values(self.whole.variables)}
        if above is not None:
            arrays["above"], arrays["optimizer"] = values(above.variables), values(above.optimizer.variables)
            arrays["kept"] = standing.kept
        checkpoint.save(self.folder, place, arrays)
