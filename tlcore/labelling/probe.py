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

from tlcore.tasks import TASKS, Decision, Task
from tlcore.tasks.linear_probe import LinearProbe, choose_strength, deal, principal_axes

FOLDS = 3

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Lesson:
    """What the probe learns from.

    Attributes:
        shas, labels: Items, and their labels.
        targets: What the task makes of the labels: the places of their classes in `classes`, `(n,)`, which labels they
            have, `(n, labels)`, or numbers, `(n, 1)`.
        together: Equal numbers for items that are never on both sides of a fold.
        came: Whether an item came through the inbox; the probe is judged by the others.
    """

    shas: tuple[str, ...]
    labels: tuple[str, ...]
    targets: npt.NDArray[Any]
    together: npt.NDArray[np.int64]
    came: npt.NDArray[np.bool_]
    classes: tuple[str, ...]
    task: Task

    @classmethod
    def of(
        cls,
        labels: dict[str, str],
        together: dict[str, int],
        *,
        came: set[str],
        classes: tuple[str, ...],
        task: Task = TASKS["classification"],
    ) -> Lesson:
        """Put the labels of items, by SHA-256, in order."""
        every = (*classes, *sorted(set(task.classes(list(labels.values()))) - set(classes)))
        targets = task.targets(list(labels.values()), every)
        groups = np.array([together.get(sha, -1) for sha in labels], np.int64)
        came_here = np.array([sha in came for sha in labels], np.bool_)
        return cls(tuple(labels), tuple(labels.values()), targets, groups, came_here, every, task)

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
            flat = self.targets[base].reshape(len(base), -1).sum(axis=1)  # of several labels, how many
            folds[base] = deal(flat, groups=self.together[base], seed=0, folds=FOLDS)
        return folds


class Probe:
    """What a lesson teaches: one set of axes and one strength, for the answers and for their judgement."""

    def __init__(self, lesson: Lesson, learnt: Floats) -> None:
        self._lesson = lesson
        self._axes = principal_axes(learnt)
        self._turned = self._axes(learnt)
        self._folds = lesson.folds()
        self._strength = choose_strength(self._turned, lesson.targets, self._folds, answers=lesson.task.probe)

    def outputs(self, unknown: Floats) -> npt.NDArray[np.float32]:
        """Answer about features as a model of the task does, `(n, width)`, after all that was taught."""
        return self._fit(np.ones(len(self._folds), np.bool_)).outputs(self._axes(unknown))

    def judged(self) -> int | None:
        """How many of the judging items were told right by a probe that had not seen them.

        Of several labels all must be right; of numbers nobody can say it.
        """
        task, targets = self._lesson.task, self._lesson.targets
        if task.output == "values":
            return None
        right = 0
        for fold in range(FOLDS):
            out = self._folds == fold
            if not _different(targets[~out]):
                return None
            said = task.answers(self._fit(~out).outputs(self._turned[out]), self._lesson.classes, Decision())
            right += int(task.right([self._lesson.labels[row] for row in np.flatnonzero(out)], said).sum())
        return right

    def _fit(self, rows: npt.NDArray[np.bool_]) -> LinearProbe:
        lesson = self._lesson
        return LinearProbe.fit(
            self._turned[rows],
            lesson.targets[rows],
            answers=lesson.task.probe,
            classes=len(lesson.classes),
            strength=self._strength,
        )


def _different(targets: npt.NDArray[Any]) -> bool:
    return len(np.unique(targets, axis=0)) > 1
