"""How good class predictions are on the validation items."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import log_softmax
from sklearn.metrics import f1_score, recall_score

from tlcore.tasks.evaluation import Measure
from tlcore.tasks.task import Floats, Targets, Validated


def measure(logits: Floats, targets: Targets, weights: Floats) -> Validated:
    """Measure logits `(n, classes)`; only the loss, in nats, heeds how much each item counts.

    Classes that no item has are left out of the means over classes, as in scikit-learn's `balanced_accuracy_score`.
    """
    answers = logits.argmax(axis=1)
    surprise = -log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(targets)), targets]
    present = np.unique(targets)

    def mean(score: Callable[..., float]) -> float:
        return float(score(targets, answers, labels=present, average="macro", zero_division=0))

    return Validated(
        float(np.average(surprise, weights=weights)),
        {
            "accuracy": float((answers == targets).mean()),
            "balanced_accuracy": mean(recall_score),
            "macro_f1": mean(f1_score),
        },
    )


def headline(outputs: Floats, targets: Targets) -> Measure:
    """Make accuracy a function of how often each item occurs."""
    right = (outputs.argmax(axis=1) == targets).astype(np.float64)
    return lambda counts: counts @ right / counts.sum(axis=1), 0.0, 1.0


def of_classes(outputs: Floats, targets: Targets) -> list[Measure]:
    """Make the recall of each class a function of how often each item occurs; NaN where none of it does."""
    right = (outputs.argmax(axis=1) == targets).astype(np.float64)

    def recall(own: Floats) -> Measure:
        return lambda counts: _ratio(counts @ (right * own), counts @ own), 0.0, 1.0

    return [recall((targets == place).astype(np.float64)) for place in range(outputs.shape[1])]


def _ratio(above: Floats, below: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        found: Floats = above / below
    return found
