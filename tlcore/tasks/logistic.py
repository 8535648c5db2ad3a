"""Regularised multinomial logistic regression, solved by L-BFGS: for the exact head and for the linear probe.

It knows arrays on their principal axes, with a last column of ones. It does not know what they stand for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax

Integers = npt.NDArray[np.integer[Any]]
MOST_STEPS = 1000
# Curvature of the softmax at most, in each of its inputs.
CURVATURE = 0.25


def turned(x: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Turn rows `(n, d)` onto their principal axes, `(n, min(n, d))`; and the axes, `(d, min(n, d))`.

    A turn changes neither the loss nor the length of the weights, and a solution has no part outside the span of the
    rows.
    """
    if len(x) < x.shape[1]:
        basis, rows = np.linalg.qr(x.T)
        _, axes = np.linalg.eigh(rows @ rows.T)
        axes = basis @ axes
    else:
        _, axes = np.linalg.eigh(x.T @ x)
    return x @ axes, axes


class LogisticProblem:
    """What is to be minimised; it starts where its last solution was.

    The axes have very different variances, and gradients follow a long narrow valley slowly. So each is measured in
    units of its largest curvature (Böhning, 1992: that of the softmax is at most ¼ of the axis' mean square).
    """

    def __init__(
        self, x: npt.NDArray[np.float32], labels: Integers, weights: npt.NDArray[np.float32], classes: int
    ) -> None:
        self.x, self.labels, self.total = x, labels, float(weights.sum())
        self.weights = (weights / self.total).astype(np.float32)
        self.squares = self.weights @ (x * x)
        self.now = np.zeros((x.shape[1], classes))
        self.steps = 0

    def solution(self, strength: float, tolerance: float, *, most: int = MOST_STEPS) -> npt.NDArray[np.float64]:
        """Kernel and, in the last row, bias at this strength, after at most so many steps."""
        pull = np.full(len(self.squares), 1 / (strength * self.total))
        pull[-1] = 0.0  # the bias is free
        unit = 1 / np.sqrt(CURVATURE * self.squares + pull + np.finfo(np.float32).tiny)
        rows = np.arange(len(self.x))

        def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
            w = flat.reshape(self.now.shape) * unit[:, None]
            logs = log_softmax(self.x @ w.astype(np.float32), axis=1)
            value = -float(self.weights @ logs[rows, self.labels]) + 0.5 * float((pull[:, None] * w * w).sum())
            slope = np.exp(logs)
            slope[rows, self.labels] -= 1
            slope *= self.weights[:, None]
            gradient = self.x.T @ slope + pull[:, None] * w
            return value, (gradient * unit[:, None]).ravel()

        options = {"maxiter": most, "gtol": tolerance, "ftol": 0.0, "maxcor": 20}
        found = minimize(loss, (self.now / unit[:, None]).ravel(), method="L-BFGS-B", jac=True, options=options)
        self.steps = int(found.nfev)
        self.now = found.x.reshape(self.now.shape) * unit[:, None]
        return self.now
