"""Tables of predictions: the answers about some items, beside what is true of them.

It knows the columns. It does not know what an answer is, nor files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tlcore.tasks import Decision, Task, find_task

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def predictions_table(
    rows: pd.DataFrame,
    outputs: NDArray[np.float32],
    classes: Sequence[str],
    task: Task | None = None,
    decision: Decision | None = None,
) -> pd.DataFrame:
    """Put answers beside the items that they are about.

    `rows` has `sha256, file, label`, one for each row of the outputs `(n, width)`. The table has `sha256, file, label,
    predicted, confidence, correct`, what else the task says of an item, and its outputs (`p_0 …` or `value`), in the
    same order. Without a task it is classification.
    """
    import pandas as pd

    task = task or find_task("classification")
    table = rows[["sha256", "file", "label"]].reset_index(drop=True)
    answered = task.answers(outputs, classes, decision or Decision())
    answered["predicted"] = answered["predicted"].astype(table["label"].dtype)
    answered.insert(2, "correct", task.right(list(table["label"]), answered))
    # All at once: a hundred columns that are put in one by one are slow to use.
    return pd.concat([table, answered, pd.DataFrame(outputs, columns=task.columns(outputs.shape[1]))], axis=1)


def probabilities(predictions: pd.DataFrame, classes: int) -> NDArray[np.float32]:
    """Take the probabilities out of a table of predictions, `(n, classes)`."""
    return predictions[[f"p_{index}" for index in range(classes)]].to_numpy(dtype=np.float32)


def mistakes(predictions: pd.DataFrame, n: int | None = None) -> pd.DataFrame:
    """Keep the wrong answers, the most confident first."""
    wrong = predictions[~predictions["correct"].astype(bool)].sort_values("confidence", ascending=False, kind="stable")
    return wrong if n is None else wrong.head(n)


def cell(predictions: pd.DataFrame, true: str, predicted: str) -> pd.DataFrame:
    """Keep the items of one cell of the confusion matrix, the most confident first."""
    here = (predictions["label"] == true) & (predictions["predicted"] == predicted)
    return predictions[here].sort_values("confidence", ascending=False, kind="stable")
