"""Finds every fault in the settings and its field, so that pages and commands can show each in its place.

It knows what fits together. It does not know where settings come from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.catalogue import find, suitable
from tlcore.data.dataset import Dataset
from tlcore.errors import ConfigError, Problem
from tlcore.modalities import Noun, find_modality
from tlcore.runs.config import TrainingConfig, not_for
from tlcore.runs.disk_space import needed, shortage
from tlcore.runs.initial_weights import faults_of_start
from tlcore.settings import Range, chosen, out_of_range
from tlcore.tasks import Task, find_task
from tlcore.workspace import Workspace

# Of each class, on the whole: one item for each part.
FEWEST_ITEMS = 3
# On the whole, where an answer is not one class: two of them for validation and test each.
FEWEST_OF_OTHERS = 10


def problems(config: TrainingConfig, dataset: Dataset | None) -> tuple[Problem, ...]:
    """Find every fault; none means that the run can be made."""
    found = (
        *_of_dataset(dataset),
        *_of_task(config, dataset),
        *_of_backbone(config, dataset),
        *_of_numbers(config),
        *_of_fractions(config),
    )
    if found or dataset is None:
        return found
    start = faults_of_start(config, Workspace(dataset.path.parents[1]), task=dataset.info.task)
    return tuple(start) or tuple(_of_disk(config, dataset))


def _of_dataset(dataset: Dataset | None) -> list[Problem]:
    if dataset is None:
        return [
            Problem(
                "dataset",
                "A dataset is needed to learn from. None is chosen. Choose one, or make one on the Data page.",
            )
        ]
    noun = find_modality(dataset.info.modality).noun
    task = find_task(dataset.info.task)
    if task.few < 2:
        return _of_few(task, noun, dataset.items()["label"].tolist())
    counts = dataset.counts()
    filled = [name for name, count in counts.items() if count]
    if len(filled) < 2:
        came = f"one: '{filled[0]}'" if filled else "none"
        return [
            Problem(
                "dataset",
                f"A dataset needs at least two classes. Received {came}. Add {noun.many} of at least one more.",
            )
        ]
    if sum(counts.values()) < FEWEST_ITEMS * len(filled):
        return [
            Problem(
                "dataset",
                f"At least {FEWEST_ITEMS} {noun.many} for each class are needed on the whole, one for each part of "
                f"the split. Received {sum(counts.values())} for {len(filled)} classes. Add {noun.many}.",
            )
        ]
    return []


def _of_few(task: Task, noun: Noun, labels: Sequence[str]) -> list[Problem]:
    """Find what is lacking where an answer is not one of two or more classes."""
    if len(task.classes(labels)) < task.few:
        return [
            Problem("dataset", f"At least one label is needed. No {noun.one} has any. Label some on the Label page.")
        ]
    if len(labels) < FEWEST_OF_OTHERS:
        return [
            Problem(
                "dataset",
                f"At least {FEWEST_OF_OTHERS} {noun.many} are needed for {task.title.lower()}. Received {len(labels)}. "
                f"Add {noun.many}.",
            )
        ]
    if len(set(labels)) < 2:
        return [
            Problem(
                "dataset",
                f"{noun.many.capitalize()} with different labels are needed. All {len(labels)} have the same: "
                f"'{labels[0]}'. Add {noun.many} with others.",
            )
        ]
    return []


def _of_task(config: TrainingConfig, dataset: Dataset | None) -> list[Problem]:
    if dataset is None:
        return []
    task, noun = find_task(dataset.info.task), find_modality(dataset.info.modality).noun
    found = []
    if fault := unknown_metric(task, config.target_metric):
        found.append(Problem("target_metric", fault))
    if config.balancing not in task.balancing:
        found.append(
            Problem(
                "balancing",
                f"Classes can be balanced only where each {noun.one} has one. Received '{config.balancing}' for "
                f"{task.title.lower()}. Set it to 'none'.",
            )
        )
    for field, why in not_for(task, find_modality(dataset.info.modality)).items():
        value, default = getattr(config, field), TrainingConfig.model_fields[field].default
        if value != default:
            shown = f"{value:g}" if isinstance(value, float) else f"'{value}'"
            unset = f"{default:g}" if isinstance(default, float) else f"'{default}'"
            met = f"{task.title.lower()} of {noun.many}"
            found.append(Problem(field, f"{why} Received {shown} for {met}. Set it to {unset}."))
    return found


def unknown_metric(task: Task, metric: str) -> str:
    """Say that a task has no such metric; empty where it has."""
    known = ["loss", *(each.key for each in task.metrics)]
    if metric in known:
        return ""
    return f"{task.title} is measured by {', '.join(known)}. Received {metric}. Choose one of them."


def _of_backbone(config: TrainingConfig, dataset: Dataset | None) -> list[Problem]:
    try:
        backbone = find(config.backbone)
    except ConfigError as error:
        return list(error.problems)
    if dataset is not None and (lack := _unfit(backbone, dataset)):
        return [Problem("backbone", lack)]
    if config.input.modality != backbone.modality:
        ours, theirs = (find_modality(each).noun.many for each in (config.input.modality, backbone.modality))
        return [Problem("input", f"{backbone.title} takes in {theirs}. Received the input settings of {ours}.")]
    found = []
    if config.mode == "fine-tune" and config.blocks not in Range(1, len(backbone.blocks)):
        found.append(
            Problem(
                "blocks",
                f"{backbone.title} can unfreeze {Range(1, len(backbone.blocks))} blocks. Received {config.blocks}.",
            )
        )
    return found + backbone.faults(config.input)


def _unfit(backbone: Backbone, dataset: Dataset) -> str:
    """Say that a backbone cannot be trained on a dataset; empty where it can."""
    info = dataset.info
    if backbone.modality == info.modality and info.task in backbone.tasks:
        return ""
    fit = [each.title for each in suitable(info.modality, info.task)]
    items, task = find_modality(info.modality).noun.many, find_task(info.task).title.lower()
    return f"A backbone for {task} of {items} is needed. Received {backbone.title}. Choose one of {', '.join(fit)}."


def _of_numbers(config: TrainingConfig) -> list[Problem]:
    told = {field: out_of_range(about, getattr(config, field)) for field, about in chosen(TrainingConfig)}
    found = [Problem(field, said) for field, said in told.items() if said]
    if config.features == "every" and (config.mode, config.head) != ("freeze", "logistic"):
        found.append(
            Problem(
                "features",
                "Features of every block are for the exact head on a frozen backbone. Received them with mode "
                f"'{config.mode}' and head '{config.head}'. Set the mode to 'freeze' and the head to 'logistic', or "
                "the features to 'last'.",
            )
        )
    if config.cutmix > 0 and config.mode == "freeze":
        found.append(
            Problem(
                "cutmix",
                f"CutMix pastes pieces of items, and pooled features have no pieces. Received {config.cutmix:g} "
                "with a frozen backbone. Fine-tune, or set it to 0; MixUp works with both.",
            )
        )
    return found


def _of_fractions(config: TrainingConfig) -> list[Problem]:
    shares = config.fractions
    said = f"{shares.train:g} for training, {shares.val:g} for validation, {shares.test:g} for test"
    if not all(0 < share < 1 for share in (shares.train, shares.val, shares.test)):
        return [Problem("fractions", f"Each part of the split needs a share between 0 and 1. Received {said}.")]
    if not math.isclose(shares.train + shares.val + shares.test, 1.0, abs_tol=1e-6):
        return [Problem("fractions", f"The parts of the split must add up to 1. Received {said}.")]
    return []


def _of_disk(config: TrainingConfig, dataset: Dataset) -> list[Problem]:
    workspace = Workspace(dataset.path.parents[1])
    room = needed(config, items=len(dataset.items()), classes=len(dataset.info.classes))
    lack = shortage(room, cache=workspace.cache, folder=workspace.runs)
    return [Problem("disk", lack)] if lack else []
