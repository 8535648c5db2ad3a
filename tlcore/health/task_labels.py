"""Labels that look wrong where an item has several, or a number; and how good the probe is that says so.

It knows out-of-fold predictions and labels. It does not know features.
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.data.info import DatasetInfo
from tlcore.data.label_text import describe_label
from tlcore.health.findings import Finding
from tlcore.health.labels import LEAST, MOST
from tlcore.tasks.linear_probe import Floats
from tlcore.tasks.multilabel.labels import join

# Fewer items with a label, or without it, say nothing of how often it is wrong.
FEWEST = 5
# Robust deviations from the usual error of the probe (Iglewicz and Hoaglin, 1993), and times as many that score most.
FAR, FARTHEST = 3.5, 3.0
# A probe that explains less of the variation is wrong more often than the values are.
SKILLED = 0.3


def several_label_findings(
    items: pd.DataFrame, probabilities: Floats, membership: npt.NDArray[np.float32], info: DatasetInfo
) -> list[Finding]:
    """A finding for each item of which some labels are probably wrong, with those that are likelier.

    Every label is a question of yes or no for confident learning. `probabilities` and `membership` are `(n, labels)`,
    the former out of fold, both in the order of `items` and of the classes.
    """
    doubtful = np.stack(
        [_doubtful(membership[:, at], probabilities[:, at]) for at in range(membership.shape[1])], axis=1
    )
    findings = []
    for row in np.flatnonzero(doubtful.any(axis=1)):
        wrong = np.flatnonzero(doubtful[row])
        likelier = np.where(doubtful[row], 1 - membership[row], membership[row]) > 0
        sha, source = str(items["sha256"].iloc[row]), items["source"].iloc[row]
        chances = ", ".join(f"'{info.classes[at]}' {probabilities[row, at]:.0%}" for at in wrong)
        says = (
            f"'{source}' has {describe_label(items['label'].iloc[row], info)}, but a probe that has not seen it gives "
            f"{chances}."
        )
        given = np.where(membership[row] > 0, probabilities[row], 1 - probabilities[row])[wrong]
        score = LEAST + (MOST - LEAST) * (1 - float(given.min()))
        suggested = {sha: join(np.array(info.classes, object)[likelier])}
        findings.append(Finding("label_suspect", (sha,), score, says, suggested=suggested))
    return findings


def _doubtful(given: npt.NDArray[np.float32], chances: Floats) -> npt.NDArray[np.bool_]:
    from cleanlab.filter import find_label_issues

    labels = given.astype(np.int64)
    if min(labels.sum(), len(labels) - labels.sum()) < FEWEST:
        return np.zeros(len(labels), np.bool_)
    both = np.stack([1 - chances, chances], axis=1).astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = find_label_issues(labels, both, filter_by="prune_by_noise_rate", n_jobs=1)
    doubtful: npt.NDArray[np.bool_] = np.asarray(found) & ((chances > 0.5) != (labels == 1))
    return doubtful


def number_findings(
    items: pd.DataFrame, predicted: Floats, values: npt.NDArray[np.float64], info: DatasetInfo
) -> list[Finding]:
    """A finding for each item whose number is far from what the probe predicts, as those of others are not.

    Nothing is suggested: a prediction is no measurement. `predicted` and `values` are `(n,)`, in the order of `items`.
    """
    if explained(predicted, values) < SKILLED:
        return []
    away = values - predicted
    away = np.abs(away - np.median(away))
    usual = 1.4826 * float(np.median(away)) or 1e-9
    findings = []
    for row in np.flatnonzero(away > FAR * usual):
        sha, label = str(items["sha256"].iloc[row]), items["label"].iloc[row]
        near = describe_label(f"{predicted[row]:.4g}", info)
        says = (
            f"'{items['source'].iloc[row]}' has {describe_label(label, info)}, but a probe that has not seen it "
            f"predicts {near}: {away[row] / usual:.0f} times as far off as is usual."
        )
        share = min(1.0, (away[row] / usual - FAR) / (FAR * (FARTHEST - 1)))
        findings.append(Finding("label_suspect", (sha,), LEAST + (MOST - LEAST) * float(share), says))
    return findings


def explained(predicted: Floats, values: npt.NDArray[np.float64]) -> float:
    """Compute the share of the variation that predictions explain (R²); 0 where all values are one."""
    variation = float(((values - values.mean()) ** 2).sum())
    return 1 - float(((values - predicted) ** 2).sum()) / variation if variation else 0.0


def average_precision(probabilities: Floats, membership: npt.NDArray[np.float32]) -> float | None:
    """Compute the mean average precision over the labels that some items have and some have not."""
    from sklearn.metrics import average_precision_score

    told = [at for at in range(membership.shape[1]) if 0 < membership[:, at].sum() < len(membership)]
    scores = [average_precision_score(membership[:, at], probabilities[:, at]) for at in told]
    return float(np.mean(scores)) if scores else None
