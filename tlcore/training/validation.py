"""What a model is worth on the validation pictures, by every measure that may choose the best epoch.

It knows logits and labels. It does not know training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax
from sklearn.metrics import f1_score, recall_score

from tlcore.runs.config import TargetMetric


@dataclass(frozen=True)
class Validated:
    """Measures of one look at the validation pictures: `loss` in nats, the others 0 to 1."""

    loss: float
    accuracy: float
    balanced_accuracy: float
    macro_f1: float

    def score(self, target: TargetMetric) -> tuple[float, float]:
        """The higher, the better; among equals the lower loss decides."""
        return (0.0 if target == "loss" else float(getattr(self, target))), -self.loss


def measure(
    logits: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], weights: npt.NDArray[np.float32]
) -> Validated:
    """Measure logits `(n, classes)`; only the loss heeds how much each picture counts.

    Classes that no validation picture has are left out of the means over classes, as in scikit-learn's
    `balanced_accuracy_score`.
    """
    answers = logits.argmax(axis=1)
    surprise = -log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(labels)), labels]
    present = np.unique(labels)
    return Validated(
        loss=float(np.average(surprise, weights=weights)),
        accuracy=float((answers == labels).mean()),
        balanced_accuracy=float(recall_score(labels, answers, labels=present, average="macro", zero_division=0)),
        macro_f1=float(f1_score(labels, answers, labels=present, average="macro", zero_division=0)),
    )
