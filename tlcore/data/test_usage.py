"""Counts how often the test set of a dataset has been used.

It knows `looks.jsonl`, one line for each judgement: which run, when, on which draw of the test part. It does not know
how a run is judged.

A test part that helps to choose between runs is no test any more: the best of k runs that are equally good scores up
to sqrt(2 ln k) standard errors too high on average (the expected maximum of k Gaussians; Boucheron, Lugosi and Massart,
"Concentration Inequalities", 2013, section 2.5).
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tlcore.data.dataset import Dataset
from tlcore.files import append_line, read_lines

# From so many looks on, the number deserves a warning rather than a remark.
MANY = 10


class Look(BaseModel):
    """One judgement on the test part: the id of the run, and which draw of the part it was, counted from 1."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    run: str
    draw: int


def count_look(dataset: Dataset, run: str, draw: int) -> None:
    """Note that a run was judged on a draw of the test part."""
    append_line(dataset.path / "looks.jsonl", Look(run=run, draw=draw).model_dump_json())


def read_looks(dataset: Dataset, draw: int | None = None) -> tuple[Look, ...]:
    """Every look, oldest first, or those at one draw; lines that are damaged are left out."""
    looks = []
    for line in read_lines(dataset.path / "looks.jsonl"):
        try:
            looks.append(Look.model_validate_json(line))
        except ValidationError:
            continue
    return tuple(look for look in looks if draw is None or look.draw == draw)


def flattery(looks: int, *, accuracy: float, items: int) -> float:
    """How much the best of so many looks may flatter, as a share of the items; 0 where nothing could be chosen."""
    if looks < 2 or items < 1:
        return 0.0
    return math.sqrt(2 * math.log(looks) * accuracy * (1 - accuracy) / items)


def sentence(looks: int, *, accuracy: float | None = None, items: int = 0) -> str:
    """Say how often the test set has been used, and how far that distorts its figures."""
    if looks == 0:
        return "The test set has not been used yet."
    if looks == 1:
        return "The test set has been used once."
    said = f"The test set has been used {looks:,} times"
    points = 0.0 if accuracy is None else 100 * flattery(looks, accuracy=accuracy, items=items)
    if points >= 0.05:
        less = ": trust it less" if looks >= MANY else ""
        return f"{said}{less}. If you choose the best run by it, its figure is up to {points:.1f} points too high."
    return f"{said}: trust it less." if looks >= MANY else f"{said}."
