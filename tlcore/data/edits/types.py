"""What can be changed in a dataset: one small model for each kind of edit, and one for a line of `edits.jsonl`.

It knows what a change consists of and how it is told in a sentence. It does not know what it does to the tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from tlcore.items import Reading
from tlcore.modalities import Modality
from tlcore.numbers import plural
from tlcore.tasks import find_task

_MOST_NAMED = 3


class _Change(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def named(self) -> Collection[str]:
        """The SHA-256 of the items that it names."""
        return ()


class Relabel(_Change):
    """Give items another class, by their SHA-256; a class that is not there yet is added after the others."""

    kind: Literal["relabel"] = "relabel"
    labels: dict[str, str]

    @property
    def named(self) -> Collection[str]:
        return self.labels

    def says(self, modality: Modality) -> str:
        counts = Counter(self.labels.values()).most_common()
        if len(counts) == 1:
            return f"Moved {modality.noun.counted(len(self.labels))} to '{counts[0][0]}'."
        parts = [f"{count:,} to '{label}'" for label, count in counts[:_MOST_NAMED]]
        if len(counts) > _MOST_NAMED:
            parts.append(f"others to {len(counts) - _MOST_NAMED:,} more")
        return f"Moved {modality.noun.counted(len(self.labels))}: {_listed(parts)}."


class SetLabels(_Change):
    """Give items of a multi-label dataset their labels, by their SHA-256, each a text that joins them by `|`."""

    kind: Literal["set-labels"] = "set-labels"
    labels: dict[str, str]

    @property
    def named(self) -> Collection[str]:
        return self.labels

    def says(self, modality: Modality) -> str:
        counts = Counter(self.labels.values()).most_common()
        parts = [f"{count:,} to {_names(text)}" for text, count in counts[:_MOST_NAMED]]
        if len(counts) > _MOST_NAMED:
            parts.append(f"others to {len(counts) - _MOST_NAMED:,} more sets")
        told = f"to {_names(counts[0][0])}" if len(counts) == 1 else _listed(parts)
        return f"Set the labels of {modality.noun.counted(len(self.labels))}{' ' if len(counts) == 1 else ': '}{told}."


class AddLabel(_Change):
    """Give items of a multi-label dataset one more label; a new one is added after the others."""

    kind: Literal["add-label"] = "add-label"
    label: str
    shas: tuple[str, ...]

    @property
    def named(self) -> Collection[str]:
        return self.shas

    def says(self, modality: Modality) -> str:
        return f"Added the label '{self.label}' to {modality.noun.counted(len(self.shas))}."


class RemoveLabel(_Change):
    """Take one label from items of a multi-label dataset; their others stay."""

    kind: Literal["remove-label"] = "remove-label"
    label: str
    shas: tuple[str, ...]

    @property
    def named(self) -> Collection[str]:
        return self.shas

    def says(self, modality: Modality) -> str:
        return f"Removed the label '{self.label}' from {modality.noun.counted(len(self.shas))}."


class SetValues(_Change):
    """Give items of a regression dataset their numbers, by their SHA-256."""

    kind: Literal["set-values"] = "set-values"
    labels: dict[str, str]

    @property
    def named(self) -> Collection[str]:
        return self.labels

    def says(self, modality: Modality) -> str:
        numbers = sorted({float(text) for text in self.labels.values()})
        of = f"Set the {'value' if len(self.labels) == 1 else 'values'} of {modality.noun.counted(len(self.labels))}"
        if len(numbers) == 1:
            return f"{of} to {numbers[0]:.10g}."
        return f"{of}, from {numbers[0]:.10g} to {numbers[-1]:.10g}."


class Exclude(_Change):
    """Keep items in the dataset, but out of use."""

    kind: Literal["exclude"] = "exclude"
    shas: tuple[str, ...]

    @property
    def named(self) -> Collection[str]:
        return self.shas

    def says(self, modality: Modality) -> str:
        return f"Excluded {modality.noun.counted(len(self.shas))}."


class Restore(_Change):
    """Bring excluded or deleted items back into use."""

    kind: Literal["restore"] = "restore"
    shas: tuple[str, ...]

    @property
    def named(self) -> Collection[str]:
        return self.shas

    def says(self, modality: Modality) -> str:
        return f"Restored {modality.noun.counted(len(self.shas))}."


class Delete(_Change):
    """Take items out of the dataset; their bytes stay until the dataset goes, so that it can be undone."""

    kind: Literal["delete"] = "delete"
    shas: tuple[str, ...]

    @property
    def named(self) -> Collection[str]:
        return self.shas

    def says(self, modality: Modality) -> str:
        return f"Deleted {modality.noun.counted(len(self.shas))}."


class RenameClass(_Change):
    """Give a class another name; its place among the classes and its colour stay."""

    kind: Literal["rename-class"] = "rename-class"
    old: str
    new: str

    def says(self, modality: Modality) -> str:
        return f"Renamed '{self.old}' to '{self.new}'."


class MergeClasses(_Change):
    """Make one class of several; `into` is one of them, another one or a new name."""

    kind: Literal["merge-classes"] = "merge-classes"
    classes: tuple[str, ...]
    into: str

    def says(self, modality: Modality) -> str:
        merged = _listed([f"'{label}'" for label in self.classes if label != self.into])
        return f"Merged {merged} into '{self.into}'."


class Colour(_Change):
    """Show a class in a colour, `#rrggbb`; an empty one takes the colour away."""

    kind: Literal["colour"] = "colour"
    label: str
    colour: str

    def says(self, modality: Modality) -> str:
        return (
            f"Gave '{self.label}' the colour {self.colour}." if self.colour else f"Took the colour of '{self.label}'."
        )


class Group(_Change):
    """Put items, by their SHA-256, into groups that stay on one side of a split; an empty name takes them out."""

    kind: Literal["group"] = "group"
    groups: dict[str, str]

    @property
    def named(self) -> Collection[str]:
        return self.groups

    def says(self, modality: Modality) -> str:
        named = {name for name in self.groups.values() if name}
        into = f"Put {modality.noun.counted(sum(map(bool, self.groups.values())))} into {plural(len(named), 'group')}"
        freed = sum(not name for name in self.groups.values())
        if not named:
            return f"Took {modality.noun.counted(freed)} out of their groups."
        return f"{into}, took {modality.noun.counted(freed)} out." if freed else f"{into}."


class SetReading(_Change):
    """Read items another way, where all items of a dataset decide together how each of them is read."""

    kind: Literal["reading", "range"] = "reading"
    reading: Reading

    @model_validator(mode="before")
    @classmethod
    def _from_range(cls, content: Any) -> Any:
        """Understand a range of values, as lines of before have it."""
        if isinstance(content, dict) and content.get("kind") == "range":
            return {"reading": (content.get("low"), content.get("high"))}
        return content

    def says(self, modality: Modality) -> str:
        return modality.settling.told(self.reading) if modality.settling else ""


class ChangeTask(_Change):
    """Let the labels of a dataset be those of another task, or give its numbers another name or unit.

    Attributes:
        task: A key of `tasks.TASKS`.
        value_name, unit: Of the number that each item has; empty for other tasks.
    """

    kind: Literal["change-task"] = "change-task"
    task: str
    value_name: str = ""
    unit: str = ""

    def says(self, modality: Modality) -> str:
        title = find_task(self.task).title
        value = f", {self.value_name or 'value'}{f' in {self.unit}' if self.unit else ''}"
        return f"Set the task: {title.lower()}{value if self.value_name or self.unit else ''}."


class Add(_Change):
    """Items that an intake brought.

    Attributes:
        number: Of the tables in `additions/`: the version of the line that brought them.
        items: How many.
        removed: SHA-256 of items that came again in another class, so that they are in neither.
        notes: Sentences of the intake.
        reading: What was settled over them about how each is read, where nothing was before; else empty.
    """

    kind: Literal["add"] = "add"
    number: int
    items: int = Field(validation_alias=AliasChoices("items", "pictures"))
    removed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reading: Reading = Field(default_factory=dict, validation_alias=AliasChoices("reading", "value_range"))

    @property
    def named(self) -> Collection[str]:
        return self.removed

    def says(self, modality: Modality) -> str:
        gone = (
            f", took away {modality.noun.counted(len(self.removed))} that came in two classes" if self.removed else ""
        )
        return f"Added {modality.noun.counted(self.items)}{gone}."


class Undo(_Change):
    """Take back the edit that made the version `of`."""

    kind: Literal["undo"] = "undo"
    of: int


class Redo(_Change):
    """Make the edit of the version `of` once more, after it was undone."""

    kind: Literal["redo"] = "redo"
    of: int


class Made(_Change):
    """The beginning, which stands in no line.

    Attributes:
        additions: By a Graft that could not undo them; they are part of the beginning.
    """

    kind: Literal["made"] = "made"
    additions: int = 0

    def says(self, modality: Modality) -> str:
        if not self.additions:
            return f"Took in the first {modality.noun.many}."
        more = f"more in {plural(self.additions, 'addition')} that cannot be undone"
        return f"Took in the first {modality.noun.many}, and {more}."


Labeling = Relabel | SetLabels | SetValues
Change = (
    Labeling
    | AddLabel
    | RemoveLabel
    | Exclude
    | Restore
    | Delete
    | RenameClass
    | MergeClasses
    | Colour
    | Group
    | SetReading
    | ChangeTask
    | Add
)


class Line(BaseModel):
    """One line of `edits.jsonl`; the first makes version 2."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[2] = 2
    version: int
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    change: Annotated[Change | Undo | Redo, Field(discriminator="kind")]


def _names(text: str) -> str:
    """Quote the labels that a text joins."""
    return _listed([f"'{name}'" for name in find_task("multilabel").names(text)] or ["none"])


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
