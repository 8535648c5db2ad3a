"""Answers that are sets: as many classes as it takes to hold the right one with a chosen share, whatever the model is.

Split conformal prediction: what a set must hold is found on the validation items, and then holds for new items of
the same kind, at least on average over all of them; not for each class, and not where the items change.

* LAC keeps the classes of at least some probability. M. Sadinle, J. Lei, L. Wasserman, "Least ambiguous set-valued
  classifiers with bounded error levels", Journal of the American Statistical Association 114 (2019), 223–234.
* APS adds classes, the likeliest first, while their probabilities add up to at most some sum; the likeliest is always
  in. Y. Romano, M. Sesia, E. J. Candès, "Classification with valid and adaptive coverage", NeurIPS 2020, without its
  randomisation: sets are a little larger than they had to be, and the same item always gets the same one.

It knows probabilities and right answers. It does not know items or models.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from tlcore.tasks.classification.calibration_schema import ConformalSets
from tlcore.tasks.classification.reliability import Floats, Integers, share

Method = Literal["lac", "aps"]
METHODS: tuple[Method, ...] = ("lac", "aps")
WANTED = (0.8, 0.9, 0.95, 0.99)


def fit_sets(probabilities: Floats, labels: Integers, *, wanted: float, method: Method) -> float:
    """Find the threshold with which sets hold the right class for the share that is wanted.

    Of n validation items the ⌈wanted · (n + 1)⌉-th smallest score decides; where there are too few of them for that,
    sets hold every class.

    Args:
        probabilities: `(n, classes)`, of items that the model has not learnt from.
        labels: `(n,)`, positions in the classes.
        wanted: Above 0, below 1.
        method: The name of either.

    Returns:
        For `lac` the least probability of a class in a set; for `aps` the largest sum of probabilities.
    """
    scores = np.sort(_scores(probabilities, method)[np.arange(len(labels)), labels])
    # What is a whole number in theory must not be rounded up for its last digit.
    place = math.ceil(round(wanted * (len(scores) + 1), 9))
    if place > len(scores):
        return 0.0 if method == "lac" else math.inf
    found = float(scores[place - 1])
    return -found if method == "lac" else found


def sets(probabilities: Floats, threshold: float, method: Method) -> npt.NDArray[np.bool_]:
    """Which classes are in the set of each item, `(n, classes)`."""
    scores = _scores(probabilities, method)
    if method == "lac":
        return scores <= -threshold
    inside = scores <= threshold
    inside[np.arange(len(inside)), probabilities.argmax(axis=1)] = True
    return inside


def judge_sets(
    validation: tuple[Floats, Integers], test: tuple[Floats, Integers], *, wanted: float, method: Method
) -> ConformalSets:
    """Find the threshold on validation items, and say what it does to the test items."""
    threshold = fit_sets(*validation, wanted=wanted, method=method)
    probabilities, labels = test
    inside = sets(probabilities, threshold, method)
    held = int(inside[np.arange(len(labels)), labels].sum())
    counts = np.bincount(inside.sum(axis=1), minlength=probabilities.shape[1] + 1)
    return ConformalSets(
        method=method,
        wanted=wanted,
        threshold=min(1.0, threshold),
        coverage=share(held, len(labels)),
        sizes=tuple(map(int, counts)),
        mean_size=float(inside.sum(axis=1).mean()) if len(labels) else 0.0,
    )


def _scores(probabilities: Floats, method: Method) -> npt.NDArray[np.float64]:
    """How strange each class would be as the answer, `(n, classes)`; those in a set are the least strange."""
    exact = probabilities.astype(np.float64)
    if method == "lac":
        return -exact
    order = np.argsort(-exact, axis=1, kind="stable")
    sums = np.cumsum(np.take_along_axis(exact, order, axis=1), axis=1)
    scores = np.empty_like(sums)
    np.put_along_axis(scores, order, sums, axis=1)
    return scores
