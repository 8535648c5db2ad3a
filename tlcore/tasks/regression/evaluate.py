"""Evaluates a regression on its test set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tlcore.tasks.evaluation import Evaluation, Measures, difference, figures, share, usual_notes
from tlcore.tasks.linear_probe import LinearProbe, principal_axes
from tlcore.tasks.regression.answers import targets
from tlcore.tasks.regression.measures import measures
from tlcore.tasks.task import Decision, Evidence, Floats

if TYPE_CHECKING:
    import pandas as pd
    from pydantic import BaseModel


def evaluate(evidence: Evidence, classes: Sequence[str], decision: Decision) -> Evaluation:
    """Compute every figure in the value's unit; baselines learn from the training items alone."""
    true, predicted = targets(evidence.labels, classes)[:, 0], evidence.outputs[:, 0].astype(np.float64)
    groups, n = evidence.groups, len(true)
    within = np.abs(predicted - true) <= (np.inf if decision.margin is None else decision.margin)
    mine = measures(predicted, true)
    theirs = {title: measures(guessed, true) for title, guessed in _baselines(evidence).items()}
    return Evaluation(
        task="regression",
        n=n,
        groups=len(np.unique(groups)),
        metric="mae",
        figures=figures(mine, groups),
        baselines={title: figures(each, groups) for title, each in theirs.items()},
        above_baselines={title: difference(each, mine, "mae", groups) for title, each in theirs.items()} if n else {},
        coverage=share(within, groups) if decision.margin is not None else None,
        target_coverage=decision.coverage,
        margin=decision.margin,
        value_name=evidence.value_name,
        unit=evidence.unit,
        notes=tuple(usual_notes(evidence)),
    )


def files(evidence: Evidence, classes: Sequence[str]) -> Mapping[str, pd.DataFrame | BaseModel | None]:
    """Make nothing: every view of this task is computed from its answers."""
    return {}


def measures_of(labels: Sequence[str], outputs: Floats, classes: Sequence[str], decision: Decision) -> Measures:
    """Make each metric a function of how often each item occurs."""
    return measures(outputs[:, 0].astype(np.float64), targets(labels, classes)[:, 0])


def probe(features: Floats, labels: Sequence[str], classes: Sequence[str]) -> Callable[[Floats], Floats]:
    """Fit a ridge regression; it gives values `(n, 1)`."""
    axes = principal_axes(features)
    fitted = LinearProbe.fit(axes(features), targets(labels, classes)[:, 0], answers="number")
    return lambda others: fitted.predict(axes(others))[:, None]


def item_errors(
    labels: Sequence[str], outputs: Floats, classes: Sequence[str], decision: Decision
) -> npt.NDArray[np.float64]:
    """Compute the absolute error of each item, `(n,)`, in the value's unit."""
    errors: npt.NDArray[np.float64] = np.abs(outputs[:, 0].astype(np.float64) - targets(labels, classes)[:, 0])
    return errors


def _baselines(evidence: Evidence) -> dict[str, Floats]:
    """Answer by the median of the training values, and by a ridge regression on the frozen backbone's features."""
    learned = targets(evidence.learned, ())[:, 0]
    found: dict[str, Floats] = {"Always the median": np.full(len(evidence.labels), np.median(learned))}
    if evidence.features is not None:
        train, test = evidence.features
        found["Linear probe"] = probe(train, evidence.learned_with_features, ())(test)[:, 0]
    return found
