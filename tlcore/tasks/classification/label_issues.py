"""Classes that look wrong, by confident learning (Northcutt, Jiang, Chuang, 2021) as `cleanlab` keeps it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tlcore.tasks.doubts import Doubt, Doubts
from tlcore.tasks.task import Floats, Targets


def doubts(outputs: Floats, targets: Targets, classes: Sequence[str], unit: str = "") -> Doubts:
    """Find the labels that are probably wrong, and the class that is likelier.

    Args:
        outputs: Probabilities `(n, classes)`, out of fold.
        targets: Positions in the classes, `(n,)`.
        classes: Their names.
        unit: Of no use here.
    """
    from cleanlab.filter import find_label_issues

    chances, present = _present(outputs, targets)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        doubtful = find_label_issues(present, chances, filter_by="prune_by_noise_rate", n_jobs=1)
    quality, likeliest = label_quality(outputs, targets), outputs.argmax(axis=1)
    found = []
    for row in np.flatnonzero(doubtful & (likeliest != targets)):
        better = classes[likeliest[row]]
        says = f"gives that {quality[row]:.0%} and '{better}' {float(outputs[row, likeliest[row]]):.0%}"
        found.append(Doubt(int(row), says, 1 - float(quality[row]), better))
    return Doubts(found, quality)


def label_quality(outputs: Floats, targets: Targets) -> npt.NDArray[np.float64]:
    """Estimate how likely each given label is right, `(n,)`, 0 to 1: cleanlab's self-confidence."""
    from cleanlab.rank import get_label_quality_scores

    chances, present = _present(outputs, targets)
    quality: npt.NDArray[np.float64] = get_label_quality_scores(present, chances, method="self_confidence")
    return quality


def _present(outputs: Floats, targets: Targets) -> tuple[Floats, Targets]:
    """Leave out classes that have no item: cleanlab asks for every class."""
    classes, present = np.unique(targets, return_inverse=True)
    chances = outputs[:, classes].astype(np.float64)
    return chances / np.maximum(chances.sum(axis=1, keepdims=True), 1e-12), present
