"""Recommends settings from facts about the items and the backbone, each with its reason.

It knows counts, sizes, backbones and what was measured (`benchmarks/accuracy.py`). It does not know an item's
content, nor where the settings go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tlcore.backbones.backbone import Backbone
from tlcore.data.dataset import Dataset
from tlcore.modalities import BEFORE, MODALITIES, Advice, Modality, find_modality
from tlcore.runs.config import INPUT, TrainingConfig, not_for
from tlcore.tasks import Task, find_task
from tlcore.tasks.classification import CLASSIFICATION

# Items per class, on average: fewer validation items swing more.
FEW = 200
# Values have no classes: their items are counted by quarters of the values, as if each were a class.
QUARTERS = 4
# Times as many items in the largest class as in the smallest.
UNEVEN, VERY_UNEVEN = 4.0, 10.0
# Of all: fewer validation items than come of these make accuracy a coarse measure.
ENOUGH_FOR_ACCURACY = 700
# Steps teach, not epochs: few items are looked at more often.
STEPS_WANTED, FEWEST_EPOCHS, MOST_EPOCHS = 700, 15, 40
LARGE_BATCH, SMALL_BATCH, FEW_FOR_A_BATCH = 32, 16, 320
# Of a new head. The error of a number grows with every step that is too far, where a softmax saturates: 0.01 threw a
# regression of 24 items from 15 mm off to 56, 0.001 brought it to 5.
HEAD_RATE, HEAD_RATE_OF_A_NUMBER = 1e-2, 1e-3
LARGE_WEIGHTS = 20e6


AUTO = (
    Advice(
        "mode",
        "auto",
        "The exact head first, then whatever is likely to beat it, the cheapest first: the best of them is kept.",
    ),
    Advice("budget", "balanced", "About 5 minutes to look for a better model; the first one stands after seconds."),
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
        modality: What an item is.
        task: What an answer is.
        number: Items, given test items apart; None where each has one class.
    """

    counts: Mapping[str, int]
    backbone: Backbone
    size: int
    modality: Modality = MODALITIES[BEFORE]
    task: Task = CLASSIFICATION
    number: int | None = None

    @property
    def items(self) -> int:
        return sum(self.counts.values()) if self.number is None else self.number

    @property
    def per_class(self) -> float:
        """Items that teach one class, on average: those of a quarter of the values where there are no classes."""
        if not self.task.few:
            return self.items / QUARTERS
        return sum(self._filled) / max(1, len(self._filled))

    @property
    def one(self) -> str:
        """What an item is called."""
        return self.modality.noun.one

    @property
    def many(self) -> str:
        """What several items are called."""
        return self.modality.noun.many

    @property
    def uneven(self) -> float:
        return max(self._filled, default=1) / min(self._filled, default=1)

    @property
    def batch(self) -> int:
        return SMALL_BATCH if self.items < FEW_FOR_A_BATCH else LARGE_BATCH

    @property
    def epochs(self) -> int:
        return min(MOST_EPOCHS, max(FEWEST_EPOCHS, round(STEPS_WANTED * self.batch / max(1, self.items))))

    @property
    def _filled(self) -> list[int]:
        return [count for count in self.counts.values() if count]


def recommend(dataset: Dataset, backbone: Backbone) -> Recommendation:
    """Recommend settings for a dataset: Auto, and what is good wherever blocks are trained."""
    items = dataset.items()
    learnt = items[items["split"] != "test"]
    task = find_task(dataset.info.task)
    counts = Counter(name for label in learnt["label"].tolist() for name in task.names(label))
    modality = find_modality(dataset.info.modality)
    facts = Facts(counts, backbone, modality.usual_size(items), modality=modality, task=task, number=len(learnt))
    return advise(facts)


def advise(facts: Facts) -> Recommendation:
    """Recommend what follows from the facts."""
    return Recommendation((*AUTO, *_of_fine_tuning(facts), *_of_the_judgement(facts), *_of_the_items(facts)))


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
        Advice("blocks", len(backbone.blocks), "The deeper, the more what is unlike everyday photos can be learned."),
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


def _head_rate(facts: Facts) -> Advice:
    if facts.task.few:
        return Advice("head_learning_rate", HEAD_RATE, "A new head has nothing to forget.")
    return Advice("head_learning_rate", HEAD_RATE_OF_A_NUMBER, "Larger steps overshoot: an error has no end.")


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


def _of_the_items(facts: Facts) -> tuple[Advice, ...]:
    """Recommend the input size, the augmentation and the batch size."""
    backbone = facts.backbone
    usual = (
        *facts.modality.advice(facts.size, title=backbone.title, native=backbone.native_size),
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
