"""Two small files of a run: what its dataset was, and what a person calls it.

It knows schemas. It does not know where the files are.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class RunDataset(BaseModel):
    """`dataset.json` of a run: what its dataset was when the run was made; it may change or go afterwards.

    Attributes:
        draw: Which draw of the dataset's test part the run is judged on; 0 where the part was the run's own.
        notes: What the split has to say, in sentences.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    id: str
    name: str
    classes: tuple[str, ...]
    version: int
    fingerprint: str
    draw: int = 0
    notes: tuple[str, ...] = ()


class RunName(BaseModel):
    """`name.json`: what a person calls the run."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    name: str
