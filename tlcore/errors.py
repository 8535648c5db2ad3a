"""Errors that a person can fix; each message is a sentence that says how.

    GraftError
    ├── WorkspaceError      a folder of ours that cannot be used
    ├── DataError           items, labels, archives, splits
    │   ├── ArchiveError    an archive that is refused whole
    │   ├── ImportQuestionError   an import that can be understood in several ways; carries the plan
    │   └── ItemError    one item that cannot be used
    ├── ConfigError         settings that do not fit; carries every fault with its field
    ├── WeightsError        pretrained weights that are missing, damaged or cannot be fetched
    ├── RunError            a run that cannot be found, started, stopped or read
    └── ExportError         an artefact that cannot be made or does not agree with the app

`str(error)` says what is needed, then what came, then what to do. Anything that is not a `GraftError` is a bug.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class GraftError(Exception):
    """The base of every fault that a person can mend."""


class WorkspaceError(GraftError):
    """A folder of Graft's cannot be read or written."""


class DataError(GraftError):
    """Items, labels or splits do not fit together."""


class ArchiveError(DataError):
    """An archive is refused whole: it is damaged, too large or hostile."""


class ImportQuestionError(DataError):
    """An import can be understood in several ways, or its classes look wrong; `plan`, an `ImportPlan`, says how."""

    def __init__(self, message: str, plan: Any) -> None:
        self.plan = plan
        super().__init__(message)


class ItemError(DataError):
    """One item cannot be used; the import report shows the message as the reason."""


@dataclass(frozen=True)
class Problem:
    """One fault in the settings, and the field that it is shown beside."""

    field: str
    message: str


class ConfigError(GraftError):
    """Settings that do not fit; `problems` has one entry for each fault."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.message for problem in self.problems))


class WeightsError(GraftError):
    """Pretrained weights are missing, damaged or cannot be fetched."""


class RunError(GraftError):
    """A run cannot be found, started, stopped or read."""


class ExportError(GraftError):
    """An artefact cannot be made, or does not agree with the app."""
