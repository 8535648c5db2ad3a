"""The settings of a run: the default, the range and the description of each.

It knows settings. It does not know how they are carried out, nor anything of items or weights. `problems` holds the
ranges; the command line, the forms and `docs/settings.md` show titles, ranges and descriptions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from tlcore.backbones.catalogue import CATALOGUE
from tlcore.modalities import BEFORE, MODALITIES, Input, Modality, find_modality, read_input
from tlcore.settings import BELOW_ONE, RATE, SHARE, Range, chosen
from tlcore.tasks import Task

Mode = Literal["freeze", "fine-tune", "auto"]
Budget = Literal["quick", "balanced", "best"]
Optimizer = Literal["adamw", "adam", "sgd"]
Balancing = Literal["none", "weights", "sampling"]
Head = Literal["trained", "logistic", "both"]
Features = Literal["last", "every"]
TargetMetric = Literal[
    "loss",
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "mean_average_precision",
    "micro_f1",
    "exact_match",
    "hamming_loss",
    "mae",
    "rmse",
    "r2",
    "spearman",
]
ValueLoss = Literal["huber", "squared", "absolute"]
Precision = Literal["auto", "float32"]


# Why a setting does not apply to every task, with the noun of an item; `Task.options` says to which it does.
NOT_FOR_EVERY_TASK = {
    "label_smoothing": "Label smoothing spreads an answer over classes, and a number has none.",
    "loss": "The loss can be chosen for regression only; other tasks have cross-entropy.",
    "mixup": "MixUp mixes the answers of two {many}, and a mixed {one} need not show the mean of two numbers.",
    "cutmix": "CutMix mixes answers by area, and the piece that it pastes need not show what the {one} is labelled "
    "with: it is for one class per {one}.",
}
MIXING = ("mixup", "cutmix")
INPUT = "input."
# Of each budget.
SECONDS: Mapping[Budget, float] = {"quick": 60.0, "balanced": 300.0, "best": math.inf}


class Fractions(BaseModel):
    """The shares of the items for training, validation and test; they add up to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: float = 0.70
    val: float = 0.15
    test: float = 0.15

    def __str__(self) -> str:
        return f"{self.train:g},{self.val:g},{self.test:g}"


