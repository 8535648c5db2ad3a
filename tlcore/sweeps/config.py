"""What is asked of a sweep: what to try, how often, and what decides.

It knows the choices and the points that they span. It does not know which point comes when; that is `search`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tlcore.backbones.catalogue import CATALOGUE, DEFAULT, find
from tlcore.data.dataset import Dataset
from tlcore.errors import ConfigError, Problem
from tlcore.runs.config import TargetMetric, TrainingConfig
from tlcore.runs.problems import problems as problems_of_run
from tlcore.runs.recipe import recommend

Depth = int | Literal["all"]
MOST_TRIALS = 1000


class SweepConfig(BaseModel):
    """The settings of a sweep, as written to `sweep.json`.

    Attributes:
        dataset: The dataset's id.
        backbones: Keys of the catalogue.
        depths: How many blocks to unfreeze, counted from the output; 0 freezes, `all` trains every block. More than a
            backbone has means all of them.
        rates: Peaks of the learning rate, of the head where the backbone is frozen and of fine-tuning elsewhere;
            none searches a range around the defaults.
        trials: How many runs at most; with given rates there are no more than there are points.
        epochs: Of each run; hopeless ones stop earlier.
        image_size: Side of the square picture, pixels; None gives each backbone what it was made for.
        target_metric: Of the validation pictures; chooses each run's best epoch, stops hopeless runs and finds the
            best one.
        seed: Of the search, the split and every run.
        settings: What else the runs of each backbone have: recommended for the pictures when the sweep is made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    dataset: str
    backbones: tuple[str, ...] = (DEFAULT,)
    depths: tuple[Depth, ...] = (0, 3, "all")
    rates: tuple[float, ...] = ()
    trials: int = 9
    epochs: int = 20
    image_size: int | None = None
    target_metric: TargetMetric = "accuracy"
    seed: int = 0
    settings: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class Point:
    """One thing to try. `blocks` are those that are unfrozen; a `rate` of None is the default of the settings."""

    backbone: str
    blocks: int
    rate: float | None = None


def blocks_of(backbone: str, depth: Depth) -> int:
    """How many blocks a depth unfreezes in this backbone."""
    there = len(find(backbone).blocks)
    return there if depth == "all" else min(depth, there)


def grid(config: SweepConfig) -> tuple[Point, ...]:
    """Every point that the choices span, each once, the quickest to train first.

    Frozen backbones come first, then small shares of unfrozen weights: what is learnt from quick runs tells which
    slow ones are hopeless.
    """
    rates: tuple[float | None, ...] = config.rates or (None,)
    points = {
        Point(backbone, blocks_of(backbone, depth), rate): None
        for backbone in config.backbones
        for depth in config.depths
        for rate in rates
    }
    order = list(points)

    def cost(point: Point) -> tuple[int, int, int]:
        entry = find(point.backbone)
        return entry.trained_parameters(point.blocks), entry.parameters, order.index(point)

    return tuple(sorted(points, key=cost))


def most_trials(config: SweepConfig) -> int:
    """How many trials there will be: given rates span a limited number of points, a range does not."""
    return min(config.trials, len(grid(config))) if config.rates else config.trials


def training_config(config: SweepConfig, point: Point) -> TrainingConfig:
    """The settings of the run that tries a point."""
    tried: dict[str, Any] = {
        "backbone": point.backbone,
        "mode": "fine-tune" if point.blocks else "freeze",
        "blocks": max(point.blocks, 1),
        "epochs": config.epochs,
        "image_size": config.image_size or find(point.backbone).native_size,
        "target_metric": config.target_metric,
        "seed": config.seed,
    }
    if point.rate is not None:
        tried["fine_tune_learning_rate" if point.blocks else "head_learning_rate"] = point.rate
    return TrainingConfig(dataset=config.dataset, **{**config.settings.get(point.backbone, {}), **tried})


def default_rate(config: SweepConfig, point: Point) -> float:
    """The learning rate of a run that tries a point without a rate of its own."""
    settings = training_config(config, replace(point, rate=None))
    return settings.fine_tune_learning_rate if point.blocks else settings.head_learning_rate


def with_recommended(config: SweepConfig, dataset: Dataset) -> SweepConfig:
    """The same choices, with what is recommended for these pictures in every setting that is not tried."""
    tried = {"mode", "blocks", "epochs", "image_size", "target_metric", "seed"}
    settings = {}
    for backbone in config.backbones:
        recommended = recommend(dataset, find(backbone), any_depth=True).values
        values = {field: value for field, value in recommended.items() if field not in tried}
        # A head that is solved alone has no learning rate to try.
        settings[backbone] = {**values, "head": "both"}
    return config.model_copy(update={"settings": settings})


def problems(config: SweepConfig, dataset: Dataset | None) -> tuple[Problem, ...]:
    """Find every fault, each with its field; none means that the sweep can be made."""
    found = [*_of_choices(config)]
    if found:
        return tuple(found)
    known: dict[Problem, None] = {}
    for point in grid(config):
        for fault in problems_of_run(training_config(config, point), dataset):
            known[fault] = None
    return tuple(known)


def _of_choices(config: SweepConfig) -> list[Problem]:
    found = []
    if not config.backbones:
        found.append(Problem("backbones", "A sweep needs at least one backbone to try. None is chosen. Choose some."))
    for key in config.backbones:
        if key not in CATALOGUE:
            try:
                find(key)
            except ConfigError as error:
                found += [Problem("backbones", problem.message) for problem in error.problems]
    if not config.depths:
        found.append(Problem("depths", "A sweep needs at least one depth to try. None is chosen. Choose 0 to freeze."))
    found += [
        Problem("depths", f"A depth is a number of blocks, 0 to freeze, or 'all'. Received {depth}.")
        for depth in config.depths
        if depth != "all" and depth < 0
    ]
    # `not (… <= …)`, so that NaN is a fault too.
    found += [
        Problem("rates", f"A learning rate must be above 0 and at most 1. Received {rate:g}. Try 0.001.")
        for rate in config.rates
        if not 0 < rate <= 1
    ]
    if not 1 <= config.trials <= MOST_TRIALS:
        found.append(Problem("trials", f"The number of trials must be 1 to {MOST_TRIALS:,}. Received {config.trials}."))
    return found
