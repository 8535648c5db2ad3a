"""A run and the one that it began with, on the same test items: what mending the dataset has changed.

Both are judged by the labels that the dataset has now. Test items may have been relabelled in between, and neither
model has seen them. It knows what run folders hold of answers. It does not know how the statistics work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from tlcore.data.edits.diff import Since, edits_since
from tlcore.evaluation.compare import Pair, pair
from tlcore.evaluation.files import read_predictions, units_of_test
from tlcore.runs.run import Run
from tlcore.tasks.classification.scores import share
from tlcore.tasks.evaluation import Figure

if TYPE_CHECKING:
    import pandas as pd

    from tlcore.data.dataset import Dataset


class BeforeAfter(BaseModel):
    """Two runs by the present labels of the test items.

    Attributes:
        pair: The runs and what changed, on the items that both were asked about and that are still in use.
        before, after: The accuracy of each on these.
        relabelled: How many of these had another label when the earlier run was judged.
        left_out: Test items of either run that are not among these: excluded, deleted, or asked of one run alone.
    """

    model_config = ConfigDict(frozen=True)

    pair: Pair
    before: Figure
    after: Figure
    relabelled: int
    left_out: int


def before_and_after(before: Run, after: Run, dataset: Dataset | None) -> BeforeAfter:
    """Judge two runs of one dataset by its labels of now; where it was deleted, by those of the later run.

    Raises:
        RunError: The answers of a run are missing or damaged.
    """
    first, second = _answers(before, dataset), _answers(after, dataset)
    items = dataset.items() if dataset is not None else second
    labels = dict(zip(items["sha256"].tolist(), items["label"].tolist(), strict=True))
    units = units_of_test(after.split())
    asked = set(first["sha256"]) | set(second["sha256"])
    shared = set(first["sha256"]) & set(second["sha256"]) & set(labels)
    one, other = (_judged(table, shared, labels, units) for table in (first, second))
    return BeforeAfter(
        pair=pair(before.id, after.id, one, other),
        before=_accuracy(one),
        after=_accuracy(other),
        relabelled=int((one["was"] != one["label"]).sum()),
        left_out=len(asked - shared),
    )


def _answers(run: Run, dataset: Dataset | None) -> pd.DataFrame:
    """A run's `sha256`, `label` and `predicted`, its classes by the names that they have now; each item once."""
    about = run.dataset
    ours = dataset is not None and about.id == dataset.id
    since = edits_since(dataset, about.version) if dataset is not None and ours else Since()
    table = read_predictions(run.path)[["sha256", "label", "predicted"]].drop_duplicates("sha256")
    names = {label: since.name(label) for label in about.classes}
    return table.assign(**{column: table[column].replace(names) for column in ("label", "predicted")})


def _judged(table: pd.DataFrame, shared: set[str], labels: dict[str, str], units: dict[str, int]) -> pd.DataFrame:
    """The shared items by the present labels: `sha256`, `label`, `was`, `correct` and `unit`."""
    table = table[table["sha256"].isin(shared)].rename(columns={"label": "was"})
    now = table["sha256"].map(labels)
    return table.assign(label=now, correct=table["predicted"] == now, unit=table["sha256"].map(units))


def _accuracy(table: pd.DataFrame) -> Figure:
    units = np.unique(table["unit"].to_numpy(dtype=np.int64), return_inverse=True)[1]
    return share(table["correct"].to_numpy(dtype=bool), units)
