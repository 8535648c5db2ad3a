"""Runs of one task side by side: their figures in a table, and each pair on the items that both were tested on.

It knows what run folders hold of their evaluation. It does not know what a metric is made of, nor how it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tlcore.data.dataset import Dataset
from tlcore.data.edits.diff import Since, edits_since
from tlcore.errors import ExportError, RunError
from tlcore.evaluation.files import read_evaluation
from tlcore.evaluation.task_answers import TaskAnswers, read_task_answers
from tlcore.modalities import find_modality
from tlcore.modalities.modality import Noun
from tlcore.runs.manifest import read_manifest
from tlcore.runs.run import Run
from tlcore.tasks import find_task, paired
from tlcore.tasks.evaluation import NOTHING, Figure, difference, figures, share

LIKELY = 0.05  # below it, chance is a poor explanation


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class RunFigures(_Part):
    """A run in the table.

    Attributes:
        run: Its id.
        n: Test items.
        figures: Every figure of its evaluation by its key, on the run's own test set.
        bytes: Of `model.onnx`; None where it is gone.
        milliseconds: Processor time of one item; None where it was not exported.
        seconds: At work, from its turn to its end; None while it is not over.
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


class ClassDifference(_Part):
    """One class in two runs.

    Attributes:
        items: Of the class, that both were asked about.
        first, second: The recall in each run.
        only_first, only_second: Items that one alone has right.
        p_value: Of the paired test, corrected for the number of classes.
    """

    label: str
    items: int
    first: float
    second: float
    only_first: int
    only_second: int
    p_value: float


class RightAnswers(_Part):
    """Which of two runs has which items right, where an answer is right or wrong.

    Attributes:
        both_right, only_first, only_second, both_wrong: They add up to the items of the pair.
        p_value: Of McNemar's exact test: how likely chance alone would make them differ as much. By groups where some
            of the items belong together.
        per_class: The largest difference first.
    """

    both_right: int
    only_first: int
    only_second: int
    both_wrong: int
    p_value: float
    per_class: tuple[ClassDifference, ...]


class Pair(_Part):
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
        right: None for tasks whose answers may be more or less wrong.
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
    right: RightAnswers | None = None

    @property
    def significant(self) -> bool:
        """Whether the paired test says so; where there is none, whether the interval of the difference leaves out 0."""
        if self.right is not None:
            return self.right.p_value < LIKELY
        return self.difference is not None and not self.difference.low <= 0 <= self.difference.high


class Comparison(_Part):
    """Several runs of a task: each in the table, every later one paired with the first, and what to know first.

    Attributes:
        task: A key of `tasks.TASKS`.
        metric: The headline.
        unit: Of a predicted value.
    """

    task: str
    metric: str
    unit: str
    runs: tuple[RunFigures, ...]
    pairs: tuple[Pair, ...]
    warnings: tuple[str, ...]


class BeforeAfter(_Part):
    """Two runs by the present labels of the test items.

    Attributes:
        pair: The runs on the items that both were tested on and that are still in use.
        relabelled: How many of these had another label when the earlier run was evaluated.
        left_out: Test items of either run that are not among these.
    """

    pair: Pair
    relabelled: int
    left_out: int


def compare(runs: Sequence[Run]) -> Comparison:
    """Put runs of one task side by side; the first is the one that the others are compared with.

    Raises:
        RunError: There are fewer than two, they have different tasks, or one of them was not evaluated.
    """
    _check_same_task(runs)
    found, answers = [run_figures(run) for run in runs], [_answers(run) for run in runs]
    noun = find_modality(runs[0].config.input.modality).noun
    pairs, warnings = [], []
    for place in range(1, len(runs)):
        pairs.append(pair(runs[0].id, runs[place].id, answers[0], answers[place]))
        warnings += _warnings((found[0], found[place]), (answers[0], answers[place]), pairs[-1], noun)
        if runs[place].dataset.unit != runs[0].dataset.unit:
            warnings.append(
                f"{found[0].name} predicts in '{runs[0].dataset.unit}', {found[place].name} in "
                f"'{runs[place].dataset.unit}': their errors cannot be compared."
            )
    return Comparison(
        task=runs[0].dataset.task,
        metric=find_task(runs[0].dataset.task).metrics[0].key,
        unit=runs[0].dataset.unit,
        runs=tuple(found),
        pairs=tuple(pairs),
        warnings=tuple(warnings),
    )


