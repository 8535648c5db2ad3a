"""The temperature: one number by which logits are divided so that "80 % sure" is right in about 80 % of cases.

C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks", ICML 2017. The likeliest class
never changes, only how likely it is called. It knows arrays. It does not know models, files or what is shown of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

# A normal prior of ln T: as much as one standard deviation is a factor of e. It decides only where items are few or
# all of them are answered right, when the likelihood alone would call the model infinitely sure.
PRIOR_DEVIATION = 1.0
LARGEST = 20.0
# What float32 rounds to 0 is at most this likely.
SMALLEST_PROBABILITY = 1e-38


def fit_temperature(logits: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.integer[Any]]) -> float:
    """Find the temperature under which the right answers are likeliest; 1 where there is no item.

    Minimises the sum of −ln softmax(logits / T)[label] plus (ln T)² / 2, by Brent's method over ln T.

    Args:
        logits: `(n, classes)`, of items that the model has not learnt from.
        labels: `(n,)`, positions in the classes.

    Returns:
        Between 1/20 and 20; above 1 where the model was too sure of itself, below 1 where it was too hesitant.
    """
    from scipy.optimize import minimize_scalar  # half a second, and most who import this fit nothing
    from scipy.special import log_softmax

    if not len(labels):
        return 1.0
    exact, rows = logits.astype(np.float64), np.arange(len(labels))

    def surprise(log: float) -> float:
        likelihood = log_softmax(exact / math.exp(log), axis=1)[rows, labels].sum()
        return float(-likelihood + 0.5 * (log / PRIOR_DEVIATION) ** 2)

    edge = math.log(LARGEST)
    return math.exp(float(minimize_scalar(surprise, bounds=(-edge, edge), method="bounded").x))


def tempered(probabilities: npt.NDArray[np.floating[Any]], temperature: float) -> npt.NDArray[np.float64]:
    """What probabilities `(n, classes)` become when their logits are divided by a temperature.

    `tempered(tempered(p, t), 1 / t)` is `p` again: so the answers of before can be had from those of after.
    """
    logs = log_probabilities(probabilities) / temperature
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return shares


def log_probabilities(probabilities: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Logarithms of probabilities: logits, but for a constant in each row that no softmax sees."""
    return np.log(np.maximum(probabilities.astype(np.float64), SMALLEST_PROBABILITY))
