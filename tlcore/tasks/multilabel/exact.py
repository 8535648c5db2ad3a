"""One logistic regression for each label: the exact head of a multi-label model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tlcore.tasks.classification.logistic_head import STRENGTHS, solve
from tlcore.tasks.head import Exact, Integers
from tlcore.tasks.task import Floats, Targets


def solve_labels(
    features: Floats,
    targets: Targets,
    *,
    seed: int,
    weights: npt.NDArray[np.float32] | None = None,
    groups: Integers | None = None,
    strengths: tuple[float, ...] | None = None,
) -> Exact:
    """Solve for each label alone: two classes, of which the difference is the logit; arguments as of `head.Solve`."""
    found = [
        solve(
            features,
            targets[:, label].astype(np.int64),
            classes=2,
            seed=seed,
            weights=weights,
            groups=groups,
            strengths=STRENGTHS if strengths is None else (strengths[label],),
        )
        for label in range(targets.shape[1])
    ]
    return Exact(
        np.stack([each.kernel[:, 1] - each.kernel[:, 0] for each in found], axis=1),
        np.array([each.bias[1] - each.bias[0] for each in found], np.float32),
        tuple(each.strength for each in found),
    )