def run_figures(run: Run) -> RunFigures:
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
    return RunFigures(
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


def pair(first: str, second: str, one: TaskAnswers, other: TaskAnswers) -> Pair:
    """Compare the answers of two runs, by their ids, on the items that they share."""
    classes = tuple(name for name in one.classes if name in other.classes)
    if not one.task.counts_right:
        if one.classes and not classes:
            return Pair(first=first, second=second, n=0)
        one, other = one.among(classes), other.among(classes)
    theirs = dict(zip(other.table["sha256"], other.labels, strict=True))
    shas = [sha for sha, label in zip(one.table["sha256"], one.labels, strict=True) if theirs.get(sha) == label]
    if not shas:
        return Pair(first=first, second=second, n=0)
    one, other = one.of(shas), other.of(shas)
    change = one.item_errors() - other.item_errors()
    order = np.argsort(-change, kind="stable")
    found = Pair(
        first=first,
        second=second,
        n=len(shas),
        better=tuple(shas[at] for at in order if change[at] > 0),
        worse=tuple(shas[at] for at in order[::-1] if change[at] < 0),
        grouped=len(np.unique(one.groups)) < len(shas),
        classes=classes,
    )
    figures_ = _right(one, other) if one.task.counts_right else _measured(one, other)
    return found.model_copy(update=figures_)


def before_and_after(before: Run, after: Run, dataset: Dataset | None) -> BeforeAfter:
    """Evaluate two runs of one dataset by its labels of now; where it was deleted, by those of the later run.

    Test items may have been relabelled in between, and neither model has seen them.

    Raises:
        RunError: The runs have different tasks, or the answers of one are missing or damaged.
    """
    _check_same_task((before, after))
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
    return BeforeAfter(
        pair=pair(before.id, after.id, *now),
        relabelled=sum(was != labels[sha] for was, sha in zip(then, shared, strict=True)),
        left_out=len(asked - set(shared)),
    )


def _measured(one: TaskAnswers, other: TaskAnswers) -> dict[str, Figure | None]:
    """Compare the headline metric of two runs on the same items by a paired bootstrap."""
    metric = one.task.metrics[0].key
    before, after = (
        each.task.measures(each.labels, each.outputs, each.classes, each.decision) for each in (one, other)
    )
    return {
        "before": figures({metric: before[metric]}, one.groups).get(metric),
        "after": figures({metric: after[metric]}, one.groups).get(metric),
        "difference": difference(before, after, metric, one.groups),
    }


def _right(one: TaskAnswers, other: TaskAnswers) -> dict[str, Figure | RightAnswers]:
    """Compare which answers are right on the same items."""
    labels = np.array(one.labels, object)
    right, now = (each.item_errors() == 0 for each in (one, other))
    units = np.unique(one.groups, return_inverse=True)[1]
    return {
        "before": share(right, units) or NOTHING,
        "after": share(now, units) or NOTHING,
        "difference": paired.difference(right, now, units),
        "right": RightAnswers(
            both_right=int((right & now).sum()),
            only_first=int((right & ~now).sum()),
            only_second=int((~right & now).sum()),
            both_wrong=int((~right & ~now).sum()),
            p_value=paired.paired_test(right, now, units),
            per_class=_per_class(labels, right, now, units),
        ),
    }


def _per_class(
    labels: npt.NDArray[np.object_],
    right: npt.NDArray[np.bool_],
    now: npt.NDArray[np.bool_],
    units: npt.NDArray[np.int64],
) -> tuple[ClassDifference, ...]:
    found = []
    for label in sorted(set(labels)):
        here = labels == label
        numbers = np.unique(units[here], return_inverse=True)[1]
        found.append((label, right[here], now[here], paired.paired_test(right[here], now[here], numbers)))
    raised = paired.corrected(np.array([probability for *_, probability in found]))
    differences = [
        ClassDifference(
            label=label,
            items=len(was),
            first=float(was.mean()),
            second=float(then.mean()),
            only_first=int((was & ~then).sum()),
            only_second=int((~was & then).sum()),
            p_value=float(probability),
        )
        for (label, was, then, _), probability in zip(found, raised, strict=True)
    ]
    return tuple(sorted(differences, key=lambda one: -abs(one.second - one.first)))


def _check_same_task(runs: Sequence[Run]) -> None:
    """Refuse runs that cannot be compared."""
    if len({run.id for run in runs}) < 2:
        raise RunError(f"Two runs or more are needed to compare. Received {len(runs)}. Name another one.")
    titles = [find_task(run.dataset.task).title.lower() for run in runs]
    for run, title in zip(runs, titles, strict=True):
        if title != titles[0]:
            raise RunError(
                f"Runs of one task are needed to compare. {runs[0].name} is a run of {titles[0]}, {run.name} one of "
                f"{title}: they have no metric in common. Choose runs of the same task."
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
    known: tuple[RunFigures, RunFigures], answers: tuple[TaskAnswers, TaskAnswers], pair: Pair, noun: Noun
) -> list[str]:
    one, other = (set(each.table["sha256"]) for each in answers)
    names = f"{known[0].name} and {known[1].name}"
    if not one & other:
        return [f"{names} have test sets without any common {noun.one}: their figures cannot be compared."]
    said = []
    if one != other:
        said.append(
            f"{names} have different test sets, {len(one):,} and {len(other):,} {noun.many}. Only the "
            f"{len(one & other):,} {noun.many} in both are compared; the figures in the table are for each run's own "
            "test set."
        )
    if not answers[0].task.counts_right and set(answers[0].classes) != set(answers[1].classes):
        said.append(
            f"{names} have different labels. The paired comparison is about the {len(pair.classes):,} that both know."
        )
    if relabelled := len(one & other) - pair.n:
        said.append(f"{relabelled:,} {noun.many} were relabelled between {names}: they are left out.")
    return said
