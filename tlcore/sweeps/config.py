"""The settings of a sweep: the search space, the number of trials and the objective.

It knows the choices and the points that they span. It does not know which point comes when; that is `search`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tlcore.backbones.catalogue import CATALOGUE, find
from tlcore.data.dataset import Dataset
from tlcore.errors import ConfigError, Problem
from tlcore.modalities import BEFORE, find_modality, read_input
from tlcore.runs.config import INPUT, TargetMetric, TrainingConfig, gathered
from tlcore.runs.problems import problems as problems_of_run
from tlcore.runs.recommend import made_for, recommend
from tlcore.settings import RATE, Range, out_of_range
from tlcore.tasks import Task, find_task

Depth = int | Literal["all"]
_DEFAULTS = TrainingConfig.model_fields


class SweepConfig(BaseModel):
    """The settings of a sweep, as written to `sweep.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = Field(1, title="Schema version", description="The format of `sweep.json`.")
    dataset: str = Field(title="Dataset", description="The dataset's id.")
    backbones: tuple[str, ...] = Field(
        (find_modality(BEFORE).backbone,),
        title="Backbones",
        description="Keys of the catalogue. Small ones are quick and run anywhere; larger ones are often right more "
        "often.",
    )
    depths: tuple[Depth, ...] = Field(
        (0, 3, "all"),
        title="How much to train",
        description="Blocks to unfreeze, counted from the output: 0 freezes, which is quick; `all` trains every block. "
        "More than a backbone has means all of them.",
    )
    rates: tuple[float, ...] = Field(
        (),
        title="Learning rates",
        description="Peaks of the learning rate: of the head where the backbone is frozen, of the unfrozen blocks "
        "elsewhere. Without any, a range around the defaults is searched.",
    )
    trials: Annotated[int, Range(1, 1000)] = Field(
        9, title="Trials", description="Runs at most; given rates span no more than there are points."
    )
    epochs: int = Field(
        _DEFAULTS["epochs"].default,
        title="Epochs of each run",
        description="Unpromising runs are pruned after a quarter or a half of them.",
    )
    input: dict[str, Any] = Field(
        {},
        title="Input",
        description="Input settings that every run has, by their names. What is not given is what each backbone was "
        "made for.",
    )
    target_metric: TargetMetric | None = Field(
        None,
        title="Target metric",
        description="The metric of the validation items that chooses each run's best epoch, prunes unpromising "
        "runs and finds the best one. Test items choose nothing. Left empty, the task's headline metric: accuracy, "
        "mean average precision or MAE.",
    )
    seed: int = Field(
        _DEFAULTS["seed"].default, title="Seed", description="Decides the search, the split and every run."
    )
    settings: dict[str, dict[str, Any]] = Field(
        {},
        title="Settings",
        description="What else the runs of each backbone have: recommended for the items when the sweep is made.",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_input(cls, content: Any) -> Any:
        """Put into `input` what is called `input.NAME`, and what files of before had beside the other choices."""
        if not isinstance(content, dict):
            return content
        choices = gathered(content)
        return {**choices, "input": {name: value for name, value in choices["input"].items() if value is not None}}

    @field_validator("input")
    @classmethod
    def _known(cls, content: dict[str, Any]) -> dict[str, Any]:
        """Refuse settings that the modality does not have."""
        read_input(content)
        return content

    @property
    def metric(self) -> TargetMetric:
        """The target metric, which every sweep that was made has; a draft without one is given the loss."""
        return self.target_metric or "loss"

    @property
    def of_input(self) -> dict[str, Any]:
        """The input settings by their names beside other settings."""
        return {f"{INPUT}{name}": value for name, value in self.input.items()}

    def of_task(self, task: Task) -> SweepConfig:
        """The same choices, with the task's headline metric where none was chosen."""
        return self.model_copy(update={"target_metric": self.target_metric or task.metrics[0].key})


@dataclass(frozen=True)
class Point:
    """One trial's choices: the unfrozen `blocks`, and the `rate`; None is the default of the settings."""

    backbone: str
    blocks: int
    rate: float | None = None


def blocks_of(backbone: str, depth: Depth) -> int:
    """Return the number of blocks that a depth unfreezes in this backbone."""
    there = len(find(backbone).blocks)
    return there if depth == "all" else min(depth, there)


def grid(config: SweepConfig) -> tuple[Point, ...]:
    """List every combination of the choices once, the quickest to train first.

    Frozen backbones come first, then small shares of unfrozen weights: what is learnt from quick runs tells which
    slow ones are pruned.
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
    """Return the largest number of trials: given rates span a limited number of points, a range does not."""
    return min(config.trials, len(grid(config))) if config.rates else config.trials


def training_config(config: SweepConfig, point: Point) -> TrainingConfig:
    """The settings of the run that tries a point."""
    tried: dict[str, Any] = {
        "backbone": point.backbone,
        "mode": "fine-tune" if point.blocks else "freeze",
        "blocks": max(point.blocks, 1),
        "epochs": config.epochs,
        "target_metric": config.metric,
        "seed": config.seed,
    }
    if point.rate is not None:
        tried["fine_tune_learning_rate" if point.blocks else "head_learning_rate"] = point.rate
    own = {**made_for(find(point.backbone)), **config.settings.get(point.backbone, {})}
    return TrainingConfig(dataset=config.dataset, **{**own, **tried, **config.of_input})


def default_rate(config: SweepConfig, point: Point) -> float:
    """The learning rate of a run that tries a point without a rate of its own."""
    settings = training_config(config, replace(point, rate=None))
    return settings.fine_tune_learning_rate if point.blocks else settings.head_learning_rate


def with_recommended(config: SweepConfig, dataset: Dataset) -> SweepConfig:
    """The same choices, with what is recommended for these items in every setting that is not tried."""
    tried = {"mode", "budget", "blocks", "epochs", "target_metric", "seed"}
    settings = {}
    for backbone in config.backbones:
        recommended = recommend(dataset, find(backbone)).values
        values = {field: value for field, value in recommended.items() if field not in tried}
        # A head that is solved alone has no learning rate to try.
        settings[backbone] = {**values, "head": "both"}
    return config.of_task(find_task(dataset.info.task)).model_copy(update={"settings": settings})


def problems(config: SweepConfig, dataset: Dataset | None) -> tuple[Problem, ...]:
    """Find every fault, each with its field; none means that the sweep can be made."""
    found = [*_of_choices(config)]
    if found:
        return tuple(found)
    if dataset is not None:
        config = config.of_task(find_task(dataset.info.task))
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
    found += [
        Problem("rates", f"A learning rate must be {RATE}. Received {rate:g}. Try 0.001.")
        for rate in config.rates
        if rate not in RATE
    ]
    if said := out_of_range(SweepConfig.model_fields["trials"], config.trials):
        found.append(Problem("trials", said))
    return found