class TrainingConfig(BaseModel):
    """The settings of a run, as written to `config.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = Field(1, title="Schema version", description="The format of `config.json`.")
    dataset: str = Field(title="Dataset", description="The dataset's id.")
    backbone: str = Field(
        find_modality(BEFORE).backbone,
        title="Backbone",
        description="The pretrained network: a key of the catalogue, which `backbones list` shows.",
    )
    start: str | None = Field(
        None,
        title="Initial weights",
        description="What the training begins with instead of the pretrained weights: a run's id, or the path of a "
        "`.keras` file that Graft exported.",
    )
    mode: Mode = Field(
        "freeze",
        title="Mode",
        description="`freeze` trains the new head alone; `fine-tune` also the last blocks, after a warm-up of the "
        "head; `auto` tries these and others, the cheapest first, and keeps the best.",
    )
    budget: Budget = Field(
        "balanced",
        title="Budget",
        description="How long `auto` may look for a better model: `quick` about 1 minute, `balanced` about 5, `best` "
        "until nothing better is to be expected.",
    )
    minutes: Annotated[float | None, Range(0.1, 10_000.0)] = Field(
        None,
        title="Time limit (minutes)",
        description="How long `auto` may look instead; left empty, the budget says it.",
        examples=[15],
    )
    blocks: int = Field(
        1,
        title="Blocks to unfreeze",
        description="How many of the last blocks are trained; all of them train the whole network. Ignored when "
        "freezing.",
    )
    epochs: Annotated[int, Range(1, 1000)] = Field(
        20,
        title="Epochs",
        description="Passes over the training items; when fine-tuning, after the warm-up. Early stopping may end "
        "them sooner.",
    )
    input: Input = Field(
        default_factory=lambda: read_input({}),
        description="How a file becomes the model's input: the settings of the modality, `modality` among them.",
    )
    head: Head = Field(
        "both",
        title="Head",
        description="How the new last layer is found: `trained` follows gradients and sees augmented items; "
        "`logistic` is the regularised logistic regression (of a number: ridge regression), solved exactly, its "
        "strength chosen by cross-validation: for few items the surest; `both` trains on from that solution, "
        "and keeps the trained head where it is better on the validation items: when freezing, by more than one "
        "standard error.",
    )
    features: Features = Field(
        "last",
        title="Features",
        description="What the head sees when freezing: `last` is the mean of each channel of the last block's output; "
        "`every` is the mean and the standard deviation of each channel of every block's output, standardized, for the "
        "exact head alone.",
    )
    batch_size: Annotated[int, Range(1, 1024)] = Field(
        32, title="Batch size", description="Items in one step. Smaller batches need less memory."
    )
    optimizer: Optimizer = Field("adamw", title="Optimizer", description="The optimization algorithm.")
    head_learning_rate: Annotated[float, RATE] = Field(
        1e-2,
        title="Learning rate of the head",
        description="Peak learning rate while the head is trained; linear warm-up, then cosine decay.",
    )
    fine_tune_learning_rate: Annotated[float, RATE] = Field(
        1e-3,
        title="Learning rate when fine-tuning",
        description="Peak learning rate while blocks are trained: smaller than the head's, so that what was learned "
        "before is kept.",
    )
    weight_decay: Annotated[float, SHARE] = Field(
        1e-4, title="Weight decay", description="Pulls the weights towards zero, as AdamW does."
    )
    layer_decay: Annotated[float, RATE] = Field(
        1.0,
        title="Layer-wise learning rate decay",
        description="Each block below the last learns at this multiple of the rate of the block above it, as early "
        "blocks need to change less; 1 is off.",
        examples=[0.7],
    )
    gradual: bool = Field(
        False,
        title="Unfreeze block by block",
        description="The cut moves down each time that validation stops improving, until the chosen blocks are "
        "trained.",
    )
    dropout: Annotated[float, BELOW_ONE] = Field(
        0.2, title="Dropout", description="Share of the features hidden from the head at random, at each step."
    )
    ema: Annotated[float, BELOW_ONE] = Field(
        0.0,
        title="Weight averaging (EMA)",
        description="Momentum of a moving average of the weights, which is what is evaluated and kept; 0 is off, 0.99 "
        "is usual.",
        examples=[0.99],
    )
    target_metric: TargetMetric = Field(
        "loss",
        title="Best epoch by",
        description="The metric of the validation items that chooses the best epoch, whose weights are kept: the "
        "loss, or one of the task's own.",
    )
    patience: Annotated[int, Range(0, 1000)] = Field(
        5,
        title="Early stopping: patience (epochs)",
        description="Early stopping: epochs without a better target metric before training stops; 0 is off.",
    )
    balancing: Balancing = Field(
        "none",
        title="Class balancing",
        description="For rare classes: `weights` counts their items more, `sampling` shows them more often. For "
        "classification only.",
    )
    augment: tuple[str, ...] = Field(
        find_modality(BEFORE).usual_augmentations,
        title="Augmentation",
        description="Random changes to the training items, never to the others.",
    )
    views: Annotated[int | None, Range(1, 64)] = Field(
        None,
        title="Cached views",
        description="Augmented versions of each training item that are computed once where blocks are frozen, the "
        "first one plain. Left empty: one while the head alone is trained; else chosen from the augmentations, the "
        "disk and the time.",
    )
    label_smoothing: Annotated[float, BELOW_ONE] = Field(
        0.0,
        title="Label smoothing",
        description="Share of each answer that is spread evenly over all classes, for labels that may be wrong; 0 is "
        "off. Not for regression.",
        examples=[0.1],
    )
    loss: ValueLoss = Field(
        "huber",
        title="Loss",
        description="For regression only, on the standardized value: `huber` counts large errors less than `squared`.",
    )
    mixup: Annotated[float, SHARE] = Field(
        0.0,
        title="MixUp",
        description="Mixes two items and their answers by shares from a beta distribution with this alpha (Zhang "
        "et al., 2018): the larger, the more evenly; 0 is off. Not for regression.",
        examples=[0.2],
    )
    cutmix: Annotated[float, SHARE] = Field(
        0.0,
        title="CutMix",
        description="Pastes a piece of one item into another and mixes their answers by its area (Yun et al., "
        "2019); for classification, with unfrozen blocks. The alpha of its beta distribution; 0 is off, 1 is usual.",
        examples=[1],
    )
    precision: Precision = Field(
        "auto",
        title="Precision",
        description="`auto` trains in lower precision where an accelerator is measured to be faster by it and as good.",
    )
    fractions: Fractions = Field(
        Fractions(),
        title="Split (%)",
        description="Shares for training, validation and test, which add up to 1. The first run of a dataset draws "
        "the split with them. Later ones keep the test set, which is locked, and divide the rest in the proportion of "
        "the first two. A split that the dataset brings is kept.",
    )
    seed: Annotated[int, Range(0, 2**31 - 1)] = Field(
        0,
        title="Seed",
        description="Decides the new weights, the order, the augmentations and the split, but for a test set that "
        "is locked. The same seed gives the same run.",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_input(cls, content: Any) -> Any:
        """Put into `input` what is called `input.NAME`, and what files of before had beside the other settings."""
        if not isinstance(content, dict):
            return content
        found = gathered(content)
        modality = MODALITIES.get(found["input"].get("modality", BEFORE))
        if modality is None:
            return found
        named = {"backbone": modality.backbone} if modality.backbone else {}
        return {"augment": modality.usual_augmentations, **named, **found}

    @property
    def seconds(self) -> float:
        """How long `auto` may look for a better model; infinite for the best one."""
        return SECONDS[self.budget] if self.minutes is None else 60 * self.minutes

    @property
    def prefers_exact_head(self) -> bool:
        """Whether a trained head must be better than the exact one by more than one standard error to be kept."""
        return self.head == "both" and self.mode == "freeze"

    @property
    def learns_from_validation(self) -> bool:
        """Tell whether the final head was also fitted on the validation set.

        Where the exact head is the whole training, they are left nothing to choose, and few items are missed.
        """
        return self.head == "logistic" and self.mode == "freeze"

    @field_validator("augment")
    @classmethod
    def _are_known(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        known = find_modality(info.data["input"].modality).augmentations if "input" in info.data else names
        if unknown := [name for name in names if name not in known]:
            expected = f"some of {', '.join(known) or 'none'}"
            raise PydanticCustomError(
                "augmentation",
                "Augmentations should be {expected}: not {unknown}",
                {"expected": expected, "unknown": ", ".join(unknown)},
            )
        return names

    def values(self) -> dict[str, Any]:
        """Give every setting by its name; those of the input are called `input.NAME`."""
        return {name: self.value(name) for name in settings(self.input.modality)}

    def value(self, name: str) -> Any:
        """Give a setting by its name."""
        return getattr(self.input, name.removeprefix(INPUT)) if name.startswith(INPUT) else getattr(self, name)

    def changed(self, values: Mapping[str, Any]) -> Self:
        """Give the same settings with others by their names, which are checked."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_validate({**given, "input": self.input.model_dump(), **values})


