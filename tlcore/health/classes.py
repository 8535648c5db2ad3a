"""Faults of whole classes: uneven ones, two that look the same, one that is two, and items far from their class.

It knows features, labels and probabilities. It does not know files.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from tlcore.modalities import Noun
from tlcore.modalities.checks import Finding
from tlcore.tasks.linear_probe import Floats, Integers

UNEVEN = 4.0  # times as many items in the largest class as in a small one
FEW = 10
# Of two classes, the share that the probe tells apart, both counting the same; a coin would have 0.5.
HARD_TO_TELL = 0.75
AXES_OF_A_CLASS, SMALLEST_SHARE, SEPARATE = 16, 0.15, 0.2
LEAST_TO_SPLIT = 40
NEIGHBOURS, MOST_OTHERS, FAR = 5, 4000, 3.5


def imbalance_findings(counts: Integers, names: tuple[str, ...], noun: Noun) -> list[Finding]:
    """One finding for each class that has far fewer items than the largest; `counts` are those of the classes."""
    largest = max(range(len(counts)), key=lambda number: int(counts[number]))
    findings = []
    for number in np.flatnonzero(counts * UNEVEN < counts[largest]):
        ratio = counts[largest] / max(int(counts[number]), 1)
        says = (
            f"'{names[number]}' has {noun.counted(int(counts[number]))} and '{names[largest]}' {counts[largest]:,}, "
            f"{ratio:.0f} times as many: the model will seldom answer the rare one."
        )
        findings.append(Finding("imbalance", (), float(min(0.65, 0.25 + 0.1 * np.log2(ratio / UNEVEN * 2))), says))
    return findings


def confusable_findings(
    shas: np.ndarray, probabilities: Floats, labels: Integers, names: tuple[str, ...], noun: Noun
) -> list[Finding]:
    """Pairs of classes between which the probe hardly chooses better than a coin; those it got wrong are the items."""
    rows = [np.flatnonzero(labels == number) for number in range(len(names))]
    findings = []
    for one in range(len(names)):
        for other in range(one + 1, len(names)):
            if min(len(rows[one]), len(rows[other])) < FEW:
                continue
            wrong = [here[probabilities[here, a] < probabilities[here, b]] for here, a, b in
                     ((rows[one], one, other), (rows[other], other, one))]  # fmt: skip
            right = 1 - (len(wrong[0]) / len(rows[one]) + len(wrong[1]) / len(rows[other])) / 2
            if right >= HARD_TO_TELL:
                continue
            share = (len(rows[one]) + len(rows[other])) / len(labels)
            says = (
                f"'{names[one]}' and '{names[other]}' are hard to tell apart: between the two the probe is right about "
                f"{right:.0%} of their {noun.many}, where a coin would be about half. Are they one class, or mixed up?"
            )
            score = 0.4 + 0.3 * (HARD_TO_TELL - max(right, 0.5)) / (HARD_TO_TELL - 0.5) + 0.1 * share
            findings.append(Finding("confusable_classes", tuple(map(str, shas[np.concatenate(wrong)])), score, says))
    return findings


def split_class_findings(
    shas: np.ndarray, turned: Floats, labels: Integers, names: tuple[str, ...], noun: Noun, *, seed: int = 0
) -> list[Finding]:
    """Classes whose items fall into two separate clusters; the smaller cluster is the items.

    `turned` is `(n, c)`, features on principal axes. How separate two clusters are is the mean silhouette (Rousseeuw,
    1987): about 0.1 for one round cloud that is cut in two, towards 1 for two that are far from each other.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    findings = []
    for number, name in enumerate(names):
        rows = np.flatnonzero(labels == number)
        if len(rows) < LEAST_TO_SPLIT:
            continue
        own = np.asarray(turned[rows], np.float32)
        own = own - own.mean(axis=0)
        some = np.random.default_rng(seed).permutation(len(rows))[:2000]
        _, axes = np.linalg.eigh(own[some].T @ own[some])
        own = own @ axes[:, -AXES_OF_A_CLASS:]
        sides = KMeans(2, n_init=4, random_state=seed).fit(own[some]).predict(own)
        smaller = int(sides.mean() < 0.5)
        share = float((sides == smaller).mean())
        if share < SMALLEST_SHARE or len(np.unique(sides[some[:1000]])) < 2:
            continue
        separate = float(silhouette_score(own[some[:1000]], sides[some[:1000]]))
        if separate < SEPARATE:
            continue
        few = int((sides == smaller).sum())
        says = (
            f"'{name}' falls into two clusters of {len(rows) - few:,} and {noun.counted(few)} "
            f"(silhouette {separate:.2f}): it may be two classes, or {noun.many} from two places."
        )
        findings.append(
            Finding("split_class", tuple(map(str, shas[rows[sides == smaller]])), 0.25 + separate / 2, says)
        )
    return findings


def outlier_findings(
    items: pd.DataFrame, features: Floats, labels: Integers, names: tuple[str, ...], noun: Noun
) -> list[Finding]:
    """Items that are far from their nearest neighbours of the same class, as the others of the class are not.

    A class without a name is the whole dataset.

    `features` is `(n, d)` as they come: turned about the middle of the dataset, what is unlike everything would have a
    direction of its own to be unlike in. Far is more than `FAR` robust deviations from the median (Iglewicz and
    Hoaglin, 1993).
    """
    findings: list[Finding] = []
    for number, name in enumerate(names):
        rows = np.flatnonzero(labels == number)
        if len(rows) > 2 * NEIGHBOURS:
            findings += _far(items, features, rows, name, noun)
    return findings


def _far(items: pd.DataFrame, features: Floats, rows: Integers, name: str, noun: Noun) -> Iterator[Finding]:
    others = np.random.default_rng(0).permutation(len(rows))[:MOST_OTHERS]
    reference = _of_length_one(features[rows[others]])
    distances = np.empty(len(rows), np.float32)
    for first in range(0, len(rows), 1024):
        likeness = _of_length_one(features[rows[first : first + 1024]]) @ reference.T
        # The nearest of all is the item itself, where it is among the others.
        nearest = np.partition(likeness, -NEIGHBOURS - 1, axis=1)[:, -NEIGHBOURS - 1 : -1]
        distances[first : first + 1024] = 1 - nearest.mean(axis=1)
    middle = float(np.median(distances))
    deviation = 1.4826 * float(np.median(np.abs(distances - middle))) or 1e-6
    where = f"'{name}'" if name else "the dataset"
    for row in np.flatnonzero(distances > middle + FAR * deviation):
        each = items.iloc[rows[row]]
        times = distances[row] / max(middle, 1e-6)
        says = (
            f"'{each['source']}' is {times:.1f} times as far from the {noun.many} like it in {where} as is usual there."
        )
        score = 0.1 + 0.2 * float(min(1.0, (distances[row] - middle) / deviation / (4 * FAR)))
        yield Finding("outlier", (str(each["sha256"]),), score, says)


def _of_length_one(features: Floats) -> Floats:
    rows = np.asarray(features, np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6), np.float32)
