"""The learning-rate finder: trains briefly while the learning rate grows, until the loss explodes.

After Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, as fastai has it. It knows a training and one
of its phases. Nothing of it is kept.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from tlcore.data.dataset import Dataset
from tlcore.errors import RunError
from tlcore.progress import Progress as Step
from tlcore.runs.config import TrainingConfig
from tlcore.runs.create import create_run
from tlcore.training import device
from tlcore.training.phase_report import Report, Stop, stretch
from tlcore.training.trainer import Training
from tlcore.workspace import Workspace

LOWEST, HIGHEST = 1e-6, 1.0
STEPS = 100
SMOOTHING = 0.9  # of the loss, from one step to the next
EXPLODED = 4.0  # times the lowest loss
FEWEST = 10  # points on which a suggestion can rest
REACH = 7  # points to either side: one batch differs from the next by more than one rate does


@dataclass(frozen=True)
class Curve:
    """The loss over the learning rate.

    Attributes:
        rates: Growing, a factor apart.
        losses: Smoothed, of the batch at each rate; in nats but for regression.
        suggested: Where the loss falls fastest.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggested: float


def find_rate(config: TrainingConfig, dataset: Dataset, workspace: Workspace, *, report: Report, stop: Stop) -> Curve:
    """Find a learning rate for the last phase of a run with these settings; the head is warmed up where it would be.

    Raises:
        GraftError: The settings do not fit, or the loss says nothing.
        StoppedError: It was asked to stop.
    """
    asked = config.model_copy(update={"gradual": False, "head": "trained"})  # a solved head has no slope left
    with tempfile.TemporaryDirectory() as folder:
        run = create_run(Workspace(Path(folder)), dataset, asked, trial=True)
        training = Training(run, report=report, stop=stop, workspace=workspace)
        while training.course.number < len(training.phases) - 1:
            training.carry_out_next()
        return _sweep(training, report, stop)


def _sweep(training: Training, report: Report, stop: Stop) -> Curve:
    phase = training.phases[-1]
    source = training.below.sources(phase.cut, epochs=phase.epochs)["train"]
    batches = training.batches(phase, source)
    rates = np.geomspace(LOWEST, HIGHEST, STEPS)
    losses: list[float] = []
    with device.scope(), stretch(report, stop, "rates", "Trying learning rates") as trying:
        model = training.model.above(phase.cut)
        optimizer = keras.optimizers.AdamW(rates[0], weight_decay=training.config.weight_decay, global_clipnorm=1.0)
        model.compile(optimizer, training.head.loss())
        smoothed, lowest = 0.0, float("inf")
        for step, rate in enumerate(rates):
            epoch, index = divmod(step, batches.number)
            batches.deal(1 + epoch)
            optimizer.learning_rate = rate
            inputs, answers, weights = batches[index]
            found = float(model.train_on_batch(inputs, answers, weights, return_dict=True)["loss"])
            model.reset_metrics()
            smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * found
            # The mean began at nothing (Kingma and Ba's correction).
            losses.append(smoothed / (1 - SMOOTHING ** (step + 1)))
            lowest = min(lowest, losses[-1])
            trying.show(Step(step + 1, STEPS))
            if not np.isfinite(found) or losses[-1] > EXPLODED * lowest:
                break
        trying.items = 0
    return suggest(rates[: len(losses)].tolist(), losses)


def suggest(rates: list[float], losses: list[float]) -> Curve:
    """Read a rate off the curve: the steepest point of its fall.

    Raises:
        RunError: The loss falls nowhere.
    """
    known = [(rate, each) for rate, each in zip(rates, losses, strict=True) if np.isfinite(each)]
    heights = np.array([each for _, each in known])
    # Beyond the lowest point the loss only climbs.
    end = int(np.argmin(heights)) if known else 0
    reach = min(REACH, end // 3)
    falling = heights[2 * reach : end + 1] - heights[: end + 1 - 2 * reach]
    if end < FEWEST or min(falling) >= 0:
        raise RunError(
            "A learning rate can be suggested where the loss falls before it explodes. It did not fall. "
            "Keep the default, or check the labels."
        )
    suggested = known[int(np.argmin(falling)) + reach][0]
    return Curve(tuple(rate for rate, _ in known), tuple(each for _, each in known), float(suggested))