def not_for(task: Task, modality: Modality) -> dict[str, str]:
    """Say of each setting that does not apply to a task, or to a kind of item, why not."""
    one, many = modality.noun.one, modality.noun.many
    of_task = {
        name: why.format(one=one, many=many) for name, why in NOT_FOR_EVERY_TASK.items() if name not in task.options
    }
    unmixed = (name for name in MIXING if name not in modality.mixing)
    return of_task | dict.fromkeys(unmixed, f"A mixture of two {many} is no {one} that a model will ever meet.")


def settings(modality: str = BEFORE) -> dict[str, FieldInfo]:
    """Give every setting that a person chooses, by its name; those of the input are called `input.NAME`."""
    found = {}
    for name, about in TrainingConfig.model_fields.items():
        if about.title:
            found[name] = about
        elif name == "input":
            found |= {f"{INPUT}{each}": of_input for each, of_input in chosen(find_modality(modality).settings)}
    return found


def gathered(content: Mapping[str, Any]) -> dict[str, Any]:
    """Put settings that are called `input.NAME` into `input`, and those that files of before had beside the others."""
    given = content.get("input") or {}
    given = dict(given) if isinstance(given, Mapping) else given.model_dump()
    if not given and (chosen_one := CATALOGUE.get(str(content.get("backbone")))):
        given = {"modality": chosen_one.modality}
    before, rest = find_modality(BEFORE).before, {}
    for name, value in content.items():
        if name in before or name.startswith(INPUT):
            given[before.get(name, name.removeprefix(INPUT))] = value
        else:
            rest[name] = value
    return {**rest, "input": given}


def option_of(name: str, about: FieldInfo) -> str:
    """Name the option of the command line for a setting."""
    extra = about.json_schema_extra
    given = extra.get("option") if isinstance(extra, dict) else None
    return str(given or f"--{name.removeprefix(INPUT).replace('_', '-')}")
