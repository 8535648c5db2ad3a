"""The range of a setting, and a sentence for a value outside of it.

It knows the `Field`s of settings, each with a title, a description and, of a number, a `Range`. It does not know which
settings there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class Range:
    """The numbers that a setting may be.

    What lies outside is told by `problems` instead of raised here, so that a form can show every fault at once.

    Attributes:
        above, below: Whether the lowest, and the highest, number itself is outside.
    """

    low: float
    high: float
    above: bool = False
    below: bool = False

    def __contains__(self, value: float) -> bool:
        lowest = self.low < value if self.above else self.low <= value
        return lowest and (value < self.high if self.below else value <= self.high)  # NaN is outside

    def __str__(self) -> str:
        if isinstance(self.low, int):
            return f"{self.low:,} to {self.high:,}" if self.high > self.low else f"{self.low:,}"
        low, high = ("above" if self.above else "at least"), ("below" if self.below else "at most")
        return f"{low} {self.low:g} and {high} {self.high:g}"


SHARE = Range(0.0, 1.0)
BELOW_ONE = Range(0.0, 1.0, below=True)
RATE = Range(0.0, 1.0, above=True)


def range_of(about: FieldInfo) -> Range | None:
    """Find the range of a setting; None where it is no number, or depends on others."""
    return next((each for each in about.metadata if isinstance(each, Range)), None)


def out_of_range(about: FieldInfo, value: Any) -> str:
    """Say that a setting is not in its range; empty where it is, or has none."""
    bounds = range_of(about)
    if bounds is None or value is None or value in bounds:
        return ""
    good = (about.examples or [about.default])[0]
    advice = "" if good is None else f" Try {good:g}."
    received = f"{value:,}" if isinstance(value, int) else f"{value:g}"
    return f"{about.title} must be {bounds}. Received {received}.{advice}"


def chosen(of: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """List the settings of a model that a person chooses: those with a title."""
    return ((name, about) for name, about in of.model_fields.items() if about.title)
