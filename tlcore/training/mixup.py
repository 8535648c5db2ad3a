"""Mixes two items into one: MixUp and CutMix, on batches of inputs or of features between two blocks.

It knows arrays and chance. It does not know items' files or models.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.items import Arrays

Batch = tuple[Arrays, npt.NDArray[np.float32], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Mixing:
    """Mixes every batch with itself in another order; with both switched on, one or the other by chance.

    Attributes:
        mixup: Alpha of the beta distribution of the shares; 0 is off. Zhang et al., "mixup: Beyond Empirical Risk
            Minimization", 2018. On features it is their manifold mixup (Verma et al., 2019).
        cutmix: The same for the share of a pasted piece; only inputs `(n, …, channels)` with places have one. Yun et
            al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features", 2019.
    """

    mixup: float
    cutmix: float

    def __call__(
        self,
        inputs: Arrays,
        answers: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32],
        chance: np.random.Generator,
    ) -> Batch:
        """Mix inputs, `(n, …)` each, answers `(n, classes)` and weights `(n,)`."""
        pasting = self.cutmix > 0 and all(array.ndim > 2 for array in inputs.values())
        if self.mixup and pasting:
            pasting = chance.random() < 0.5
        alpha = self.cutmix if pasting else self.mixup
        if not alpha:
            return inputs, answers, weights
        other = chance.permutation(len(weights))
        share = float(chance.beta(alpha, alpha))
        if pasting:
            (name, array), *_ = inputs.items()
            pasted, share = _paste(array, array[other], share, chance)
            inputs = {name: pasted}
        else:
            inputs = {
                name: (share * array + (1 - share) * array[other]).astype(array.dtype) for name, array in inputs.items()
            }
        # A mixture counts as its parts do.
        own, others = share * weights, (1 - share) * weights[other]
        mixed = own + others
        both = (own[:, None] * answers + others[:, None] * answers[other]) / mixed[:, None]
        return inputs, both.astype(np.float32), mixed.astype(np.float32)


def _paste(
    inputs: npt.NDArray[Any], others: npt.NDArray[Any], share: float, chance: np.random.Generator
) -> tuple[npt.NDArray[Any], float]:
    """Paste a piece of about `1 - share` of the places; gives what is left of the own item, exactly."""
    places = inputs.shape[1:-1]
    side = (1 - share) ** (1 / len(places))
    lengths = [round(length * side) for length in places]
    starts = [int(chance.integers(whole - part + 1)) for whole, part in zip(places, lengths, strict=True)]
    piece = (slice(None), *(slice(start, start + part) for start, part in zip(starts, lengths, strict=True)))
    pasted = inputs.copy()
    pasted[piece] = others[piece]
    return pasted, 1 - math.prod(lengths) / math.prod(places)
