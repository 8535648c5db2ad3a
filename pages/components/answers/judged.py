"""An evaluated run of a task other than classification: what every view of the Evaluate page is given."""

from __future__ import annotations

from dataclasses import dataclass

from tlcore.data.dataset import Dataset
from tlcore.evaluation.files import read_evaluation
from tlcore.evaluation.task_answers import TaskAnswers, read_task_answers
from tlcore.runs.run import Run
from tlcore.tasks import Metric, Task
from tlcore.tasks.evaluation import Evaluation


@dataclass(frozen=True)
class Judged:
    """An evaluated run.

    Attributes:
        answers: About the test set.
        dataset: As it is now; None where it was deleted.
    """

    run: Run
    evaluation: Evaluation
    answers: TaskAnswers
    dataset: Dataset | None

    @property
    def task(self) -> Task:
        return self.answers.task

    @property
    def metric(self) -> Metric:
        """The headline."""
        return self.task.find_metric(self.evaluation.metric)


def read_judged(run: Run, dataset: Dataset | None) -> Judged | None:
    """Read the evaluation of a run and its answers; None where it was not evaluated, or its task is classification.

    Raises:
        RunError: A file of the run is missing or damaged.
    """
    evaluation = read_evaluation(run.path)
    if evaluation is None or evaluation.task == "classification":
        return None
    answers = read_task_answers(run)
    return None if answers is None else Judged(run, evaluation, answers, dataset)
