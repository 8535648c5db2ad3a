"""Judges a candidate of Auto on items that it has not met: by cross-validation, or on the validation items.

It knows trained heads, features and errors. It does not know which candidates there are, nor test items.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tlcore.progress import Progress
from tlcore.runs.items import PARTS, units
from tlcore.tasks.evaluation import Figure
from tlcore.tasks.head import Integers, scales
from tlcore.tasks.logistic import turned
from tlcore.tasks.task import Targets
from tlcore.training.cross_validation import out_of_fold
from tlcore.training.phase_report import stretch

if TYPE_CHECKING:
    from tlcore.training.trainer import Training

Floats = npt.NDArray[np.float64]
# Items below which the folds are dealt several times, and each fold chooses its own strength.
FEW, REPEATS_OF_FEW = 1000, 3


@dataclass(frozen=True)
class Judged:
    """How good a candidate is.

    Attributes:
        errors: `(n,)`, of each training and validation item by heads that have not met it; None where no head can be
            fitted without it.
        val_errors: `(m,)`, of the validation items.
        figure: The task's headline metric.
        n: Items that the figure is about.
        groups, val_groups: Of those items, equal for items that belong together; None where each is alone.
    """

    errors: Floats | None
    val_errors: Floats
    figure: Figure
    n: int
    groups: Integers | None = None
    val_groups: Integers | None = None

    def gain(self, other: Judged) -> tuple[float, float]:
        """How much less wrong this is than another, and the standard error of that, over the items of both."""
        fewer, groups = self._fewer(other)
        return float(fewer.mean()), standard_error(fewer, groups)

    def beats(self, other: Judged) -> bool:
        """Tell whether this is clearly less wrong than another, as `is_clear` has it."""
        return is_clear(*self._fewer(other))

    def _fewer(self, other: Judged) -> tuple[Floats, Integers | None]:
        if self.errors is not None and other.errors is not None:
            return other.errors - self.errors, self.groups
        return other.val_errors - self.val_errors, self.val_groups


def cross_validated(training: Training) -> Judged:
    """Judge an exact head by folds of all training and validation items."""
    items, head = training.items, training.plain_head
    targets = np.concatenate([items[part].targets for part in PARTS])
    groups = units(*(items[part] for part in PARTS))
    x = _on_axes(training)
    few, errors, figures = len(x) < FEW, [], []
    title = f"Cross-validating over {training.noun.counted(len(x))}"
    with stretch(training.report, training.stop, "folds", title) as under_way:
        under_way.unit = "folds"
        for repeat in range(REPEATS_OF_FEW if few else 1):
            found = out_of_fold(
                x,
                targets,
                head,
                seed=training.config.seed + repeat,
                groups=groups,
                # One of many hardly depends on the items of one fold.
                strengths=None if few else training.strengths,
                on_axes=True,
                on_fold=lambda done, total: under_way.show(Progress(done, total)),
            )
            if not found.folds:
                break
            errors.append(head.errors(found.raw, targets))
            figures.append(_figure(training, found.raw, targets, groups))
    if not errors:
        return validated(training)
    mean = np.mean(errors, axis=0)
    val = slice(len(items["train"].targets), None)
    return Judged(mean, mean[val], _mean(figures), len(x), groups, units(items["val"]))


def validated(training: Training) -> Judged:
    """Judge a trained model on the validation items."""
    items = training.items["val"]
    raw = training.validation_outputs()
    groups = units(items)
    figure = _figure(training, raw, items.targets, groups)
    return Judged(None, training.plain_head.errors(raw, items.targets), figure, len(raw), val_groups=groups)


def is_clear(fewer: Floats, groups: Integers | None = None) -> bool:
    """Tell whether errors `(n,)` are fewer by more than one standard error, even without the item that gains most.

    Among few items one more or less decides nothing. Where an error is 0 or 1 that is the correction for continuity of
    McNemar's test (Edwards, "Note on the correction for continuity", 1948). `groups` as of `standard_error`.
    """
    gains = np.bincount(_numbers(fewer, groups), weights=fewer)
    return float(gains.sum() - max(gains.max(), 0.0)) / len(fewer) > standard_error(fewer, groups)


def standard_error(differences: Floats, groups: Integers | None = None) -> float:
    """The standard error of the mean of differences `(n,)`; `groups` `(n,)` says which items belong together."""
    off = np.bincount(_numbers(differences, groups), weights=differences - differences.mean())
    if len(off) < 2:
        return math.inf
    return math.sqrt(len(off) / (len(off) - 1) * float((off**2).sum())) / len(differences)


def _numbers(items: Floats, groups: Integers | None) -> Integers:
    return np.arange(len(items)) if groups is None else np.unique(groups, return_inverse=True)[1]


def _on_axes(training: Training) -> npt.NDArray[np.float32]:
    """Turn the features of all items onto their axes once, so that no fold has to."""
    features = training.features()
    x = np.concatenate([features[part] for part in PARTS])
    if training.config.features == "every":
        x /= scales(x)
    x -= x.mean(axis=0)
    return turned(x)[0]


def _figure(training: Training, raw: npt.NDArray[np.float32], targets: Targets, groups: Integers | None) -> Figure:
    scaling = training.plain_head.scale(raw, targets)
    return training.task.headline(training.task.activate(raw * scaling.gain + scaling.offset), targets, groups)


def _mean(figures: Sequence[Figure]) -> Figure:
    return Figure(**{name: float(np.mean([getattr(each, name) for each in figures])) for name in Figure.model_fields})
