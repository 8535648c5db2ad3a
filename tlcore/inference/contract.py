"""The names that a model's contract had before; `tlcore.contract` is what it is."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from tlcore.contract import read_contract as read_labels
from tlcore.tasks import Decision

__all__ = ["Labels", "read_labels"]


class Labels(BaseModel):
    """`labels.json` of runs of before; `Contract` reads it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    labels: tuple[str, ...]
    image_size: int
    resize: Literal["crop", "letterbox", "stretch"]
    backbone: str = ""
    dataset: str = ""
    temperature: float | None = None
    value_range: tuple[float, float] | None = None
    task: str = "classification"
    decision: Decision = Decision()
    value_name: str = ""
    unit: str = ""
