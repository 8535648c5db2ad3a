"""What the columns of a table were taken for: the file, the labels, the part and the group, and what has to be asked.

It holds what `label_columns` and `label_tasks` find. It finds nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tlcore.data.import_plan import ImportChoices
from tlcore.data.label_cells import CellLabel, LabelReading

Option = tuple[str, ImportChoices]


@dataclass
class ColumnRoles:
    """What the columns of a table were taken for.

    Attributes:
        file, label, split, group: Their places; None where there is none.
        cells: Of each row, its label; several rows may name one file.
        parts: Of each row, the part of the split.
        strength: How well the columns serve; 0 for none.
        rivals: Other columns that could hold the labels, the likeliest first.
        refusal: What the table has instead of labels, in a clause; empty where it has some.
        doubt: What has to be asked about the labels, in a sentence.
        options: The answers to `doubt`, each with what has to be chosen; the first one is what was taken.
        others: What the labels could be for as well, to be offered without a question.
        taken: What was taken for the label, for people: "column 'bird'", "one column for each class".
        placeholder: Whether the table only stands for one that somebody is to fill in.
        reading: How the labels are read.
        reason: Why they are for this task, in a clause.
        notes: What a person should know of how they were read, in sentences.
    """

    file: int
    label: int | None = None
    split: int | None = None
    group: int | None = None
    cells: list[CellLabel] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    strength: int = 0
    rivals: list[int] = field(default_factory=list)
    refusal: str = ""
    doubt: str = ""
    options: list[Option] = field(default_factory=list)
    others: list[Option] = field(default_factory=list)
    taken: str = ""
    placeholder: bool = False
    reading: LabelReading = field(default_factory=LabelReading)
    reason: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def task(self) -> str:
        """Give the key of the task that the labels are for."""
        return self.reading.task

    @property
    def labels(self) -> list[str]:
        """Give the label of each row; empty where it says none."""
        return [cell.text for cell in self.cells]

    @property
    def class_columns(self) -> list[int]:
        """Give the columns that the labels come from."""
        return list(self.reading.columns)
