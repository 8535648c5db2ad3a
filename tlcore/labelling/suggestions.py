"""What to ask next: a probe that learns from what is labelled, the classes it suggests, and how good it is by now.

It knows the inbox, features and the probe. It does not know how a question is put.

The probe is judged by pictures that were in the dataset before: each is asked about by a probe that has not seen it
but has seen every label that was given here. So the number can only grow by what those labels taught it, and it is not
bent by the choice of hard pictures, as the share of suggestions that were right is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError
from threadpoolctl import threadpool_limits

from tlcore.data.inbox import Inbox, standing
from tlcore.data.progress import Progress
from tlcore.evaluation.metrics import wilson
from tlcore.files import append_line, read_lines
from tlcore.health.probe import Head, choose_strength, deal, principal_axes, solve
from tlcore.inference.predictor import Predictor
from tlcore.labelling.sources import compute_answers, compute_features, learnable
from tlcore.labelling.usefulness import most_useful
from tlcore.workspace import Workspace

# Of how many pictures the most useful are chosen; more are looked at when half of these have been asked about.
POOL = 1000
ASKED_AT_ONCE = 32
FOLDS = 3
_MOST_CHANCES = 5

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Suggestion:
    """A picture to ask about.

    Attributes:
        chances: Classes with their probabilities, the likeliest first; empty before two classes are known.
    """

    sha256: str
    file: str
    source: str
    chances: tuple[tuple[str, float], ...]


class Point(BaseModel):
    """How good the probe was: one line of `inbox/course.jsonl`.

    Attributes:
        labels: How many labels had been given in the inbox.
        right, n: Of pictures of the dataset that it had not learnt from.
        judges: Which pictures these were; numbers of others cannot be compared.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    labels: int
    right: int
    n: int
    judges: str = ""

    @property
    def accuracy(self) -> float:
        return self.right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval."""
        return wilson(self.right, self.n)


@dataclass(frozen=True)
class Model:
    """A run's model that suggests instead of the probe; `run` is the run's id."""

    run: str
    predictor: Predictor


def suggest(
    inbox: Inbox, workspace: Workspace, model: Model | None = None
) -> Generator[Progress, None, list[Suggestion]]:
    """Find the pictures to ask about next, the most useful first, and note how good the probe is by now.

    Raises:
        DataError: A picture can no longer be read.
        WeightsError: The bundled backbone is not there.
    """
    holding = standing(inbox.answers())
    items = inbox.items()
    open_ = items[~items["sha256"].isin(set(holding))].sort_values("sha256")
    pool = open_.head(POOL)
    if pool.empty:
        return []
    files = {row.sha256: inbox.image_path(str(row.file)) for row in pool.itertuples()}
    base = learnable(inbox)
    given = {sha: said.label for sha, said in holding.items() if said.kind == "label"}
    labelled = items[items["sha256"].isin(set(given))]
    taught = files | {row.sha256: inbox.image_path(str(row.file)) for row in labelled.itertuples()}
    taught |= {row.sha256: inbox.dataset.image_path(str(row.file)) for row in base.itertuples()}
    kept = yield from compute_features(inbox, workspace, {str(sha): path for sha, path in taught.items()})
    asked = [str(sha) for sha in pool["sha256"]]
    labels = dict(zip(base["sha256"], base["label"], strict=True)) | {sha: given[sha] for sha in labelled["sha256"]}
    together = dict(zip(base["sha256"], base["together"], strict=True))
    lesson = Lesson.of(labels, together, came=set(given), classes=inbox.dataset.info.classes)
    rows = np.asarray(kept.read([*lesson.shas, *asked]), np.float32)
    learnt, unknown = rows[: len(lesson.shas)], rows[len(lesson.shas) :]
    classes: tuple[str, ...] = lesson.classes
    chances: Floats | None = None
    if lesson.enough:
        with threadpool_limits(1):  # thin products: several threads would wait for each other
            probe = Probe(lesson, learnt)
            _note(inbox, lesson, probe, len(given))
            chances = probe.chances(unknown)
    if model is not None:
        classes = model.predictor.labels.labels
        answers = yield from compute_answers(inbox, model.run, model.predictor, {sha: files[sha] for sha in asked})
        chances = np.asarray(answers.read(asked), np.float32)
    order = most_useful(unknown - rows.mean(axis=0), chances, ASKED_AT_ONCE, seed=len(holding))
    told = pool.reset_index(drop=True)
    return [
        Suggestion(asked[row], str(told["file"][row]), str(told["source"][row]), _likeliest(classes, chances, row))
        for row in order
    ]


def _likeliest(classes: tuple[str, ...], chances: Floats | None, row: int) -> tuple[tuple[str, float], ...]:
    if chances is None:
        return ()
    best = np.argsort(-chances[row], kind="stable")[:_MOST_CHANCES]
    return tuple((classes[int(place)], float(chances[row, place])) for place in best)


@dataclass(frozen=True)
class Lesson:
    """What the probe learns from.

    Attributes:
        shas, targets: Pictures and the places of their classes in `classes`.
        together: Equal numbers for pictures that are never on both sides of a fold.
        came: Whether a picture came through the inbox; the probe is judged by the others.
    """

    shas: tuple[str, ...]
    targets: npt.NDArray[np.int64]
    together: npt.NDArray[np.int64]
    came: npt.NDArray[np.bool_]
    classes: tuple[str, ...]

    @classmethod
    def of(
        cls, labels: dict[str, str], together: dict[str, int], *, came: set[str], classes: tuple[str, ...]
    ) -> Lesson:
        """Put the labels of pictures, by SHA-256, in order."""
        every = (*classes, *sorted(set(labels.values()) - set(classes)))
        targets = np.array([every.index(label) for label in labels.values()], np.int64)
        groups = np.array([together.get(sha, -1) for sha in labels], np.int64)
        return cls(tuple(labels), targets, groups, np.array([sha in came for sha in labels], np.bool_), every)

    @property
    def enough(self) -> bool:
        """Whether two classes are known, so that there is something to learn."""
        return len(set(self.targets.tolist())) > 1

    @property
    def judging(self) -> npt.NDArray[np.int64]:
        """The pictures of the dataset that can judge a probe; none where they are too few."""
        base = np.flatnonzero(~self.came)
        enough = len(base) >= 2 * FOLDS and len(set(self.targets[base].tolist())) > 1
        return base if enough else base[:0]

    def folds(self) -> npt.NDArray[np.int64]:
        """The fold in which each picture judges; -1 for those that only teach."""
        folds = np.full(len(self.targets), -1)
        base = self.judging
        if len(base):
            folds[base] = deal(self.targets[base], groups=self.together[base], seed=0, folds=FOLDS)
        return folds


class Probe:
    """What a lesson teaches: one set of axes and one strength, for the answers and for their judgement."""

    def __init__(self, lesson: Lesson, learnt: Floats) -> None:
        self._lesson = lesson
        self._axes = principal_axes(learnt)
        self._turned = self._axes(learnt)
        self._folds = lesson.folds()
        self._strength = choose_strength(self._turned, lesson.targets, self._folds)

    def chances(self, unknown: Floats) -> npt.NDArray[np.float32]:
        """Probabilities `(n, classes)` of features, after all that was taught."""
        kernel, bias = self._solve(np.ones(len(self._folds), np.bool_))
        return Head(self._axes, kernel, bias).probabilities(unknown)

    def judged(self) -> int | None:
        """How many of the judging pictures were told right by a probe that had not seen them."""
        right = 0
        for fold in range(FOLDS):
            out = self._folds == fold
            if len(set(self._lesson.targets[~out].tolist())) < 2:
                return None
            kernel, bias = self._solve(~out)
            right += int(((self._turned[out] @ kernel + bias).argmax(axis=1) == self._lesson.targets[out]).sum())
        return right

    def _solve(self, rows: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        classes = len(self._lesson.classes)
        return solve(self._turned[rows], self._lesson.targets[rows], classes=classes, strength=self._strength)


def course(inbox: Inbox) -> list[Point]:
    """How good the probe was after so many labels, the fewest first, as far as the same pictures judged it as now."""
    points = []
    for line in read_lines(inbox.path / "course.jsonl"):
        try:
            points.append(Point.model_validate_json(line))
        except ValidationError:
            continue
    same = {point.labels: point for point in points if point.judges == points[-1].judges}
    return [same[labels] for labels in sorted(same)]


def _note(inbox: Inbox, lesson: Lesson, probe: Probe, labels: int) -> None:
    """Write a point of the course, once for each number of labels and set of judges."""
    shas = sorted(lesson.shas[row] for row in lesson.judging)
    judges = hashlib.sha256("".join(shas).encode()).hexdigest()[:12]
    known = course(inbox)
    if not shas or (known and known[-1].judges == judges and labels in {point.labels for point in known}):
        return
    right = probe.judged()
    if right is not None:
        point = Point(labels=labels, right=right, n=len(shas), judges=judges)
        append_line(inbox.path / "course.jsonl", point.model_dump_json())
