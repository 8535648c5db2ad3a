"""The check of a dataset: a folder and verbs.

It knows the names of the files in `datasets/<id>/health/` and how to read them. It does not know how they are made: the
worker writes them, and `check.json`, which says what they are about, last.

    check.json           of which version and labels of the dataset, when, how long
    findings.parquet     what was found, in order of what mending it would be worth
    clusters.parquet     sha256, cluster: near-duplicates; items that have none are not in it
    pictures.parquet  one row for each item: what was measured of it
    features.npy         (n, d) float16, in the order of pictures.parquet
    compact.npy          (n, c) float32: the same in fewer numbers and of length 1, for similarity
    probabilities.npy    (n, classes) float32, out of fold: what the probe says that has not seen the item
    curve.json           would more items help?
    events.jsonl  progress.json  worker.log  lock  stop
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from tlcore.data.dataset import Dataset
from tlcore.errors import DataError, WorkspaceError
from tlcore.files import read_json, read_parquet
from tlcore.health.curve import LearningCurve
from tlcore.health.events import EVENTS, CheckEnded, Event
from tlcore.health.findings import read_findings, titles, to_csv
from tlcore.items import Reading
from tlcore.jobs.events import now
from tlcore.jobs.job import Job
from tlcore.jobs.state import JobState
from tlcore.modalities import find_modality
from tlcore.modalities.checks import Finding
from tlcore.tasks import Task, find_task
from tlcore.tasks.evaluation import Figure


class CheckInfo(BaseModel):
    """`check.json`.

    Attributes:
        version, fingerprint, classes, task: Of the dataset when it was checked; files of before say no task.
        reading: How each item was read, as far as all of them decided it.
        items: How many were looked at; `left_out` were not taken in at all, and stand in the triage table.
        seconds: From the worker's start to its end.
        score: The headline metric of the task for the probe's out-of-fold predictions; None where there is no probe.
        notes: Sentences about what could not be looked at, and why.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    version: int
    fingerprint: str
    classes: tuple[str, ...]
    task: str = ""
    reading: Reading = Field(default_factory=dict, validation_alias=AliasChoices("reading", "value_range"))
    items: int = Field(validation_alias=AliasChoices("items", "pictures"))
    left_out: int = 0
    seconds: float
    score: Figure | None = None
    notes: tuple[str, ...] = ()
    at: datetime = Field(default_factory=now)

    @model_validator(mode="before")
    @classmethod
    def _of_before(cls, given: Any) -> Any:
        """Read files of before, which keep an accuracy without an interval."""
        if isinstance(given, dict) and isinstance(value := given.get("accuracy"), float) and "score" not in given:
            return {**given, "score": {"value": value, "low": value, "high": value}}
        return given


@dataclass(frozen=True)
class Features:
    """Features of the bundled backbone: `rows` is `(n, d)`, on disk, in the order of `shas`; float16 unless said."""

    shas: tuple[str, ...]
    rows: npt.NDArray[np.float16] | npt.NDArray[np.float32]


