"""Arrays by name, and their description: what an item becomes, and what a model takes in and gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator

Arrays: TypeAlias = Mapping[str, npt.NDArray[Any]]


def _from_range(content: Any) -> Any:
    """Understand what files of before had as `value_range`: its two ends, or nothing."""
    return content if isinstance(content, Mapping) else {"value_range": content} if content else {}


# The input settings that all items of a dataset decide together, by name; empty where each item is read by itself.
Reading: TypeAlias = Annotated[dict[str, float | tuple[float, ...]], BeforeValidator(_from_range)]


@dataclass(frozen=True)
class Field:
    """One named array.

    Attributes:
        shape: Of one item, without the number of items; −1 stands for any length.
    """

    name: str
    shape: tuple[int, ...]
    dtype: Literal["float32", "uint8", "int32", "bool"] = "float32"


Spec: TypeAlias = tuple[Field, ...]


def bytes_of(spec: Spec) -> int:
    """Count the bytes of one item's arrays; an array of any length counts none."""
    return sum(np.dtype(each.dtype).itemsize * max(0, math.prod(each.shape)) for each in spec)


def count(arrays: Arrays) -> int:
    """Count the items of arrays, `(n, …)` each."""
    return len(next(iter(arrays.values())))


def stacked(items: Sequence[Arrays]) -> dict[str, npt.NDArray[Any]]:
    """Put the arrays of single items together, `(n, …)` each."""
    return {name: np.stack([item[name] for item in items]) for name in items[0]}


def take(arrays: Arrays, rows: Any) -> dict[str, npt.NDArray[Any]]:
    """Take some rows of arrays."""
    return {name: array[rows] for name, array in arrays.items()}


def join(parts: Sequence[Arrays]) -> dict[str, npt.NDArray[Any]]:
    """Put arrays of several parts one after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
