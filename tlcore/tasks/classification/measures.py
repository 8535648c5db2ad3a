"""How good class predictions are on the validation items."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax
from sklearn.metrics import f1_score, recall_score

from tlcore.tasks.classification.class_codes import likeliest
from tlcore.tasks.evaluation import Measure, Measures
from tlcore.tasks.task import Floats, Targets, Validated

Numbers = npt.NDArray[np.float64]


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


def confusion_counts(true: Targets, answered: Targets, classes: int) -> npt.NDArray[np.int64]:
    """Count the items of each true class, a row, by their answer, a column."""
    counts: npt.NDArray[np.int64] = np.bincount(true * classes + answered, minlength=classes**2)
    return counts.reshape(classes, classes)


def measures(outputs: Floats, targets: Targets) -> Measures:
    """Make each metric a function of how often each item occurs, `(b, n)`, with its least and largest value.

    Args:
        outputs: Probabilities `(n, classes)`.
        targets: Positions in the classes, `(n,)`.
    """
    answered, each = likeliest(outputs), np.eye(outputs.shape[1])
    right = (answered == targets).astype(np.float64)

    def by_class(counts: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        support, said = counts @ each[targets], counts @ each[answered]
        return (counts * right) @ each[targets], support, said

    def balanced(counts: Numbers) -> Numbers:
        hits, support, _ = by_class(counts)
        return _mean(hits, support)

    def macro_f1(counts: Numbers) -> Numbers:
        hits, support, said = by_class(counts)
        return _mean(2 * hits, support + said)

    return {
        "accuracy": (lambda counts: counts @ right / counts.sum(axis=1), 0.0, 1.0),
        "balanced_accuracy": (balanced, 0.0, 1.0),
        "macro_f1": (macro_f1, 0.0, 1.0),
    }


def right(outputs: Floats, targets: Targets) -> npt.NDArray[np.bool_]:
    """Say for which items the likeliest class is the true one, `(n,)`."""
    found: npt.NDArray[np.bool_] = likeliest(outputs) == targets
    return found


def headline(outputs: Floats, targets: Targets) -> Measure:
    """Make accuracy a function of how often each item occurs."""
    return measures(outputs, targets)["accuracy"]


def of_classes(outputs: Floats, targets: Targets) -> list[Measure]:
    """Make the recall of each class a function of how often each item occurs; NaN where none of it does."""
    hits = right(outputs, targets).astype(np.float64)

    def recall(own: Numbers) -> Measure:
        return lambda counts: _ratio(counts @ (hits * own), counts @ own), 0.0, 1.0

    return [recall((targets == place).astype(np.float64)) for place in range(outputs.shape[1])]


def _ratio(above: Numbers, below: Numbers) -> Numbers:
    with np.errstate(invalid="ignore"):
        found: Numbers = above / below
    return found


def _mean(above: Numbers, below: Numbers) -> Numbers:
    """Average shares `(b, classes)` over the classes that have a denominator."""
    known = below > 0
    shares = np.divide(above, below, out=np.zeros_like(above), where=known)
    means: Numbers = shares.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return means
