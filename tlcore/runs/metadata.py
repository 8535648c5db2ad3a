"""Reads and writes two small files of a run: the state of its dataset, and the name that a person gave it.

It knows schemas. It does not know where the files are.
"""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from tlcore.items import Reading


class RunDataset(BaseModel):
    """`dataset.json` of a run: what its dataset was when the run was made; it may change or go afterwards.

    Attributes:
        task: A key of `tasks.TASKS`.
        value_name, unit: Of the number that each item has; empty for other tasks.
        reading: How each item is read for this run, as far as all of them decided it, whatever its dataset says later.
        draw: Which draw of the dataset's test part the run is judged on; 0 where the part was the run's own.
        notes: What the split has to say, in sentences.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    id: str
    name: str
    classes: tuple[str, ...]
    task: str = "classification"
    value_name: str = ""
    unit: str = ""
    version: int
    fingerprint: str
    reading: Reading = Field(default_factory=dict, validation_alias=AliasChoices("reading", "value_range"))
    draw: int = 0
    notes: tuple[str, ...] = ()


class RunName(BaseModel):
    """`name.json`: what a person calls the run."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    name: str
