"""Ridge regression on features: the exact head of a regression."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GroupKFold

from tlcore.tasks.head import Exact, Integers
from tlcore.tasks.task import Floats, Targets

STRENGTHS = tuple(10.0 ** (half / 2) for half in range(-4, 11))
FOLDS = 5


def solve(
    features: Floats,
    targets: Targets,
    *,
    seed: int,
    weights: npt.NDArray[np.float32],
    groups: Integers | None = None,
    strengths: tuple[float, ...] | None = None,
) -> Exact:
    """Solve for the head; its strength is chosen by leave-one-out, or by folds where items belong together.

    Minimises Σ wᵢ (yᵢ − W x − b)² + α ‖W‖² with the features centred and divided by one common scale (Hastie,
    Tibshirani, Friedman, The Elements of Statistical Learning, 2nd ed., 3.4.1).

    Args:
        features: `(n, features)`, of any scale.
        targets: `(n, 1)`, standardised.
        seed: Not used: nothing is drawn.
        weights: `(n,)`, how much each item counts.
        groups: `(n,)`; items of one number are never on both sides of a fold.
        strengths: The α to take; None chooses.
    """
    middle = features.mean(axis=0, dtype=np.float64)
    scale = float(np.sqrt(features.var(axis=0, dtype=np.float64).mean())) or 1.0
    x = (features - middle) / scale
    if strengths:
        model = Ridge(alpha=strengths[0])
    else:
        folds = None
        if groups is not None and (number := min(FOLDS, len(np.unique(groups)))) > 1:
            folds = list(GroupKFold(number).split(x, groups=groups))
        model = RidgeCV(alphas=STRENGTHS, cv=folds)
    model.fit(x, targets[:, 0], sample_weight=weights)
    kernel = (model.coef_ / scale)[:, None]
    bias = np.atleast_1d(model.intercept_) - middle @ kernel
    strength = strengths[0] if strengths else float(model.alpha_)
    return Exact(kernel.astype(np.float32), bias.astype(np.float32), (strength,))
