"""Arrays by name, and their description: what an item becomes, and what a model takes in and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy.typing as npt

Arrays: TypeAlias = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Field:
    """One named array.

    Attributes:
        shape: Of one item, without the number of items; −1 stands for any length.
    """

    name: str
    shape: tuple[int, ...]
    dtype: Literal["float32", "uint8", "bool"] = "float32"


Spec: TypeAlias = tuple[Field, ...]
