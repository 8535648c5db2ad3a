"""What to ask next: the most useful of the items that nobody has answered, and the classes that they may have.

It knows the inbox, features and who suggests. It does not know how a question is put.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from tlcore.data.inbox import Answer, Inbox, standing
from tlcore.inference.predictor import Predictor
from tlcore.labelling.acquisition import most_useful
from tlcore.labelling.features import compute_answers, compute_features, learnable
from tlcore.labelling.history import note
from tlcore.labelling.probe import Lesson, Probe
from tlcore.progress import Progress
from tlcore.tasks import Decision, Task, find_task
from tlcore.workspace import Workspace

# Of how many items the most useful are chosen: the first by their hashes, so that it is no choice.
POOL = 1000
ASKED_AT_ONCE = 32
_MOST_CHANCES = 5

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Suggestion:
    """An item to ask about.

    Attributes:
        chances: Classes with their probabilities, the likeliest first; empty before two classes are known, and for
            numbers.
        answer: What is suggested, as a label of the task; None where nothing can be.
    """

    sha256: str
    file: str
    source: str
    chances: tuple[tuple[str, float], ...]
    answer: str | None = None


@dataclass(frozen=True)
class Model:
    """A run's model that suggests instead of the probe; `run` is the run's id."""

    run: str
    predictor: Predictor


def suggest(
    inbox: Inbox, workspace: Workspace, model: Model | None = None
) -> Generator[Progress, None, list[Suggestion]]:
    """Find the items to ask about next, the most useful first, and note how good the probe is by now.

    Raises:
        DataError: An item can no longer be read.
        WeightsError: The bundled backbone is not there.
    """
    holding = standing(inbox.answers())
    items = inbox.items()
    pool = items[~items["sha256"].isin(set(holding))].sort_values("sha256").head(POOL).reset_index(drop=True)
    if pool.empty:
        return []
    asked = _paths(pool, inbox.image_path)
    lesson, taught = _lesson(inbox, items, holding)
    kept = yield from compute_features(inbox, workspace, taught | asked)
    learnt, unknown = (np.asarray(kept.read(shas), np.float32) for shas in (lesson.shas, list(asked)))
    classes, chances = lesson.classes, _learn(inbox, lesson, learnt, unknown, given=_labels(holding))
    task, decision = lesson.task, Decision()
    if model is not None:
        classes, decision = model.predictor.labels.labels, model.predictor.labels.decision
        answers = yield from compute_answers(inbox, model.run, model.predictor, asked)
        chances = np.asarray(answers.read(list(asked)), np.float32)
    gradient = None if chances is None else task.gradient(chances)
    order = most_useful(unknown - unknown.mean(axis=0), gradient, ASKED_AT_ONCE, seed=len(holding))
    shas, files, sources = (pool[name].astype(str).tolist() for name in ("sha256", "file", "source"))
    answers_of = _answers(chances, classes, task, decision)
    most = len(classes) if task.probe == "labels" else _MOST_CHANCES
    return [
        Suggestion(
            shas[row],
            files[row],
            sources[row],
            () if task.output == "values" else _likeliest(classes, chances, row, most),
            None if answers_of is None else answers_of[row],
        )
        for row in order
    ]


def _answers(chances: Floats | None, classes: tuple[str, ...], task: Task, decision: Decision) -> list[str] | None:
    """Give what is suggested of each item; a number with four digits, since more would be false precision."""
    if chances is None:
        return None
    said = task.answers(chances, classes, decision)["predicted"]
    return [f"{float(label):.4g}" if task.output == "values" else str(label) for label in said]


def _lesson(inbox: Inbox, items: pd.DataFrame, holding: dict[str, Answer]) -> tuple[Lesson, dict[str, Path]]:
    """What there is to learn from, and where each of its items lies."""
    base, given = learnable(inbox), _labels(holding)
    labelled = items[items["sha256"].isin(set(given))]
    labels = dict(zip(base["sha256"], base["label"], strict=True)) | {sha: given[sha] for sha in labelled["sha256"]}
    together = dict(zip(base["sha256"], base["together"], strict=True))
    info = inbox.dataset.info
    lesson = Lesson.of(labels, together, came=set(given), classes=info.classes, task=find_task(info.task))
    return lesson, _paths(base, inbox.dataset.image_path) | _paths(labelled, inbox.image_path)


def _learn(
    inbox: Inbox, lesson: Lesson, learnt: Floats, unknown: Floats, *, given: dict[str, str]
) -> npt.NDArray[np.float32] | None:
    """What the probe answers about unknown items, `(n, width)`; None before two different labels are known."""
    if not lesson.enough:
        return None
    with threadpool_limits(1):  # thin products: several threads would wait for each other
        probe = Probe(lesson, learnt)
        note(inbox, lesson, probe, len(given))
        return probe.outputs(unknown)


def _labels(holding: dict[str, Answer]) -> dict[str, str]:
    return {sha: said.label for sha, said in holding.items() if said.kind == "label"}


def _paths(table: pd.DataFrame, place: Callable[[str], Path]) -> dict[str, Path]:
    return {str(sha): place(str(file)) for sha, file in zip(table["sha256"], table["file"], strict=True)}


def _likeliest(classes: tuple[str, ...], chances: Floats | None, row: int, most: int) -> tuple[tuple[str, float], ...]:
    if chances is None:
        return ()
    best = np.argsort(-chances[row], kind="stable")[:most]
    return tuple((classes[int(place)], float(chances[row, place])) for place in best)
