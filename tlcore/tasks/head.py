"""What training needs of a task: layers and loss, an exact solution, and how raw outputs are brought to their unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tlcore.tasks.task import Floats, Targets, Validated

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Exact:
    """A head that was solved for: `features @ kernel + bias` are its raw outputs.

    Attributes:
        kernel: `(features, width)`, float32.
        bias: `(width,)`, float32.
        strengths: Of the regularisation, as it was chosen: one for all outputs, or one for each.
    """

    kernel: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    strengths: tuple[float, ...]


@dataclass(frozen=True)
class Scaling:
    """How raw outputs become the final ones, before the activation: `raw * gain + offset`.

    Attributes:
        gain, offset: `()` or `(width,)`.
        temperature: By which logits are divided, where it is one number for all.
    """

    gain: npt.NDArray[np.float32]
    offset: npt.NDArray[np.float32]
    temperature: float | None = None


class Solve(Protocol):
    """Solve for a head exactly."""

    def __call__(
        self,
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
        """Solve for a head.

        Args:
            features: `(n, features)`, of any scale.
            targets: One row for each of them.
            seed: Deals the folds that choose the strength.
            weights: `(n,)`, how much each item counts.
            groups: `(n,)`; items of one number are never on both sides of a fold.
            strengths: Those of an earlier solution, taken as they are; None chooses by cross-validation.
            coarse: Whether to choose from fewer of them, where many heads are solved for.
            on_axes: Whether the features stand on their principal axes (`logistic.turned`), where they are quicker to
                solve for; those of some rows of a larger table nearly do.
        """


@dataclass(frozen=True)
class Head:
    """The head of one run.

    Attributes:
        width: The number of outputs.
        layer: Makes the Keras layer from logits to outputs.
        loss: Makes the Keras loss of raw outputs `(n, width)` with `rows`.
        metrics: Makes the Keras metrics that are followed on the training batches.
        rows: Targets of a batch as the loss wants them, `(n, width)`, float32.
        weights: How much each item counts under a way of balancing, `(n,)`, float32, 1 on average.
        groups: A number for each item, equal for items of one kind: for sampling, and to keep some of every kind.
        kinds: A number for each item: folds have the same share of each.
        measure: The loss and the figures of raw outputs, targets and weights.
        errors: How wrong the answer about each item is, `(n,)`, from raw outputs and targets; to compare models by.
        solve: The exact solution.
        estimate: About how many seconds a coarse one takes, by a measurement.
        scale: The scaling that raw outputs of the validation items and their targets ask for.
        resume: A finished head of another run, kernel and bias, as training sees it.
    """

    width: int
    layer: Callable[[], Any]
    loss: Callable[[], Any]
    metrics: Callable[[], list[Any]]
    rows: Callable[[Targets], npt.NDArray[np.float32]]
    weights: Callable[[Targets, str], npt.NDArray[np.float32]]
    groups: Callable[[Targets], Integers]
    kinds: Callable[[Targets], Integers]
    measure: Callable[[Floats, Targets, Floats], Validated]
    errors: Callable[[Floats, Targets], npt.NDArray[np.float64]]
    solve: Solve
    scale: Callable[[Floats, Targets], Scaling]
    estimate: Callable[[Floats, Targets], float] = lambda features, targets: 0.0
    resume: Callable[[Floats, Floats], tuple[Floats, Floats]] = lambda kernel, bias: (kernel, bias)


def standardizing(solve: Solve) -> Solve:
    """Let an exact solution divide each feature by its standard deviation first.

    Features of one layer have one scale by nature, and to stretch those that hardly vary costs accuracy. Those of
    several layers have none in common.
    """

    def exact(features: Floats, targets: Targets, **options: Any) -> Exact:
        deviations = scales(features)
        found = solve(features / deviations, targets, **options)
        return replace(found, kernel=found.kernel / deviations[:, None])

    return exact


def scales(features: Floats) -> npt.NDArray[np.float32]:
    """Compute what each feature is divided by, `(d,)`: its standard deviation, or 1 where it never varies."""
    deviations: npt.NDArray[np.float32] = features.std(axis=0, dtype=np.float64).astype(np.float32)
    deviations[deviations < np.finfo(np.float16).tiny] = 1.0
    return deviations


def count_all_alike(targets: Targets, balancing: str) -> npt.NDArray[np.float32]:
    """Count every item once."""
    return np.ones(len(targets), np.float32)
