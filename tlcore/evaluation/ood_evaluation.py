"""Items of other datasets put to a run's model: whether it notices that they are none of its own.

It knows the workspace's datasets and the model's second output. It does not know how that output is made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tlcore.contract import UNFAMILIARITY
from tlcore.data.dataset import Dataset, list_datasets
from tlcore.errors import DataError
from tlcore.evaluation.files import Strangers, Unfamiliarity, read_validation
from tlcore.inference.predictor import Predictor
from tlcore.intervals import wilson
from tlcore.modalities import find_modality
from tlcore.progress import Pace, Progress
from tlcore.runs.run import Run
from tlcore.tasks.evaluation import Figure
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

# They cost as much as test items do, and three sorts of strangers tell whether any are noticed.
MOST_DATASETS = 3
MOST_ITEMS = 60


NO_SECOND_OUTPUT = (
    "The model has no second output that says how unlike its training examples an input is. Train again to have it."
)


def measure_ood(
    run: Run, predictor: Predictor, test: pd.DataFrame, workspace: Workspace, report: Callable[[Progress], None]
) -> Unfamiliarity | None:
    """Measure how a run's model tells items that are none of its own; None where it has no second output."""
    validation = read_validation(run.path)
    if UNFAMILIARITY not in test or validation is None or UNFAMILIARITY not in validation:
        return None
    if test[UNFAMILIARITY].isna().any() or validation[UNFAMILIARITY].isna().any():
        return None
    called, n = int((test[UNFAMILIARITY] > 1).sum()), len(test)
    low, high = wilson(called, n)
    return Unfamiliarity(
        validation=float((validation[UNFAMILIARITY] > 1).mean()) if len(validation) else 0.0,
        test=Figure(value=called / n if n else 0.0, low=low, high=high),
        strangers=meet_strangers(run, predictor, test, workspace, report),
    )


def meet_strangers(
    run: Run, predictor: Predictor, test: pd.DataFrame, workspace: Workspace, report: Callable[[Progress], None]
) -> tuple[Strangers, ...]:
    """Ask about some items of at most three other datasets; none where the model has no second output.

    Args:
        run: What it has for its own items is in its split; those are no strangers, wherever they are found.
        predictor: The run's model.
        test: The answers about the run's own test items, by which strangers are to be told.
        workspace: Where the other datasets are.
        report: Is told how far it is.
    """
    if UNFAMILIARITY not in test or test.empty:
        return ()
    familiar, known = test[UNFAMILIARITY].to_numpy(np.float64), frozenset(run.split()["sha256"])
    others = [dataset for dataset in list_datasets(workspace) if dataset.id != run.dataset.id]
    found: list[Strangers] = []
    met: set[str] = set()
    for dataset in others:
        items = _items(dataset)
        if met & set(items["sha256"]):  # a copy, or a part, of one that was met: it would say the same again
            continue
        met |= set(items["sha256"])
        scores = _scores(dataset, items[~items["sha256"].isin(known)], predictor, report)
        if len(scores):
            found.append(
                Strangers(
                    dataset=dataset.id,
                    name=dataset.info.name,
                    n=len(scores),
                    auroc=auroc(familiar, scores),
                    recognised=float((scores > 1).mean()),
                )
            )
        if len(found) == MOST_DATASETS:
            break
    return tuple(found)


def auroc(familiar: npt.NDArray[np.float64], strange: npt.NDArray[np.float64]) -> Figure:
    """How often a strange item scores above a familiar one, ties counting half, with its 95 % interval.

    Its variance is at most A·(1 − A) divided by the smaller of the two numbers of items (Z. W. Birnbaum and O. M.
    Klose, "Bounds for the variance of the Mann–Whitney statistic", Annals of Mathematical Statistics 28 (1957),
    933–945): no more than that of a share of so many. So the interval is Wilson's for that share, which is rather too
    wide than too narrow.
    """
    from sklearn.metrics import roc_auc_score

    truth = np.repeat([0, 1], [len(familiar), len(strange)])
    value = float(roc_auc_score(truth, np.concatenate([familiar, strange])))
    n = min(len(familiar), len(strange))
    low, high = wilson(value * n, n)
    return Figure(value=value, low=min(low, value), high=max(high, value))


def _items(dataset: Dataset) -> pd.DataFrame:
    import pandas as pd

    try:
        return dataset.items().drop_duplicates("sha256").sort_values("sha256")
    except DataError:  # it is the data page's to complain of
        return pd.DataFrame({"sha256": [], "file": []})


def _scores(
    dataset: Dataset, items: pd.DataFrame, predictor: Predictor, report: Callable[[Progress], None]
) -> npt.NDArray[np.float64]:
    """Of some of these items, drawn the same way each time, those that can be read."""
    drawn = np.random.default_rng(0).permutation(len(items))[:MOST_ITEMS]
    paths = [dataset.image_path(file) for file in items["file"].iloc[drawn]]
    noun = find_modality(predictor.labels.modality).noun.many
    pace, found = Pace(len(paths), f"Asking the model about {noun} of other datasets"), []
    for done, answer in enumerate(predictor.predict_files(paths), 1):
        if answer.unfamiliarity is not None:
            found.append(answer.unfamiliarity)
        if pace.due():
            report(pace.at(done))
    return np.array(found)
