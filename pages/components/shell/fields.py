"""Every setting as a form asks for it: its steps and the words for its choices. `settings` draws them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from pages.components.shell import formats
from tlcore.modalities import BEFORE, MODALITIES, find_modality
from tlcore.runs.config import INPUT, Fractions, not_for, settings
from tlcore.tasks import Task, find_task
from tlcore.tasks.task import LOSS

AUGMENTATIONS = {name: words for modality in MODALITIES.values() for name, words in modality.augmentations.items()}
ABOUT = {name: about for modality in MODALITIES for name, about in settings(modality).items()}


@dataclass(frozen=True)
class Field:
    """How a setting is asked for; its name and its help are those of the setting itself.

    Attributes:
        step, digits: Of a number; with `digits`, as many are shown after the point.
        choices: The words for each value, where there is a choice.
        empty: What an empty field stands for; nothing where that is the recommended value.
    """

    name: str
    step: float = 1
    digits: int = 0
    choices: dict[Any, str] = field(default_factory=dict)
    empty: str = ""

    @property
    def label(self) -> str:
        return ABOUT[self.name].title or self.name

    @property
    def help(self) -> str:
        return ABOUT[self.name].description or ""

    @property
    def format(self) -> str | None:
        return f"%.{self.digits}f" if self.digits else None

    def said(self, value: Any) -> str:
        """A value in the words of the field."""
        if value is None:
            return self.empty
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, Fractions):
            return " / ".join(f"{100 * share:.0f}" for share in (value.train, value.val, value.test))
        if isinstance(value, tuple):
            return ", ".join(AUGMENTATIONS[name][0].lower() for name in value) or "none"
        if value in self.choices:
            return self.choices[value].partition(":")[0]
        return formats.count(value) if isinstance(value, int) else f"{value:g}"


def _of_input(name: str) -> Field:
    """A setting of the input, whose modality says how it is asked for."""
    extra = ABOUT[name].json_schema_extra
    about = extra if isinstance(extra, dict) else {}
    return Field(name, step=about.get("step", 1), choices=dict(about.get("words", {})))


_FIELDS = (
    Field("mode", choices={"auto": "auto", "freeze": "freeze", "fine-tune": "fine-tune"}),
    Field(
        "budget",
        choices={
            "quick": "quick: about 1 minute",
            "balanced": "balanced: about 5 minutes",
            "best": "best: until nothing better is to be expected",
        },
    ),
    Field("minutes", step=0.5, digits=1, empty="as the budget says"),
    Field("features", choices={"last": "last block", "every": "every block: for the exact head alone"}),
    Field("blocks"),
    Field("augment"),
    Field("fractions"),
    Field("epochs"),
    Field("head"),
    Field("dropout", step=0.05, digits=2),
    Field("gradual"),
    Field("batch_size", step=8),
    Field("optimizer", choices={"adamw": "AdamW", "adam": "Adam", "sgd": "SGD with momentum"}),
    Field("head_learning_rate", step=1e-4, digits=5),
    Field("fine_tune_learning_rate", step=1e-5, digits=6),
    Field("layer_decay", step=0.05, digits=2),
    Field("weight_decay", step=1e-4, digits=5),
    Field("ema", step=0.01, digits=3),
    Field("views", empty="chosen"),
    Field("mixup", step=0.1, digits=2),
    Field("cutmix", step=0.1, digits=2),
    Field("label_smoothing", step=0.05, digits=2),
    Field("target_metric"),
    Field("loss", choices={"huber": "Huber", "squared": "squared error", "absolute": "absolute error"}),
    Field("patience"),
    Field(
        "balancing",
        choices={
            "none": "every picture counts the same",
            "weights": "rare classes count more",
            "sampling": "rare classes are shown more often",
        },
    ),
    Field("precision", choices={"auto": "as measured", "float32": "always float32"}),
    Field("seed"),
    *(_of_input(name) for name in ABOUT if name.startswith(INPUT)),
)
FIELDS = {about.name: about for about in _FIELDS}
MEANS = ("balanced_accuracy", "macro_f1")


@cache
def fields_of(task: str, modality: str = BEFORE) -> dict[str, Field]:
    """Give the settings of a task and a modality, by their keys, with the words that their choices have there."""
    about = find_task(task)
    words = {
        "head": {
            "trained": "trained",
            "logistic": about.exact,
            "both": "both: trained only where better in validation",
        },
        "target_metric": metric_words(about),
        "balancing": {key: said for key, said in FIELDS["balancing"].choices.items() if key in about.balancing},
    }
    left_out = set(not_for(about, find_modality(modality)))
    if len(about.balancing) == 1:
        left_out.add("balancing")
    there = settings(modality)
    return {
        name: replace(each, choices=words.get(name, each.choices))
        for name, each in FIELDS.items()
        if name in there and name not in left_out
    }


def metric_words(task: Task) -> dict[str, str]:
    """Name what may choose the best epoch of a task, by its key; the loss first."""
    every = "class" if task.few > 1 else "label"
    told = dict.fromkeys(MEANS, f": every {every} counts the same")
    return {metric.key: f"{metric.name}{told.get(metric.key, '')}" for metric in (LOSS, *task.metrics)}


# What a beginner need not know, as it stands on the page.
ADVANCED: dict[str, tuple[str, ...]] = {
    "Head and depth": ("head", "features", "dropout", "gradual"),
    "Optimization": (
        "head_learning_rate",
        "fine_tune_learning_rate",
        "batch_size",
        "optimizer",
        "weight_decay",
        "layer_decay",
        "ema",
    ),
    "Input": ("input.resize", "views", "mixup", "cutmix", "label_smoothing"),
    "Objective": ("target_metric", "loss", "patience", "balancing"),
    "Hardware and seed": ("precision", "seed"),
}
