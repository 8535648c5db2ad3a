"""One logistic regression for each label: the exact head of a multi-label model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from tlcore.tasks.classification.logistic_head import FEW_STRENGTHS, STRENGTHS, estimate_seconds, solve
from tlcore.tasks.head import Exact, Integers
from tlcore.tasks.logistic import turned
from tlcore.tasks.task import Floats, Targets


def solve_labels(
    features: Floats,
    targets: Targets,
    *,
    seed: int,
    weights: npt.NDArray[np.float32] | None = None,
    groups: Integers | None = None,
    strengths: tuple[float, ...] | None = None,
    coarse: bool = False,
    on_axes: bool = False,
) -> Exact:
    """Solve for each label alone: two classes, of which the difference is the logit; arguments as of `head.Solve`."""
    choice = FEW_STRENGTHS if coarse else STRENGTHS
    with threadpool_limits(1, user_api="blas"):  # several threads change the sums
        x, axes = (features, None) if on_axes else turned(features.astype(np.float32))  # once, not for each label
    found = [
        solve(
            x,
            targets[:, label].astype(np.int64),
            classes=2,
            seed=seed,
            weights=weights,
            groups=groups,
            strengths=choice if strengths is None else (strengths[label],),
            on_axes=True,
        )
        for label in range(targets.shape[1])
    ]
    kernel = np.stack([each.kernel[:, 1] - each.kernel[:, 0] for each in found], axis=1)
    return Exact(
        kernel if axes is None else axes @ kernel,
        np.array([each.bias[1] - each.bias[0] for each in found], np.float32),
        tuple(each.strength for each in found),
    )


def seconds_of_labels(features: Floats, targets: Targets) -> float:
    """Measure one label, and say how long all of them take."""
    return float(targets.shape[1] * estimate_seconds(features, targets[:, 0].astype(np.int64)))
