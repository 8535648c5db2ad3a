"""What a modality gives to the error analysis of a model, beside what is done with items of any kind.

It knows arrays of items, and the words of what is shown. It does not know models, answers or runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import pandas as pd

    from tlcore.modalities.modality import Modality

Array = npt.NDArray[Any]
ALIKE = 0.7  # rank correlation from which on two heat maps say the same


@dataclass(frozen=True)
class Corruption:
    """A way in which an item may be worse than those that a model learned from.

    Attributes:
        key, title: For programs and for people.
        unit: What the strengths are in.
        strengths: Five, the mildest first.
        corrupt: Makes an array of one, a strength and a seed.
    """

    key: str
    title: str
    unit: str
    strengths: tuple[float, ...]
    corrupt: Callable[[Array, float, int], Array]


@dataclass(frozen=True)
class Measurement:
    """A number of each item, by which slices are formed.

    Attributes:
        name: What it is called in the table of traits.
        numbers: `(n,)`.
        bands: What items of the least, the middle and the greatest third are called: "… that are {band}". A name may
            hold `{low}` and `{high}`, the least and the greatest number in its band.
    """

    name: str
    numbers: Array
    bands: tuple[str, str, str]


class Trust(BaseModel):
    """How a heat map changes when the weights that it is of are shuffled: rank correlation with the true one, -1 to 1.

    Attributes:
        head: With the head's weights shuffled.
        everything: With the weights of every layer shuffled.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    head: float
    everything: float

    @property
    def changes(self) -> bool:
        """Tell whether the map depends on what was learned."""
        return max(self.head, self.everything) < ALIKE

    @property
    def says(self) -> str:
        """Say whether the maps can be trusted."""
        numbers = f"{self.head:.2f} with the head's weights shuffled, {self.everything:.2f} with those of every layer"
        if self.changes:
            return f"Shuffled weights give other maps (rank correlation {numbers}): the maps show what was learned."
        return (
            f"Shuffled weights give nearly the same maps (rank correlation {numbers}): they may show the item's own "
            "edges rather than what was learned. Trust the maps by occlusion more."
        )


class ClassAttention(BaseModel):
    """Where a model looks in the items of one class.

    Attributes:
        n: Items whose maps were looked at: test items of the class that were answered with it.
        border: Mean share of the heat in the outer eighth on each side; an even map has 0.44 there.
        elsewhere_border: The same over the other classes.
        usual: Mean share of the heat in the place that is usual for the other classes: the cells that hold the warmer
            half of their heat. `elsewhere_usual` is the mean of what that is for each map of another class.
        warning: A sentence where the heat lies at the border, or away from where it lies for others; empty else.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: str
    n: int
    border: float
    elsewhere_border: float
    usual: float
    elsewhere_usual: float
    warning: str = ""


class Attention(BaseModel):
    """`understanding/attention.json`.

    Attributes:
        classes: Those with enough items, in the order of the run.
        trust: How the maps change when weights are shuffled, medians over a few items; None without items.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    classes: tuple[ClassAttention, ...]
    trust: Trust | None = None


@dataclass(frozen=True)
class Analysis:
    """What a modality has for the error analysis; each may be missing, and is then not shown.

    Attributes:
        corruptions: By which robustness is measured.
        measure: Numbers of the items, from their rows in the table of items and their arrays.
        mosaic: Writes small copies of so many items side by side into a file; it gives the place of each that is done.
        resized: An array for a model of another input size.
        saliency: The module whose `SaliencyMaps` collects heat maps of a classifier's answers while it looks at each
            test item, imported only for that; empty where there are none.
        explain: The module whose `explain_items` draws heat maps of any files, likewise.
    """

    corruptions: tuple[Corruption, ...] = ()
    measure: Callable[[pd.DataFrame, Iterable[Array]], Sequence[Measurement]] | None = None
    mosaic: Callable[[Path, int, Iterable[Array]], Iterator[int]] | None = None
    resized: Callable[[Array, int], Array] | None = None
    saliency: str = ""
    explain: str = ""


def find_analysis(modality: Modality) -> Analysis:
    """Find what a modality has; imported only where items are analyzed."""
    found: Analysis = import_module(modality.analysis).ANALYSIS if modality.analysis else Analysis()
    return found


def mosaic_across(count: int) -> int:
    """Count the tiles that stand side by side: about as many in a row as there are rows."""
    return max(1, math.ceil(math.sqrt(count)))
