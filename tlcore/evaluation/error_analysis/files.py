"""What is understood of a run beyond its numbers: where it fails, where it looks, what it does not stand.

It knows the names of the files in `<run>/understanding/` and how to read them. It does not know how they are made: a
worker writes them, each as soon as it is done, and `understanding.json` last.

    slices.json          kinds of test items, and which the model is worse on
    traits.parquet       sha256, and a text for each trait that slices are made by
    map.parquet          sha256, split, label, x, y (t-SNE), pca_x, pca_y
    map.jpg              the items of map.parquet, small, side by side
    attention.json       where the model looks for each class, and whether the maps can be trusted
    heats.parquet        sha256, file, label, predicted, confidence: the items that have a stored heat map
    heats.npy            (n, height, width) float16: Grad-CAM of the answer, in the order of heats.parquet
    robustness.json      the headline metric under corruptions
    understanding.json   how long it took, and what could not be looked at
    events.jsonl  progress.json  worker.log  lock  stop
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from tlcore.errors import RunError, WorkspaceError
from tlcore.evaluation.robustness import Robustness
from tlcore.evaluation.slices import Slices
from tlcore.files import read_json, read_parquet
from tlcore.jobs.events import Ended, Event, now
from tlcore.jobs.job import Job
from tlcore.jobs.state import JobState
from tlcore.modalities.analysis import Attention
from tlcore.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd

Schema = TypeVar("Schema", bound=BaseModel)


class Outcome(BaseModel):
    """`understanding.json`: written last. Before there was a log of events, it alone said how the worker ended."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    at: datetime = Field(default_factory=now)
    state: Literal["finished", "stopped", "failed"] = "finished"
    error: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Heats:
    """Stored heat maps: `rows` has `sha256, file, label, predicted, confidence`, `maps` `(n, height, width)`."""

    rows: pd.DataFrame
    maps: npt.NDArray[np.float16]


@dataclass(frozen=True)
class Understanding(Job[Event, JobState]):
    """A handle: nothing is read before it is asked for, and nothing is kept. Results stay until there are new ones."""

    fault = RunError
    again = "Begin again."

    run: Run

    @property
    def path(self) -> Path:
        return self.run.path / "understanding"

    @property
    def title(self) -> str:
        return f"the error analysis of {self.run.name}"

    @property
    def command(self) -> tuple[str, ...]:
        return ("understand-work", str(self.run.path.absolute()))

    @property
    def outcome_file(self) -> Path:
        return self.path / "understanding.json"

    def prepare(self) -> None:
        """Make the folder of a run that has been judged.

        Raises:
            RunError: It has not been.
        """
        if not self.run.predictions.exists():
            raise RunError(
                f"A run that has been evaluated on its test set is needed. {self.run.name} has not been. "
                "Evaluate it first."
            )
        self.path.mkdir(exist_ok=True)

    def events(self) -> tuple[Event, ...]:
        """What happened, oldest first; of an analysis made before there was a log, how it ended."""
        events, outcome = super().events(), self.outcome()
        if events or outcome is None:
            return events
        return (Ended(at=outcome.at, state=outcome.state, error=outcome.error),)

    def outcome(self) -> Outcome | None:
        """What the last worker that came to its end says of itself; None where none has."""
        return self._json("understanding.json", Outcome)

    # === The results: None where they have not been computed yet ===

    def slices(self) -> Slices | None:
        return self._json("slices.json", Slices)

    def traits(self) -> pd.DataFrame | None:
        """`sha256` and a text for each trait, a row for each test item."""
        return self._table("traits.parquet")

    def map(self) -> pd.DataFrame | None:
        """`sha256, split, label, x, y, pca_x, pca_y`."""
        return self._table("map.parquet")

    def atlas(self) -> bytes | None:
        """Read small copies of the items of the map, as one picture; None where the modality has none."""
        try:
            return (self.path / "map.jpg").read_bytes()
        except OSError:
            return None

    def attention(self) -> Attention | None:
        return self._json("attention.json", Attention)

    def heats(self) -> Heats | None:
        """The gallery of heat maps: at most 40 test items of each class."""
        rows = self._table("heats.parquet")
        try:
            maps: npt.NDArray[Any] = np.load(self.path / "heats.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):
            return None
        return None if rows is None or len(rows) != len(maps) else Heats(rows, maps)

    def robustness(self) -> Robustness | None:
        return self._json("robustness.json", Robustness)

    def _json(self, name: str, schema: type[Schema]) -> Schema | None:
        try:
            return read_json(self.path / name, schema)
        except WorkspaceError:
            return None

    def _table(self, name: str) -> pd.DataFrame | None:
        try:
            return read_parquet(self.path / name)
        except (OSError, ValueError):
            return None
