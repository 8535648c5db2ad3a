"""Names the files of a run folder.

It knows names. It does not know what is in the files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tlcore.contract import contract_path
from tlcore.jobs.job import Job
from tlcore.runs.events import Event
from tlcore.runs.state import RunState


@dataclass(frozen=True)
class RunFolder(Job[Event, RunState]):
    """The paths of a run's files, whether they exist or not."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def model_keras(self) -> Path:
        return self.path / "model.keras"

    @property
    def model_onnx(self) -> Path:
        return self.path / "model.onnx"

    @property
    def contract_json(self) -> Path:
        return contract_path(self.path)

    @property
    def predictions(self) -> Path:
        return self.path / "predictions.parquet"

    @property
    def evaluation_json(self) -> Path:
        return self.path / "evaluation.json"

    @property
    def exports(self) -> Path:
        return self.path / "exports"

    @property
    def best_json(self) -> Path:
        """The settings of the best candidate of Auto."""
        return self.path / "best.json"

    @property
    def take_file(self) -> Path:
        return self.path / "take"

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint"
