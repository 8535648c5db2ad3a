"""Items to calibrate and to choose by when a model is brought to 8 bits: never test items.

It knows the split. It does not know models, nor how an item becomes arrays: that is the modality's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.contract import read_contract
from tlcore.data.dataset import open_dataset
from tlcore.errors import ExportError
from tlcore.items import Arrays, stacked
from tlcore.modalities import find_modality
from tlcore.runs.run import Run
from tlcore.tasks import Task
from tlcore.threads import map_bounded
from tlcore.workspace import Workspace

# What samples are for, in a file of several: to calibrate by and to choose by.
PARTS = ("training", "validation")


@dataclass(frozen=True)
class Sample:
    """Arrays of items, `(n, …)` each, as they are kept, and what is right for each item, as their task has it."""

    arrays: Arrays
    targets: npt.NDArray[Any]
    task: Task


def sample(run: Run, part: str, most: int) -> Sample:
    """At most so many items of a part of the split, spread evenly over it, by class; the same ones every time.

    Raises:
        ExportError: There are none, or one cannot be read any more.
        DataError: The dataset is gone.
    """
    contract = read_contract(run.path)
    modality = find_modality(contract.modality)
    many = modality.noun.many
    dataset = open_dataset(Workspace(run.path.parent.parent), run.dataset.id)
    split = run.split()
    rows = split[split["split"] == part].sort_values("label", kind="stable")
    if rows.empty:
        raise ExportError(f"A model is brought to 8 bits by looking at {many}. The run has no '{part}' {many}.")
    rows = rows.iloc[np.unique(np.linspace(0, len(rows) - 1, most).astype(int))]

    def read(file: str) -> Arrays:
        return modality.decode(dataset.image_path(file), contract.input)

    try:
        found = list(map_bounded(read, rows["file"]))
    except (OSError, ValueError) as error:
        raise ExportError(f"A {modality.noun.one} of the run cannot be read any more: {error}") from error
    return Sample(stacked(found), contract.kind.targets(list(rows["label"]), contract.classes), contract.kind)
