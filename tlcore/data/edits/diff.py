"""What was edited since a version of a dataset: for runs, which keep the dataset as it was when they were made.

It knows the history. It does not know runs.
"""

from __future__ import annotations

from dataclasses import dataclass

from tlcore.data.dataset import Dataset
from tlcore.data.edits import log
from tlcore.data.edits.log import Edit, settle
from tlcore.data.edits.types import Colour, MergeClasses, RenameClass


@dataclass(frozen=True)
class Since:
    """The edits that hold now and did not then, and those that held then and were taken back, the first one first.

    Attributes:
        says: A sentence for each edit that changes what a model learns.
    """

    made: tuple[Edit, ...] = ()
    taken_back: tuple[Edit, ...] = ()
    says: tuple[str, ...] = ()

    def name(self, label: str) -> str:
        """What a class of then is called now; of merged ones, the one that they became."""
        for edit in reversed(self.taken_back):
            if isinstance(edit.change, RenameClass) and edit.change.new == label:
                label = edit.change.old
        for edit in self.made:
            match edit.change:
                case RenameClass(old=old, new=new) if old == label:
                    label = new
                case MergeClasses(classes=classes, into=into) if label in classes:
                    label = into
        return label


def edits_since(dataset: Dataset, version: int) -> Since:
    """Compare what held at a version with what holds now.

    Raises:
        WorkspaceError: The history is damaged.
    """
    modality = settle(dataset.path).kind
    lines = log.lines(dataset.path)
    then, _ = log.standing([line for line in lines if line.version <= version])
    now, _ = log.standing(lines)
    # Edits are undone the latest first: what both have is at the beginning.
    versions = {edit.version for edit in now}
    shared = sum(edit.version in versions for edit in then)
    made, taken_back = tuple(now[shared:]), tuple(then[shared:])
    edits = (*((edit, "Undid: ") for edit in taken_back), *((edit, "") for edit in made))
    says = (f"{undid}{edit.change.says(modality)}" for edit, undid in edits if not isinstance(edit.change, Colour))
    return Since(made, taken_back, tuple(says))
