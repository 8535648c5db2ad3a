"""Any number of labels for each item: independent probabilities, and a decision threshold for each label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tlcore.tasks.multilabel.labels import join
from tlcore.tasks.task import Decision, Floats, Reply, Targets

if TYPE_CHECKING:
    import pandas as pd

USUAL_THRESHOLD = 0.5
# Fewer positives choose a threshold by chance.
FEWEST_TO_CHOOSE = 5


def width(classes: int) -> int:
    """Count the outputs: one for each label."""
    return classes


def activate(logits: Floats) -> Floats:
    """Compute the sigmoid of logits `(n, labels)`."""
    from scipy.special import expit

    shares: Floats = expit(logits)
    return shares


def chosen(outputs: Floats, decision: Decision) -> npt.NDArray[np.bool_]:
    """Say which labels reach their thresholds, `(n, labels)`."""
    thresholds = np.array(decision.thresholds or (USUAL_THRESHOLD,) * outputs.shape[1], outputs.dtype)
    found: npt.NDArray[np.bool_] = outputs >= thresholds
    return found


def same(one: Floats, other: Floats, decision: Decision) -> npt.NDArray[np.bool_]:
    """Compare the sets of labels that two models give, item by item."""
    found: npt.NDArray[np.bool_] = (chosen(one, decision) == chosen(other, decision)).all(axis=1)
    return found


def answers(outputs: Floats, classes: Sequence[str], decision: Decision) -> pd.DataFrame:
    """Join the labels above their thresholds; the confidence is that of the least certain decision, 0.5 to 1."""
    import pandas as pd

    given = chosen(outputs, decision)
    certain = np.where(given, outputs, 1 - outputs)
    return pd.DataFrame(
        {
            "predicted": pd.array([join(np.array(classes, object)[row]) for row in given], dtype="str"),
            "confidence": certain.min(axis=1).astype(np.float32) if outputs.shape[1] else np.ones(len(outputs)),
        }
    )


def reply(outputs: Floats, classes: Sequence[str], decision: Decision) -> Reply:
    """Name the labels above their thresholds, the likeliest first."""
    given = chosen(outputs[None], decision)[0]
    certain = np.where(given, outputs, 1 - outputs)
    order = sorted(np.flatnonzero(given).tolist(), key=lambda place: -float(outputs[place]))
    names = tuple(classes[place] for place in order)
    return Reply(join(names), names, float(certain.min()) if len(certain) else 1.0)


def right(labels: Sequence[str], answered: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Say for which items exactly the true labels were given."""
    found: npt.NDArray[np.bool_] = answered["predicted"].to_numpy(dtype=object) == np.asarray(labels, dtype=object)
    return found


def decide(outputs: Floats, targets: Targets) -> Decision:
    """Choose for each label the threshold of the highest F1 score on the validation items.

    Of thresholds that are as good, the one in the middle of the widest gap between probabilities is taken; 0.5 where a
    label has fewer than five positives or negatives (Lipton, Elkan, Naryanaswamy, "Optimal thresholding of classifiers
    to maximize F1 measure", 2014).
    """
    return Decision(
        thresholds=tuple(_threshold(outputs[:, label], targets[:, label] > 0) for label in range(outputs.shape[1]))
    )


def _threshold(shares: Floats, positive: npt.NDArray[np.bool_]) -> float:
    hits = int(positive.sum())
    if min(hits, len(positive) - hits) < FEWEST_TO_CHOOSE:
        return USUAL_THRESHOLD
    order = np.argsort(-shares, kind="stable")
    ranked, found = shares[order].astype(np.float64), np.cumsum(positive[order])
    f1 = 2 * found / (np.arange(1, len(order) + 1) + hits)
    below = np.append(ranked[1:], 0.0)
    f1[ranked == below] = -1  # no threshold lies between equal probabilities
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    place = int(best[np.argmax(ranked[best] - below[best])])
    return float((ranked[place] + below[place]) / 2)


def gradient(outputs: Floats) -> Floats:
    """Subtract the likelier answer to each question of yes or no from its probability."""
    less: Floats = np.asarray(outputs, np.float32) - chosen(outputs, Decision())
    return less
