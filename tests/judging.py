"""Evaluates a table of answers of a classifier, without a run."""

from __future__ import annotations

import numpy as np

from tlcore.evaluation.predictions import probabilities
from tlcore.tasks import Decision, find_task
from tlcore.tasks.task import Evidence


def evidence(table, classes, learned=None, *, groups=None, features=None, learned_with_features=()):
    """Evidence of a table of predictions; `learned` counts the training pictures of each class."""
    return Evidence(
        labels=list(table["label"]),
        outputs=probabilities(table, len(classes)),
        groups=np.arange(len(table)) if groups is None else groups,
        learned=[label for label, n in (learned or {}).items() for _ in range(n)],
        features=features,
        learned_with_features=learned_with_features,
        noun=("picture", "pictures"),
    )


def evaluate(table, classes, learned=None, **about):
    """The evaluation of a table of predictions."""
    return find_task("classification").evaluate(evidence(table, classes, learned, **about), classes, Decision())