@dataclass(frozen=True)
class Check(Job[Event, JobState]):
    """A handle: nothing is read before it is asked for, and nothing is kept."""

    fault = DataError
    events_of = EVENTS
    ended = CheckEnded
    again = "Check again: what was computed is kept."

    dataset: Dataset

    @property
    def path(self) -> Path:
        return self.dataset.path / "health"

    @property
    def title(self) -> str:
        return f"the check of {self.dataset.info.name}"

    @property
    def command(self) -> tuple[str, ...]:
        return ("check-work", str(self.dataset.path.absolute()))

    def prepare(self) -> None:
        """Make the folder of a dataset that was never checked."""
        self.path.mkdir(exist_ok=True)

    def info(self) -> CheckInfo | None:
        """What the results are about; None where the dataset has not been checked to the end yet."""
        try:
            return read_json(self.path / "check.json", CheckInfo)
        except WorkspaceError:
            return None

    def task(self) -> Task:
        """The task of the dataset when it was checked; that of today where nothing says it."""
        info = self.info()
        return find_task((info.task if info else "") or self.dataset.info.task)

    def stale(self) -> bool:
        """Whether items, labels, their task or how items are read have changed since the results were made."""
        info, now = self.info(), self.dataset.info
        if info is None:
            return False
        other_task = info.task not in ("", now.task)
        return other_task or (info.fingerprint, info.reading) != (now.fingerprint, now.reading)

    def findings(self) -> list[Finding]:
        """What was found, that first which is worth most to mend; empty where nothing was checked.

        Raises:
            WorkspaceError: The table is damaged.
        """
        if self.info() is None:
            return []
        modality = find_modality(self.dataset.info.modality)
        return read_findings(self.path / "findings.parquet", titles(modality, self.task()))

    def csv(self) -> str:
        """The findings as CSV, each item by the name it came with."""
        items = self.dataset.items()
        noun = find_modality(self.dataset.info.modality).noun
        return to_csv(self.findings(), dict(zip(items["sha256"], items["source"], strict=True)), noun)

    def clusters(self) -> pd.DataFrame:
        """Near-duplicates: `sha256, cluster`, for items of clusters of two and more."""
        return self._table("clusters.parquet", ("sha256", "cluster"))

    def items(self) -> pd.DataFrame:
        """What was measured of each item, by `sha256`; rows stand as in `features` and `probabilities`."""
        return self._table("pictures.parquet", ("sha256",))

    def features(self) -> Features | None:
        """The features of every item; None where there are none yet."""
        rows = self._array("features.npy")
        return None if rows is None else Features(tuple(self.items()["sha256"]), rows)

    def compact(self) -> Features | None:
        """The same in fewer numbers, float32, of length 1: their products say how alike items are."""
        rows = self._array("compact.npy")
        return None if rows is None else Features(tuple(self.items()["sha256"]), rows)

    def probabilities(self) -> pd.DataFrame | None:
        """What a probe says that has not seen the item: a row for each SHA-256, a column for each class."""
        rows, info = self._array("probabilities.npy"), self.info()
        if rows is None or info is None:
            return None
        return pd.DataFrame(rows, index=pd.Index(self.items()["sha256"]), columns=list(info.classes))

    def similar(self, sha: str, k: int = 24) -> list[str]:
        """The items most like one, the likest first, itself left out; empty where it was not checked.

        Raises:
            DataError: `k` is not positive.
        """
        if k < 1:
            raise DataError(f"How many items to look for must be 1 or more. Received {k}.")
        rows = self._array("compact.npy")
        shas = self.items()["sha256"].to_numpy(dtype=object) if rows is not None else np.empty(0, object)
        here = np.flatnonzero(shas == sha)
        if rows is None or not len(here):
            return []
        likeness = np.asarray(rows) @ np.asarray(rows[here[0]])
        likeness[here] = -np.inf
        k = min(k, len(shas) - 1)
        best = np.argpartition(-likeness, k - 1)[:k] if k else np.empty(0, np.int64)
        return [str(shas[row]) for row in best[np.argsort(-likeness[best], kind="stable")]]

    def curve(self) -> LearningCurve | None:
        """Whether more items would help; None where there are too few to say."""
        try:
            return read_json(self.path / "curve.json", LearningCurve)
        except WorkspaceError:
            return None

    def _table(self, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
        try:
            return read_parquet(self.path / name)
        except FileNotFoundError:
            return pd.DataFrame({column: pd.Series(dtype=str) for column in columns})
        except (OSError, ValueError) as error:
            raise WorkspaceError(
                f"The table {name} of a check is needed in {self.path}. It could not be read: {error}. "
                "Check the dataset again."
            ) from error

    def _array(self, name: str) -> npt.NDArray[Any] | None:
        try:
            found: npt.NDArray[Any] = np.load(self.path / name, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):
            return None
        return found
