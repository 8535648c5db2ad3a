"""Runs of one task side by side, where it is not classification: their figures, and each pair item by item.

It knows what run folders hold of their evaluation. It does not know what a metric is made of, nor how it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from tlcore.data.dataset import Dataset
from tlcore.data.edits.diff import Since, edits_since
from tlcore.errors import ExportError, RunError
from tlcore.evaluation.files import read_evaluation
from tlcore.evaluation.task_answers import TaskAnswers, read_task_answers
from tlcore.runs.manifest import read_manifest
from tlcore.runs.run import Run
from tlcore.tasks import find_task
from tlcore.tasks.evaluation import Figure, difference, figures


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class TaskRunFigures(_Part):
    """A run in the table.

    Attributes:
        run: Its id.
        n: Test items.
        figures: Every metric of the task by its key, on the run's own test set.
        bytes: Of `model.onnx`; None where it is gone.
        milliseconds: Processor time of one item; None where it was not exported.
        seconds: At work; None while it is not over.
    """

    run: str
    name: str
    backbone: str
    mode: str
    n: int
    figures: dict[str, Figure]
    bytes: int | None = None
    milliseconds: float | None = None
    seconds: float | None = None


class TaskPair(_Part):
    """Two runs on the items that both were tested on, and of which both hold the same label for the truth.

    Attributes:
        first, second: Their ids.
        n: How many items there are; nothing else is known where there are none.
        before, after: The headline metric of each on these items.
        difference: The second less the first, item by item, with its interval.
        better, worse: SHA-256 of the items on which the second is less wrong than the first, and more; the largest
            difference first.
        grouped: Whether some of the items belong together.
        classes: The labels that both know; none where a value is predicted.
    """

    first: str
    second: str
    n: int
    before: Figure | None = None
    after: Figure | None = None
    difference: Figure | None = None
    better: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    grouped: bool = False
    classes: tuple[str, ...] = ()

    @property
    def significant(self) -> bool:
        """Whether the interval of the difference leaves out 0."""
        return self.difference is not None and not self.difference.low <= 0 <= self.difference.high


class TaskComparison(_Part):
    """Several runs of a task: each in the table, every later one paired with the first, and what to know first.

    Attributes:
        task: A key of `tasks.TASKS`.
        metric: The headline.
        unit: Of a predicted value.
    """

    task: str
    metric: str
    unit: str
    runs: tuple[TaskRunFigures, ...]
    pairs: tuple[TaskPair, ...]
    warnings: tuple[str, ...]


class TaskBeforeAfter(_Part):
    """Two runs by the present labels of the test items.

    Attributes:
        pair: The runs on the items that both were tested on and that are still in use.
        relabelled: How many of these had another label when the earlier run was evaluated.
        left_out: Test items of either run that are not among these.
    """

    pair: TaskPair
    relabelled: int
    left_out: int


def compare_task_runs(runs: Sequence[Run]) -> TaskComparison:
    """Put runs of one task side by side; the first is the one that the others are compared with.

    Raises:
        RunError: There are fewer than two, they have different tasks, or one of them was not evaluated.
    """
    check_same_task(runs)
    found, answers = [task_run_figures(run) for run in runs], [_answers(run) for run in runs]
    metric = find_task(runs[0].dataset.task).metrics[0].key
    pairs, warnings = [], []
    for place in range(1, len(runs)):
        pairs.append(task_pair(runs[0].id, runs[place].id, answers[0], answers[place]))
        warnings += _warnings((found[0], found[place]), (answers[0], answers[place]), pairs[-1])
        if runs[place].dataset.unit != runs[0].dataset.unit:
            warnings.append(
                f"{found[0].name} predicts in '{runs[0].dataset.unit}', {found[place].name} in "
                f"'{runs[place].dataset.unit}': their errors cannot be compared."
            )
    return TaskComparison(
        task=runs[0].dataset.task,
        metric=metric,
        unit=runs[0].dataset.unit,
        runs=tuple(found),
        pairs=tuple(pairs),
        warnings=tuple(warnings),
    )


def check_same_task(runs: Sequence[Run]) -> None:
    """Refuse runs that cannot be compared.

    Raises:
        RunError: There are fewer than two, or they have different tasks.
    """
    if len({run.id for run in runs}) < 2:
        raise RunError(f"Two runs or more are needed to compare. Received {len(runs)}. Name another one.")
    titles = [find_task(run.dataset.task).title.lower() for run in runs]
    for run, title in zip(runs, titles, strict=True):
        if title != titles[0]:
            raise RunError(
                f"Runs of one task are needed to compare. {runs[0].name} is a run of {titles[0]}, {run.name} one of "
                f"{title}: they have no metric in common. Choose runs of the same task."
            )


def task_run_figures(run: Run) -> TaskRunFigures:
    """Gather what the table says of one run.

    Raises:
        RunError: The run was not evaluated.
    """
    evaluation, config = read_evaluation(run.path), run.config
    if evaluation is None:
        raise RunError(f"An evaluated run is needed. {run.name} was not. `evaluate {run.id}` evaluates it.")
    try:
        proof = read_manifest(run.path, "onnx")
    except ExportError:  # a damaged proof takes nothing from the evaluation
        proof = None
    return TaskRunFigures(
        run=run.id,
        name=run.name,
        backbone=config.backbone,
        mode=config.mode,
        n=evaluation.n,
        figures=evaluation.figures,
        bytes=run.model_onnx.stat().st_size if run.model_onnx.exists() else None,
        milliseconds=proof.milliseconds_per_item if proof else None,
        seconds=run.state().total_seconds,
    )


def task_pair(first: str, second: str, one: TaskAnswers, other: TaskAnswers) -> TaskPair:
    """Compare the answers of two runs, by their ids, on the items that they share."""
    classes = tuple(name for name in one.classes if name in other.classes)
    if one.classes and not classes:
        return TaskPair(first=first, second=second, n=0)
    one, other = one.among(classes), other.among(classes)
    theirs = dict(zip(other.table["sha256"], other.labels, strict=True))
    labels = zip(one.table["sha256"], one.labels, strict=True)
    shas = [sha for sha, label in labels if theirs.get(sha) == label]
    if not shas:
        return TaskPair(first=first, second=second, n=0)
    one, other = one.of(shas), other.of(shas)
    metric = one.task.metrics[0].key
    before, after = (
        each.task.measures(each.labels, each.outputs, each.classes, each.decision) for each in (one, other)
    )
    change = one.item_errors() - other.item_errors()
    order = np.argsort(-change, kind="stable")
    return TaskPair(
        first=first,
        second=second,
        n=len(shas),
        before=figures({metric: before[metric]}, one.groups).get(metric),
        after=figures({metric: after[metric]}, one.groups).get(metric),
        difference=difference(before, after, metric, one.groups),
        better=tuple(shas[at] for at in order if change[at] > 0),
        worse=tuple(shas[at] for at in order[::-1] if change[at] < 0),
        grouped=len(np.unique(one.groups)) < len(shas),
        classes=classes,
    )


def task_before_and_after(before: Run, after: Run, dataset: Dataset | None) -> TaskBeforeAfter:
    """Evaluate two runs of one dataset by its labels of now; where it was deleted, by those of the later run.

    Raises:
        RunError: The runs have different tasks, or the answers of one are missing or damaged.
    """
    check_same_task((before, after))
    first, second = _answers(before), _answers(after)
    items = dataset.items() if dataset is not None else second.table
    labels = dict(zip(items["sha256"].tolist(), items["label"].tolist(), strict=True))
    asked = set(first.table["sha256"]) | set(second.table["sha256"])
    shared = [sha for sha in second.table["sha256"] if sha in set(first.table["sha256"]) and sha in labels]
    one, other = first.of(shared), second.of(shared)
    changed = [_since(run, dataset) for run in (before, after)]
    names = [
        {name: since.name(name) for name in each.classes} for each, since in zip((one, other), changed, strict=True)
    ]
    then = [one.task.renamed(label, names[0]) for label in one.labels]
    now = [each.relabeled(labels, known) for each, known in zip((one, other), names, strict=True)]
    return TaskBeforeAfter(
        pair=task_pair(before.id, after.id, *now),
        relabelled=sum(was != now for was, now in zip(then, (labels[sha] for sha in shared), strict=True)),
        left_out=len(asked - set(shared)),
    )


def _since(run: Run, dataset: Dataset | None) -> Since:
    ours = dataset is not None and run.dataset.id == dataset.id
    return edits_since(dataset, run.dataset.version) if dataset is not None and ours else Since()


def _answers(run: Run) -> TaskAnswers:
    found = read_task_answers(run)
    if found is None:
        raise RunError(f"The answers of {run.name} about its test set are needed. Evaluate the run again.")
    return found


def _warnings(
    figures_: tuple[TaskRunFigures, TaskRunFigures], answers: tuple[TaskAnswers, TaskAnswers], pair: TaskPair
) -> list[str]:
    one, other = (set(each.table["sha256"]) for each in answers)
    names = f"{figures_[0].name} and {figures_[1].name}"
    if not one & other:
        return [f"{names} were tested on different examples, none of them the same: they cannot be compared."]
    said = []
    if one != other:
        said.append(
            f"{names} have different test sets, {len(one):,} and {len(other):,} examples. The paired comparison is on "
            f"the {len(one & other):,} that both were tested on; the table has each run's own test set."
        )
    if set(answers[0].classes) != set(answers[1].classes):
        said.append(
            f"{names} have different labels. The paired comparison is about the {len(pair.classes):,} that both know."
        )
    if relabelled := len(one & other) - pair.n:
        said.append(f"{relabelled:,} examples have another label in one of {names}: they are left out.")
    return said
