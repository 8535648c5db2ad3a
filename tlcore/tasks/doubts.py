"""What a probe that has not seen an item says against its label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Doubt:
    """A label that is probably wrong.

    Attributes:
        row: Of the item.
        says: What the probe does instead, after "a probe that has not seen it": `gives 'cat' 3%`.
        strength: How certain it is that the label is wrong, 0 to 1.
        suggested: The label that is likelier; None where nothing can be suggested.
    """

    row: int
    says: str
    strength: float
    suggested: str | None = None


@dataclass(frozen=True)
class Doubts:
    """The labels that are probably wrong.

    Attributes:
        quality: How likely each given label is right, `(n,)`, 0 to 1; None where the task does not say.
        note: Why labels could not be judged, in a sentence; empty where they could.
    """

    found: Sequence[Doubt] = ()
    quality: npt.NDArray[np.float64] | None = None
    note: str = ""
