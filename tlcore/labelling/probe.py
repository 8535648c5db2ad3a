"""What the probe learns from, and the probe: what it says of other items, and how many it tells right unseen.

It knows features, labels and folds. It does not know files or the inbox.

The probe is judged by items that were in the dataset before: each is asked about by a probe that has not seen it
but has seen every label that was given in the inbox. So the number changes only by what those labels taught, and it is
not bent by the choice of hard items, as the share of suggestions that were right is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.tasks import find_task
from tlcore.tasks.linear_probe import Answers, LinearProbe, choose_strength, deal, principal_axes

FOLDS = 3
ANSWERS: dict[str, Answers] = {"classification": "class", "multilabel": "labels", "regression": "number"}

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Lesson:
    """What the probe learns from.

    Attributes:
        shas, targets: Items, and what the task makes of their labels: the places of their classes in `classes`,
            `(n,)`, which labels they have, `(n, labels)`, or numbers, `(n,)`.
        together: Equal numbers for items that are never on both sides of a fold.
        came: Whether an item came through the inbox; the probe is judged by the others.
    """

    shas: tuple[str, ...]
    targets: npt.NDArray[Any]
    together: npt.NDArray[np.int64]
    came: npt.NDArray[np.bool_]
    classes: tuple[str, ...]
    answers: Answers = "class"

    @classmethod
    def of(
        cls,
        labels: dict[str, str],
        together: dict[str, int],
        *,
        came: set[str],
        classes: tuple[str, ...],
        task: str = "classification",
    ) -> Lesson:
        """Put the labels of items, by SHA-256, in order."""
        known = find_task(task)
        every = (*classes, *sorted(set(known.classes(list(labels.values()))) - set(classes)))
        targets = known.targets(list(labels.values()), every)
        targets = targets[:, 0] if ANSWERS[task] == "number" else targets
        groups = np.array([together.get(sha, -1) for sha in labels], np.int64)
        came_here = np.array([sha in came for sha in labels], np.bool_)
        return cls(tuple(labels), targets, groups, came_here, every, ANSWERS[task])

    @property
    def enough(self) -> bool:
        """Whether two classes, or two different answers, are known, so that there is something to learn."""
        return _different(self.targets)

    @property
    def judging(self) -> npt.NDArray[np.int64]:
        """The items of the dataset that can judge a probe; none where they are too few."""
        base = np.flatnonzero(~self.came)
        enough = len(base) >= 2 * FOLDS and _different(self.targets[base])
        return base if enough else base[:0]

    def folds(self) -> npt.NDArray[np.int64]:
        """The fold in which each item judges; -1 for those that only teach."""
        folds = np.full(len(self.targets), -1)
        base = self.judging
        if len(base):
            dealt = self.targets[base].sum(axis=1) if self.answers == "labels" else self.targets[base]
            folds[base] = deal(dealt, groups=self.together[base], seed=0, folds=FOLDS)
        return folds


class Probe:
    """What a lesson teaches: one set of axes and one strength, for the answers and for their judgement."""

    def __init__(self, lesson: Lesson, learnt: Floats) -> None:
        self._lesson = lesson
        self._axes = principal_axes(learnt)
        self._turned = self._axes(learnt)
        self._folds = lesson.folds()
        self._strength = choose_strength(self._turned, lesson.targets, self._folds, answers=lesson.answers)

    def chances(self, unknown: Floats) -> npt.NDArray[np.float32]:
        """Probabilities `(n, classes)` of features, or numbers `(n,)`, after all that was taught."""
        return self._fit(np.ones(len(self._folds), np.bool_)).predict(self._axes(unknown))

    def judged(self) -> int | None:
        """How many of the judging items were told right by a probe that had not seen them.

        Of several labels all must be right; of numbers nobody can say it.
        """
        if self._lesson.answers == "number":
            return None
        right = 0
        for fold in range(FOLDS):
            out = self._folds == fold
            if not _different(self._lesson.targets[~out]):
                return None
            said = self._fit(~out).predict(self._turned[out])
            if self._lesson.answers == "labels":
                right += int(((said >= 0.5) == (self._lesson.targets[out] > 0)).all(axis=1).sum())
            else:
                right += int((said.argmax(axis=1) == self._lesson.targets[out]).sum())
        return right

    def _fit(self, rows: npt.NDArray[np.bool_]) -> LinearProbe:
        lesson = self._lesson
        return LinearProbe.fit(
            self._turned[rows],
            lesson.targets[rows],
            answers=lesson.answers,
            classes=len(lesson.classes),
            strength=self._strength,
        )


def _different(targets: npt.NDArray[Any]) -> bool:
    return len(np.unique(targets, axis=0)) > 1
