"""Recommends settings from facts about the items and the backbone, each with its reason.

It knows counts, sizes, backbones and what was measured (`benchmarks/accuracy.py`). It does not know an item's
content, nor where the settings go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.catalogue import find
from tlcore.data.dataset import Dataset
from tlcore.data.split.assign import given_parts
from tlcore.modalities import BEFORE, MODALITIES, Advice, Modality, find_modality
from tlcore.runs.config import INPUT, Fractions, TrainingConfig, not_for
from tlcore.tasks import Task, find_task
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.threads import cores

# Items per class, on average. With 50 of three datasets, three draws of each, fine-tuning by these rules had 74.0 %
# of the test items right and the exact head 74.2 %, in a tenth of the time. With 350 textiles it is 99 % and 76 %.
FEWEST_TO_FINE_TUNE, FEW = 75, 200
# Values have no classes: their items are counted by quarters of the values, as if each were a class.
QUARTERS = 4
# Times as many items in the largest class as in the smallest.
UNEVEN, VERY_UNEVEN = 4.0, 10.0
# Of all: fewer validation items than come of these make accuracy a coarse measure.
ENOUGH_FOR_ACCURACY = 700
# Steps teach, not epochs: few items are looked at more often.
STEPS_WANTED, FEWEST_EPOCHS, MOST_EPOCHS, EPOCHS_OF_A_HEAD = 700, 15, 40, 30
LARGE_BATCH, SMALL_BATCH, FEW_FOR_A_BATCH = 32, 16, 320
# Of fine-tuning this backbone on one core of a processor.
MEASURED_WITH = find_modality(BEFORE).backbone
ITEMS_PER_SECOND = 12.0
BUDGET_HOURS = 3.0
# Where nothing has to be stopped in time, validation items are better learnt from.
MOSTLY_TRAINING = Fractions(train=0.8, val=0.05, test=0.15)
# Of a new head. The error of a number grows with every step that is too far, where a softmax saturates: 0.01 threw a
# regression of 24 items from 15 mm off to 56, 0.001 brought it to 5.
HEAD_RATE, HEAD_RATE_OF_A_NUMBER = 1e-2, 1e-3
LARGE_WEIGHTS = 20e6


EXACT = "The exact solution, its strength chosen by cross-validation: surest for few."
NOT_MEASURED = " The limit was measured for classification and is used for this task as well."
# Classes from which on solving is felt. What folds take, the run measures and says before they begin.
MANY = 200
WITH_MANY = (
    " With {:,} classes that takes minutes; how good it is over repeated folds is judged only where a minute is "
    "enough, and the run says so before."
)


@dataclass(frozen=True)
class Recommendation:
    """Advice on every setting that depends on the items, the backbone or the machine."""

    advice: tuple[Advice, ...]

    @property
    def values(self) -> dict[str, Any]:
        return {each.field: each.value for each in self.advice}

    def config(self, dataset: str, **given: Any) -> TrainingConfig:
        """The settings of a run on `dataset`; what is given goes before what is recommended."""
        return TrainingConfig(dataset=dataset, **{**self.values, **given})


@dataclass(frozen=True)
class Facts:
    """The facts that the recommendation is based on.

    Attributes:
        counts: Items of each class, given test items apart; none where a value is predicted.
        size: How large the items mostly are, in the unit of the backbone's native size.
        cores: Of the processor.
        accelerator: Whether there is something faster.
        modality: What an item is.
        task: What an answer is.
        number: Items, given test items apart; None where each has one class.
        given: Whether the items came with a split, which is kept.
    """

    counts: Mapping[str, int]
    backbone: Backbone
    size: int
    cores: int
    accelerator: bool = False
    modality: Modality = MODALITIES[BEFORE]
    task: Task = CLASSIFICATION
    number: int | None = None
    given: bool = False

    @property
    def items(self) -> int:
        return sum(self.counts.values()) if self.number is None else self.number

    @property
    def classes(self) -> int:
        return len(self._filled)

    @property
    def per_class(self) -> float:
        """Items that teach one class, on average: those of a quarter of the values where there are no classes."""
        if not self.task.few:
            return self.items / QUARTERS
        return sum(self._filled) / max(1, len(self._filled))

    @property
    def of_what(self) -> str:
        """What `per_class` counts for, in words."""
        return {0: "quarter of the values", 1: "label"}.get(self.task.few, "class")

    @property
    def one(self) -> str:
        """What an item is called."""
        return self.modality.noun.one

    @property
    def many(self) -> str:
        """What several items are called."""
        return self.modality.noun.many

    @property
    def measured(self) -> str:
        """Say that limits were not measured for the task; empty where they were."""
        return "" if self.task == CLASSIFICATION else NOT_MEASURED

    @property
    def uneven(self) -> float:
        return max(self._filled, default=1) / min(self._filled, default=1)

    @property
    def batch(self) -> int:
        return SMALL_BATCH if self.items < FEW_FOR_A_BATCH else LARGE_BATCH

    @property
    def epochs(self) -> int:
        return min(MOST_EPOCHS, max(FEWEST_EPOCHS, round(STEPS_WANTED * self.batch / max(1, self.items))))

    def hours(self, blocks: int) -> float:
        """About how long fine-tuning the last `blocks` takes at most."""
        heavier = self.backbone.multiplications / find(MEASURED_WITH).multiplications
        each = heavier * blocks / len(self.backbone.blocks) / (ITEMS_PER_SECOND * self.cores)
        return self.items * self.epochs * each / 3600

    @property
    def _filled(self) -> list[int]:
        return [count for count in self.counts.values() if count]


def recommend(dataset: Dataset, backbone: Backbone, *, any_depth: bool = False) -> Recommendation:
    """The recipe for a dataset on this machine; for `any_depth`, what is good whatever is unfrozen, and no depth."""
    items = dataset.items()
    learnt = items[items["split"] != "test"]
    task = find_task(dataset.info.task)
    counts = Counter(name for label in learnt["label"].tolist() for name in task.names(label))
    modality = find_modality(dataset.info.modality)
    facts = Facts(
        counts,
        backbone,
        modality.usual_size(items),
        cores(),
        # A look at the driver, as asking the backend would load it.
        accelerator=Path("/dev/nvidia0").exists(),
        modality=modality,
        task=task,
        number=len(learnt),
        given=bool(given_parts(items["split"].to_numpy(dtype=object))),
    )
    if any_depth:
        return Recommendation((*_of_fine_tuning(facts), *_of_the_judgement(facts), *_of_the_items(facts)))
    return advise(facts)


def advise(facts: Facts) -> Recommendation:
    """The recipe that follows from the facts."""
    depth = _depth(facts)
    chosen = {each.field: each.value for each in depth}
    seen, counted = _of_the_items(facts, frozen=chosen["mode"] == "freeze"), _of_the_judgement(facts)
    if chosen["head"] == "logistic":  # it is solved, not trained: nothing else matters to it
        return Recommendation(
            (*depth, *(each for each in (*counted, *seen) if each.field == "balancing" or each.field.startswith(INPUT)))
        )
    rates = _of_the_head(facts) if chosen["mode"] == "freeze" else _of_fine_tuning(facts)
    return Recommendation((*depth, *rates, *counted, *seen))


def _depth(facts: Facts) -> tuple[Advice, ...]:
    """Freeze or fine-tune, how deep, and with which head."""
    backbone, said = facts.backbone, f"{facts.per_class:,.0f} {facts.many} per {facts.of_what}"
    many = WITH_MANY.format(facts.classes) if facts.task == CLASSIFICATION and facts.classes >= MANY else ""
    blocks = len(backbone.blocks)
    if facts.per_class < FEWEST_TO_FINE_TUNE:
        shares = Advice(
            "fractions", MOSTLY_TRAINING, f"The exact solution needs no validation {facts.many} to stop by."
        )
        return (
            Advice(
                "mode",
                "freeze",
                f"{said} are too few to change the backbone by: a new head is surer.{facts.measured}",
            ),
            Advice("head", "logistic", f"{EXACT}{many}"),
            *(() if facts.given else (shares,)),
        )
    affordable = [depth for depth in range(1, blocks + 1) if facts.accelerator or facts.hours(depth) <= BUDGET_HOURS]
    where = f"{facts.items:,} {facts.many} on {facts.cores} cores"
    if not affordable:
        return (
            Advice("mode", "freeze", f"Fine-tuning with {where} would take more than {BUDGET_HOURS:g} hours."),
            Advice("head", "both", "The exact solution and the trained head; the better one in validation is kept."),
        )
    whole = affordable[-1] == blocks
    why = (
        "The deeper, the more what is unlike everyday photos can be learned; validation keeps the best epoch."
        if whole
        else f"As many as {where} can train in {BUDGET_HOURS:g} hours."
    )
    return (
        Advice("mode", "fine-tune", f"{said} are enough for the backbone to learn from them, too.{facts.measured}"),
        Advice("blocks", affordable[-1], why),
        Advice("head", "both", "Fine-tuning begins at the exact solution or at the trained head, the better of them."),
    )


def _of_fine_tuning(facts: Facts) -> tuple[Advice, ...]:
    backbone = facts.backbone
    steps = facts.epochs * -(-facts.items // facts.batch)
    if not backbone.batch_normalization:
        rate, why = 1e-4, f"{backbone.title} has no BatchNormalization, which makes it shy of large steps."
    elif backbone.parameters > LARGE_WEIGHTS:
        rate, why = 3e-4, f"{backbone.title} is large, and large networks move by small steps."
    else:
        rate, why = 1e-3, f"{backbone.title} is small and normalizes its batches: it can move quickly."
    few = facts.per_class < FEW
    return (
        Advice("epochs", facts.epochs, f"About {steps:,} steps with {facts.items:,} {facts.many}; it stops early."),
        _head_rate(facts),
        Advice("fine_tune_learning_rate", rate, why),
        Advice(
            "layer_decay",
            0.8 if few else 1.0,
            f"Few {facts.many}: early blocks, which are general, need to move less."
            if few
            else f"There are {facts.many} enough to move early blocks as quickly as late ones.",
        ),
        Advice(
            "weight_decay", 1e-4, "A light pull: what holds the weights back is validation, which chooses the epoch."
        ),
        Advice(
            "patience",
            10 if few else 5,
            f"Few validation {facts.many} swing more." if few else "Five chances in a row.",
        ),
        Advice("gradual", False, "The head is warmed up first; block by block would cost epochs."),
        Advice("ema", 0.0, "The rate falls to zero at the end, which calms the weights, too."),
    )


def made_for(backbone: Backbone) -> dict[str, Any]:
    """Give the input settings that a backbone was made for, by their names beside other settings."""
    return {
        f"{INPUT}{name}": value
        for name, value in find_modality(backbone.modality).made_for(backbone.native_size).items()
    }


def head_rate(task: Task) -> float:
    """Give the learning rate of a new head."""
    return HEAD_RATE if task.few else HEAD_RATE_OF_A_NUMBER


def _head_rate(facts: Facts, during: str = "Of the warm-up: a") -> Advice:
    if facts.task.few:
        return Advice("head_learning_rate", HEAD_RATE, f"{during} new head has nothing to forget.")
    return Advice("head_learning_rate", HEAD_RATE_OF_A_NUMBER, "Larger steps overshoot: an error has no end.")


def _of_the_head(facts: Facts) -> tuple[Advice, ...]:
    return (
        Advice("epochs", EPOCHS_OF_A_HEAD, "On cached features an epoch costs next to nothing; it stops early."),
        _head_rate(facts, "A"),
        Advice(
            "weight_decay", 1e-4, "A light pull: what holds the weights back is validation, which chooses the epoch."
        ),
        Advice("patience", 5, "Five chances in a row."),
    )


def _of_the_judgement(facts: Facts) -> tuple[Advice, ...]:
    """Recommend the objective and the class balancing."""
    if not facts.task.few:
        return (
            Advice(
                "target_metric",
                facts.task.metrics[0].key,
                f"Every validation {facts.one} counts by how far off it is.",
            ),
            Advice("loss", "huber", "Single values that are far off, such as wrong labels, pull less on it."),
        )
    if len(facts.task.balancing) == 1:
        return _of_several_labels(facts)
    times = f"The largest class has {facts.uneven:,.1f} times as many {facts.many} as the smallest"
    if facts.uneven >= VERY_UNEVEN:
        return (
            Advice("target_metric", "balanced_accuracy", f"{times}: each class should count the same."),
            Advice("balancing", "weights", f"{times}: without weights the rare ones would hardly be learned."),
        )
    even = Advice("balancing", "none", "No class is so rare that it would be overlooked.")
    if facts.uneven >= UNEVEN:
        return Advice("target_metric", "macro_f1", f"{times}: rare classes should be heard."), even
    if facts.items >= ENOUGH_FOR_ACCURACY:
        return Advice(
            "target_metric", "accuracy", f"There are validation {facts.many} enough to count right answers."
        ), even
    return Advice(
        "target_metric", "loss", f"With few validation {facts.many} the loss says more than right answers."
    ), even


def _of_several_labels(facts: Facts) -> tuple[Advice, ...]:
    """What counts as better where an item has any number of labels."""
    headline = facts.task.metrics[0]
    if facts.items >= ENOUGH_FOR_ACCURACY:
        why = f"There are validation {facts.many} enough to rank, and each label counts the same."
        return (Advice("target_metric", headline.key, why),)
    return (Advice("target_metric", "loss", f"With few validation {facts.many} the loss says more than a ranking."),)


def _of_the_items(facts: Facts, *, frozen: bool = False) -> tuple[Advice, ...]:
    """Recommend the input size, the augmentation and the batch size."""
    backbone = facts.backbone
    usual = (
        *facts.modality.advice(facts.size, title=backbone.title, native=backbone.native_size, frozen=frozen),
        Advice(
            "batch_size",
            facts.batch,
            f"Few {facts.many} make more steps so." if facts.batch < LARGE_BATCH else "Usual on any machine.",
        ),
        Advice("dropout", 0.2, "Usual for a head on pooled features."),
    )
    optional = (
        Advice("label_smoothing", 0.0, "Labels are taken at their word, so that chances mean what they say."),
        Advice("mixup", 0.0, f"Mixed {facts.many} pay off in long trainings; this one is short."),
    )
    unfit = not_for(facts.task, facts.modality)
    return (*usual, *(each for each in optional if each.field not in unfit))
