"""Labels that look wrong, by confident learning (Northcutt, Jiang, Chuang, 2021) as `cleanlab` keeps it.

It knows out-of-fold probabilities and labels. It does not know features.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from tlcore.health.findings import Finding
from tlcore.tasks.linear_probe import Floats, Integers

LEAST, MOST = 0.3, 0.8


def label_quality(probabilities: Floats, labels: Integers) -> Floats:
    """How likely each given label is right, `(n,)`, 0 to 1: cleanlab's self-confidence."""
    from cleanlab.rank import get_label_quality_scores

    chances, present = _present(probabilities, labels)
    quality: Floats = get_label_quality_scores(present, chances, method="self_confidence")
    return quality


def label_findings(
    items: pd.DataFrame, probabilities: Floats, labels: Integers, names: tuple[str, ...]
) -> list[Finding]:
    """A finding for each item whose label is probably wrong, with the label that is likelier.

    `probabilities` is `(n, classes)`, out of fold, in the order of `items`; `labels` `(n,)` are positions in `names`.
    """
    from cleanlab.filter import find_label_issues

    chances, present = _present(probabilities, labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        doubtful = find_label_issues(present, chances, filter_by="prune_by_noise_rate", n_jobs=1)
    quality = label_quality(probabilities, labels)
    likeliest = probabilities.argmax(axis=1)
    findings = []
    for row in np.flatnonzero(doubtful & (likeliest != labels)):
        sha, source = str(items["sha256"].iloc[row]), items["source"].iloc[row]
        given, better = names[labels[row]], names[likeliest[row]]
        chance = float(probabilities[row, likeliest[row]])
        says = (
            f"'{source}' is labelled '{given}', but a probe that has not seen it gives that {quality[row]:.0%} and "
            f"'{better}' {chance:.0%}."
        )
        score = LEAST + (MOST - LEAST) * (1 - float(quality[row]))
        findings.append(Finding("label_suspect", (sha,), score, says, suggested={sha: better}))
    return findings


def _present(probabilities: Floats, labels: Integers) -> tuple[Floats, Integers]:
    """Leave out classes that have no item: cleanlab asks for every class."""
    classes, present = np.unique(labels, return_inverse=True)
    chances = probabilities[:, classes].astype(np.float64)
    return chances / np.maximum(chances.sum(axis=1, keepdims=True), 1e-12), present
