"""Reads the items of a run as arrays: inputs and targets of the training and the validation set.

It knows the split and the store. It never looks at a test item, and it needs no backend.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tlcore.data.split.stratify import together
from tlcore.memmap import MappedArrays
from tlcore.progress import Progress
from tlcore.runs.decoded import Decoded, decode
from tlcore.runs.run import Run
from tlcore.tasks import find_task
from tlcore.tasks.task import Targets
from tlcore.workspace import Workspace

PARTS = ("train", "val")


@dataclass(frozen=True)
class Items:
    """The items of one part.

    Attributes:
        inputs: The arrays that the model takes in, on disk, by name.
        targets: One row for each item, as the run's task has them.
        shas: What the arrays were made from, in the same order.
        decoded: Where the arrays lie, beside those of the other parts.
        groups: A text for each item, equal for items that must never be on two sides; empty for one alone.
    """

    inputs: MappedArrays
    targets: Targets
    shas: tuple[str, ...]
    decoded: Decoded
    groups: tuple[str, ...] = ()


def read_items(run: Run, workspace: Workspace) -> Generator[Progress, None, dict[str, Items]]:
    """Decode the items, or find them decoded, and give those of training and validation.

    The test items are decoded along: with another seed they are for training, and nothing has to be done again.

    Raises:
        DataError: The dataset is gone, or an item has been damaged since it was taken in.
    """
    decoded = yield from decode(run, workspace)
    table = run.split()
    task = find_task(run.dataset.task)
    found = {}
    for part in PARTS:
        rows = table[table["split"] == part]
        targets = task.targets(list(rows["label"]), run.dataset.classes)
        shas = tuple(rows["sha256"])
        groups = tuple(rows["group"]) if "group" in rows else ("",) * len(rows)  # runs of long ago have none
        found[part] = Items(decoded.inputs.only(decoded.places(shas)), targets, shas, decoded, groups)
    return found


def units(*parts: Items) -> npt.NDArray[np.int64] | None:
    """Number the groups of the items of these parts, in turn; None if there are no groups."""
    shas = [sha for part in parts for sha in part.shas]
    groups = [group for part in parts for group in part.groups or ("",) * len(part.shas)]
    numbers = together(shas, groups)
    return numbers if len(np.unique(numbers)) < len(numbers) else None
