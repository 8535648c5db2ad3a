"""What a run's model answered about its test items, as arrays that its task can measure.

It knows the files of a run. It does not know metrics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tlcore.contract import read_contract
from tlcore.evaluation.files import read_predictions, read_validation, units_of_test
from tlcore.runs.run import Run
from tlcore.tasks import Decision, Task, find_task
from tlcore.tasks.multilabel.labels import join

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TaskAnswers:
    """Labels and outputs of some items.

    Attributes:
        classes: In the order of the outputs; none where a value is predicted.
        decision: What turns outputs into answers.
        table: `sha256`, `file`, `label`, `predicted` and the outputs, each item once.
        groups: `(n,)`, equal for items that belong together.
    """

    task: Task
    classes: tuple[str, ...]
    decision: Decision
    table: pd.DataFrame
    groups: npt.NDArray[np.int64]

    @property
    def labels(self) -> list[str]:
        """The true labels, each in its task's form."""
        return list(self.table["label"])

    @property
    def outputs(self) -> npt.NDArray[np.float32]:
        """What the model gave, `(n, width)`."""
        columns = self.task.columns(self.task.width(len(self.classes)))
        found: npt.NDArray[np.float32] = self.table[columns].to_numpy(dtype=np.float32)
        return found

    def item_errors(self) -> npt.NDArray[Any]:
        """Compute how wrong the answer about each item is, `(n,)`."""
        if self.task.counts_right:  # a true class may be one that the model does not know
            return 1.0 - self.task.right(self.labels, self.table)
        return self.task.item_errors(self.labels, self.outputs, self.classes, self.decision)

    def of(self, shas: list[str]) -> TaskAnswers:
        """Keep some items, in this order."""
        places = dict(zip(self.table["sha256"], range(len(self.table)), strict=True))
        rows = [places[sha] for sha in shas]
        return replace(self, table=self.table.iloc[rows].reset_index(drop=True), groups=self.groups[rows])

    def among(self, classes: tuple[str, ...]) -> TaskAnswers:
        """Keep some of the classes, in this order, in labels and outputs; a value has none and stays."""
        if classes == self.classes or not self.classes:
            return self
        places, thresholds = [self.classes.index(name) for name in classes], self.decision.thresholds
        outputs = self.outputs[:, places]
        table = self.table[["sha256", "file", "predicted"]].assign(
            label=[_among(self.task, label, classes) for label in self.labels],
            **{name: outputs[:, at] for at, name in enumerate(self.task.columns(len(classes)))},
        )
        kept = tuple(thresholds[at] for at in places) if thresholds else ()
        return replace(
            self, classes=classes, decision=self.decision.model_copy(update={"thresholds": kept}), table=table
        )

    def relabeled(self, labels: Mapping[str, str], names: Mapping[str, str]) -> TaskAnswers:
        """Take other true labels by SHA-256 and other names of classes.

        Where a class is answered, the answer has its new name. Of several labels that became one, the first one's
        outputs are taken; a label that the model does not know is left out.
        """
        if self.task.counts_right:
            now = [labels[sha] for sha in self.table["sha256"]]
            predicted = [names.get(name, name) for name in self.table["predicted"]]
            return replace(self, table=self.table.assign(label=now, predicted=predicted))
        renamed = [names.get(name, name) for name in self.classes]
        firsts = [at for at, name in enumerate(renamed) if name not in renamed[:at]]
        found = self.among(tuple(self.classes[at] for at in firsts)) if len(firsts) < len(renamed) else self
        classes = tuple(renamed[at] for at in firsts)
        now = [labels[sha] for sha in found.table["sha256"]]
        table = found.table.assign(label=[_among(self.task, label, classes) for label in now] if classes else now)
        return replace(found, classes=classes, table=table)


def _among(task: Task, label: str, classes: tuple[str, ...]) -> str:
    return join(name for name in task.names(label) if name in classes)


def read_task_answers(run: Run, part: str = "test") -> TaskAnswers | None:
    """Read the answers about the test items, or of `val`; None where there is no table of that part.

    Raises:
        RunError: A file of the run is missing or damaged.
    """
    about, task = run.dataset, find_task(run.dataset.task)
    decision = Decision() if task.counts_right else read_contract(run.path).decision
    table = read_predictions(run.path) if part == "test" else read_validation(run.path)
    if table is None:
        return None
    table = table.drop_duplicates("sha256").reset_index(drop=True)
    units = units_of_test(run.split()) if part == "test" else {}
    groups = np.array([units.get(sha, -1 - at) for at, sha in enumerate(table["sha256"])], np.int64)
    return TaskAnswers(task, about.classes, decision, table, groups)
