"""An evaluated run of a task other than classification: what every view of the Evaluate page is given."""

from __future__ import annotations

from dataclasses import dataclass

from pages.components.shell import formats
from tlcore.data.dataset import Dataset
from tlcore.evaluation.files import read_task_evaluation
from tlcore.evaluation.task_answers import TaskAnswers, read_task_answers
from tlcore.runs.run import Run
from tlcore.tasks import Metric, Task
from tlcore.tasks.evaluation import Figure, TaskEvaluation


@dataclass(frozen=True)
class Judged:
    """An evaluated run.

    Attributes:
        answers: About the test set.
        dataset: As it is now; None where it was deleted.
    """

    run: Run
    evaluation: TaskEvaluation
    answers: TaskAnswers
    dataset: Dataset | None

    @property
    def task(self) -> Task:
        return self.answers.task

    @property
    def metric(self) -> Metric:
        """The headline."""
        return self.task.find_metric(self.evaluation.metric)

    def value(self, metric: Metric, value: float) -> str:
        """A figure of a metric with its unit, for Markdown."""
        return formats.figure(metric, value, self.evaluation.unit)

    def interval(self, metric: Metric, figure: Figure) -> str:
        """The ends of an interval, for Markdown: `80.1–85.2 %`, `2.1–3.4 kg`."""
        if metric.kind == "share":
            return f"{100 * figure.low:.1f}–{formats.percent(figure.high)}"
        return f"{formats.plain(metric.plain(figure.low))}–{self.value(metric, figure.high)}"


def read_judged(run: Run, dataset: Dataset | None) -> Judged | None:
    """Read the evaluation of a run and its answers; None where it was not evaluated, or its task is classification.

    Raises:
        RunError: A file of the run is missing or damaged.
    """
    evaluation = read_task_evaluation(run.path)
    answers = read_task_answers(run) if evaluation is not None else None
    return None if evaluation is None or answers is None else Judged(run, evaluation, answers, dataset)
