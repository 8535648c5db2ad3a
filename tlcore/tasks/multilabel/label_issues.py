"""Sets of labels that look wrong: every label is a question of yes or no for confident learning."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tlcore.tasks.doubts import Doubt, Doubts
from tlcore.tasks.multilabel.answers import chosen
from tlcore.tasks.multilabel.labels import join
from tlcore.tasks.task import Decision, Floats, Targets

# Fewer items with a label, or without it, say nothing of how often it is wrong.
FEWEST = 5


def doubts(outputs: Floats, targets: Targets, classes: Sequence[str], unit: str = "") -> Doubts:
    """Find the items of which some labels are probably wrong, and the set of labels that is likelier.

    Args:
        outputs: Independent probabilities `(n, labels)`, out of fold.
        targets: Which labels each item has, `(n, labels)`, 0 or 1.
        classes: The names of the labels.
        unit: Of no use here.
    """
    given = targets > 0
    differs = chosen(outputs, Decision()) != given
    doubtful = np.stack([_doubtful(given[:, at], outputs[:, at]) for at in range(given.shape[1])], axis=1) & differs
    right = np.where(given, outputs, 1 - outputs)
    found = []
    for row in np.flatnonzero(doubtful.any(axis=1)):
        wrong = np.flatnonzero(doubtful[row])
        says = "gives " + ", ".join(f"'{classes[at]}' {outputs[row, at]:.0%}" for at in map(int, wrong))
        suggested = join(np.array(classes, object)[given[row] != doubtful[row]])
        found.append(Doubt(int(row), says, 1 - float(right[row, wrong].min()), suggested))
    return Doubts(found, right.min(axis=1).astype(np.float64))


def _doubtful(given: npt.NDArray[np.bool_], chances: Floats) -> npt.NDArray[np.bool_]:
    from cleanlab.filter import find_label_issues

    labels = given.astype(np.int64)
    if min(labels.sum(), len(labels) - labels.sum()) < FEWEST:
        return np.zeros(len(labels), np.bool_)
    both = np.stack([1 - chances, chances], axis=1).astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(find_label_issues(labels, both, filter_by="prune_by_noise_rate", n_jobs=1), np.bool_)
