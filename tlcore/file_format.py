"""Describes an export format: its words, its requirements and the bar of its precision.

It knows words and names of packages. It does not know which formats there are, nor how a file is made.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import Literal

SYSTEMS = {"Darwin": "Mac"}
Precision = Literal["fp32", "fp16", "int8"]


@dataclass(frozen=True)
class Bar:
    """The tolerance within which a file is offered without a warning.

    Attributes:
        same_answers: The least share of test items with the app's answer, as the task compares them.
        largest_difference: Of any probability, or of a value as a share of their spread, at most.
        lost_accuracy: By so much the headline metric may be worse than the app's, an error in units of the values'
            spread; None where it is not asked for.
    """

    same_answers: float = 0.0
    largest_difference: float = 1.0
    lost_accuracy: float | None = None


BARS: Mapping[Precision, Bar] = MappingProxyType(
    {"fp32": Bar(0.999, 1e-3), "fp16": Bar(0.995), "int8": Bar(lost_accuracy=0.02)}
)
# Values are hardly ever the same in fewer bits: what counts is how far off they are, as a share of their spread.
BARS_OF_VALUES: Mapping[Precision, Bar] = MappingProxyType({**BARS, "fp16": Bar(largest_difference=0.01)})


def bar_of(precision: Precision, *, values: bool = False) -> Bar:
    """Give the bar of a precision, for a model that predicts values or one that gives probabilities."""
    return (BARS_OF_VALUES if values else BARS)[precision]


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        key: Names its folder and is what the command line calls it.
        title, description: For a person to choose by.
        file: The name of the artefact.
        precision: In which its numbers are; the bar hangs on it.
        needs: Packages without which it cannot be made here.
        system: The one on which alone it can be asked, as `platform.system()` names it; empty for any.
        with_run: Made by every run at its end; the others when they are asked for.
        modality: The key of the one whose items alone it is for; empty for any.
        use: How it is put to use, as Markdown with `{file}` and `{gives}`; empty where the Export page knows it.
    """

    key: str
    title: str
    description: str
    file: str
    precision: Precision = "fp32"
    needs: tuple[str, ...] = ()
    system: str = ""
    with_run: bool = False
    modality: str = ""
    use: str = ""

    def fits(self, modality: str) -> bool:
        """Tell whether the items of a modality can have it."""
        return self.modality in {"", modality}

    @property
    def bar(self) -> Bar:
        return BARS[self.precision]

    @property
    def missing(self) -> str:
        """Why it cannot be made here; empty where it can."""
        if self.system and platform.system() != self.system:
            return (
                f"{self.title} needs a {SYSTEMS[self.system]}: nothing else can run it, so it could not be proven here."
            )
        absent = [name for name in self.needs if find_spec(name) is None]
        if not absent:
            return ""
        return (
            f"{self.title} needs {' and '.join(absent)}, not installed here. Install it with "
            f"pip install {' '.join(absent)}, and start Graft again."
        )
