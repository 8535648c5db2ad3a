"""The head of a regression: standardised values under a robust loss, or ridge regression solved exactly."""

from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt
from scipy.special import huber

from tlcore.tasks.head import Exact, Head, Integers, Scaling, count_all_alike
from tlcore.tasks.regression.measures import figures
from tlcore.tasks.regression.ridge import solve
from tlcore.tasks.task import Floats, Targets, Validated

# Of standard deviations: where the Huber loss turns from a square into a line.
TURN = 1.0
LOSSES = {
    "huber": lambda: keras.losses.Huber(delta=TURN),
    "squared": keras.losses.MeanSquaredError,
    "absolute": keras.losses.MeanAbsoluteError,
}


def build(classes: int, targets: Targets, *, label_smoothing: float = 0.0, loss: str = "huber") -> Head:
    """Make the head of a run: raw outputs are values less their mean, in standard deviations of the training values."""
    mean, deviation = float(targets.mean()), float(targets.std()) or 1.0

    def rows(some: Targets) -> npt.NDArray[np.float32]:
        return ((some - mean) / deviation).astype(np.float32)

    def measure(raw: Floats, some: Targets, weights: Floats) -> Validated:
        exact = raw[:, 0].astype(np.float64)
        return Validated(
            float(np.average(_losses(exact - rows(some)[:, 0], loss), weights=weights)),
            figures(exact * deviation + mean, some[:, 0]),
        )

    def exact(
        features: Floats,
        targets: Targets,
        *,
        seed: int,
        weights: npt.NDArray[np.float32],
        groups: Integers | None = None,
        strengths: tuple[float, ...] | None = None,
        coarse: bool = False,
        on_axes: bool = False,
    ) -> Exact:
        return solve(features, rows(targets), seed=seed, weights=weights, groups=groups, strengths=strengths)

    def resume(kernel: Floats, bias: Floats) -> tuple[Floats, Floats]:
        return kernel / np.float32(deviation), ((bias - mean) / deviation).astype(np.float32)

    return Head(
        width=1,
        layer=lambda: keras.layers.Identity(name="values"),
        loss=LOSSES[loss],
        metrics=list,
        rows=rows,
        weights=count_all_alike,
        groups=_all_alike,
        kinds=_all_alike,
        measure=measure,
        errors=lambda raw, some: np.abs(raw[:, 0].astype(np.float64) - rows(some)[:, 0]),
        solve=exact,
        scale=lambda raw, some: Scaling(np.array(deviation, np.float32), np.array(mean, np.float32)),
        resume=resume,
    )


def _all_alike(targets: Targets) -> Integers:
    """Number all items alike: a value is no kind."""
    return np.zeros(len(targets), np.int64)


def _losses(errors: Floats, loss: str) -> Floats:
    """Compute the loss of each standardised error, as Keras does."""
    if loss == "squared":
        return errors**2
    found: Floats = huber(TURN, np.abs(errors)) if loss == "huber" else np.abs(errors)
    return found
