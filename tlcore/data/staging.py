"""A dataset that is being made in a hidden folder beside the others: it takes its place in one step, or leaves nothing.

It knows what equal bytes mean, what is written and in which order. It does not know where items come from.
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from tlcore import disk
from tlcore.data.dataset import Dataset
from tlcore.data.edits import log
from tlcore.data.edits.state import DELETED, EXCLUDED
from tlcore.data.edits.types import Add
from tlcore.data.import_task import facts_sentence
from tlcore.data.info import FILES, TRIAGE_COLUMNS, DatasetInfo, fingerprint, item_columns, write_table
from tlcore.data.label_cells import CLASSIFICATION, NOUNS
from tlcore.errors import DataError
from tlcore.files import remove_tree, write_json
from tlcore.items import Reading
from tlcore.modalities import Modality
from tlcore.modalities.modality import Before
from tlcore.tasks import find_task
from tlcore.workspace import Workspace, fresh_id

# Where the same item is in several parts of a given split, the part that training sees least keeps it.
_KEEPING = ("test", "val", "train", "")


@dataclass(frozen=True)
class Item:
    """An item whose bytes are in the staging folder; `facts` are the modality's, by column."""

    sha256: str
    file: str
    label: str
    split: str
    facts: Mapping[str, int]
    source: str
    flags: str
    fixed: str
    group: str = ""


@dataclass(frozen=True)
class LeftOut:
    """A file that was not taken, and why, in a sentence."""

    source: str
    reason: str


@dataclass(frozen=True)
class Labels:
    """What the labels of the items are.

    Attributes:
        task: A key of `tasks.TASKS`.
        value_name, unit: Of a number, for people.
        united: Whether the same item in several places has the labels of all of them.
    """

    task: str = CLASSIFICATION
    value_name: str = ""
    unit: str = ""
    united: bool = False


@dataclass(frozen=True)
class Published:
    dataset: Dataset
    kept: int
    fixed: int
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]


class Staging:
    """Collects items; `publish` makes them a dataset or adds them to one. Without it, everything is removed."""

    def __init__(self, workspace: Workspace, into: Dataset | None, modality: Modality) -> None:
        self._datasets = workspace.datasets
        self.modality = modality
        self._into = into
        self._items: list[Item] = []
        self._left_out: list[LeftOut] = []
        self._written: set[str] = set()
        self._samples = modality.settling.samples() if modality.settling else None
        self._measured = set[str]()
        self._labels, self._contradicted = Labels(), set[str]()
        self._lock = Lock()
        self.path = self._datasets / f".intake-{secrets.token_hex(6)}"
        self._held = FileLock(f"{self.path}.lock")

    def __enter__(self) -> Staging:
        if self._into is not None:
            # Also because a dataset that cannot be read is no use at the end of the work either.
            before = self._into.all_items()
            self._measured = set(before.loc[before["state"] != DELETED, "sha256"])
        with disk.writing(self._datasets):
            self._datasets.mkdir(parents=True, exist_ok=True)
            _sweep(self._datasets)
            self._held.acquire()
            (self.path / FILES).mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        remove_tree(self.path)
        self._held.release()
        Path(self._held.lock_file).unlink(missing_ok=True)

    @property
    def seen(self) -> int:
        return len(self._items) + len(self._left_out)

    def check_space(self, needed: int) -> None:
        """Refuse before the disk is full, not when.

        Raises:
            DataError: There is too little room.
        """
        free = disk.free_bytes(self._datasets)
        if said := disk.lack("These files need", {"for the copies": needed}, place=self._datasets, free=free):
            raise DataError(f"{said} Make room there, or set GRAFT_HOME to a folder on another disk.")

    def keep(self, file: str, content: bytes) -> str:
        """Write an item once, however often it comes; safe to call from several threads."""
        with self._lock:
            first = file not in self._written
            self._written.add(file)
        if first:
            (self.path / FILES / file).write_bytes(content)
        return file

    def measure(self, sha: str, sample: Any) -> None:
        """Collect once what the modality wants to know of an item, if it does; safe to call from several threads."""
        with self._lock:
            if sample is not None and self._samples is not None and sha not in self._measured:
                self._measured.add(sha)
                self._samples.add(sample)

    def add(self, outcome: Item | LeftOut) -> None:
        if isinstance(outcome, Item):
            self._items.append(outcome)
        else:
            self._left_out.append(outcome)

    def leave_out(self, *outcomes: LeftOut) -> None:
        self._left_out += outcomes

    def collected(self) -> tuple[list[Item], list[LeftOut]]:
        """What is there, for another home than a dataset; its files lie in `images` below `path`."""
        return list(self._items), list(self._left_out)

    def publish(self, *, name: str, notes: Sequence[str], labels: Labels | None = None) -> Published:
        """Settle what is there twice, write the tables, and let the dataset appear.

        Args:
            name: Of a new dataset.
            notes: Sentences to show with the dataset.
            labels: What the labels are; in an existing dataset its own task holds.

        Raises:
            DataError: No item is left.
            WorkspaceError: They cannot be written.
        """
        self._labels = labels or Labels()
        if self._into is None:
            with disk.writing(self._datasets):
                return self._publish_new(name, tuple(notes))
        with log.editing(self._into.path):
            return self._publish_into(self._into, tuple(notes))

    def _publish_new(self, name: str, notes: tuple[str, ...]) -> Published:
        items, notes = self._settled({}, notes)
        self._check_any(items)
        self._drop_unused(items)
        reading, said = self._read(items, Before())
        table = table_of(items, self.modality)
        given = self._labels
        summary = facts_sentence(list(table["label"]), given.task, given.unit)
        info = DatasetInfo(
            id=fresh_id(name),
            name=name,
            classes=find_task(given.task).classes(list(table["label"])),
            modality=self.modality.key,
            task=given.task,
            value_name=given.value_name,
            unit=given.unit,
            fingerprint=fingerprint(table),
            notes=(*notes, *([f"As imported: {summary}"] if summary else []), *said),
            reading=reading,
            edits_bytes=0,
        )
        write_table(self.path / "items.parquet", table)
        write_table(self.path / "triage.parquet", self._triage(items))
        write_json(self.path / "dataset.json", info)
        home = self._datasets / info.id
        self.path.replace(home)
        return self._published(Dataset(home), items, info.notes)

    def _publish_into(self, dataset: Dataset, notes: tuple[str, ...]) -> Published:
        before = dataset.all_items()
        present = before[before["state"] != DELETED]  # an item that was deleted may come again
        known = dict(zip(present["sha256"], present["label"], strict=True))
        excluded = set(before.loc[before["state"] == EXCLUDED, "sha256"])
        items, notes = self._settled(known, notes)
        removed = (self._contradicted & known.keys()) - excluded
        if not removed:
            self._check_any(items)
        gone = before[before["sha256"].isin(removed)]
        triage = pd.concat([self._triage(items), _removed_rows(gone, self.modality)], ignore_index=True)
        number = dataset.info.version + 1
        log.write_addition(dataset.path, number, table_of(items, self.modality), triage)
        for item in items:
            (self.path / FILES / item.file).replace(dataset.image_path(item.file))
        contents = log.present(dataset.path)
        reading, said = self._read(items, Before(contents.reading, contents.concerned(), len(present)))
        notes = (*notes, *said)
        removed_shas = tuple(gone["sha256"])
        change = Add(number=number, items=len(items), removed=removed_shas, notes=notes, reading=reading)
        contents.make(change)
        log.commit(dataset.path, change, contents)
        return self._published(dataset, items, notes)

    def _read(self, items: Sequence[Item], before: Before) -> tuple[Reading, tuple[str, ...]]:
        """Settle how each item is read, where all of them decide it; and what is to be said about it."""
        if (settling := self.modality.settling) is None:
            return {}, ()
        return settling.settle(self._samples, [item.flags for item in items], before)

    def _settled(self, known: dict[str, str], notes: tuple[str, ...]) -> tuple[list[Item], tuple[str, ...]]:
        """Keep equal bytes once with a label, and with none where there are two."""
        by_bytes: dict[str, list[Item]] = defaultdict(list)
        for item in self._items:
            by_bytes[item.sha256].append(item)
        kept, several_parts = [], 0
        for sha, same in by_bytes.items():
            if self._labels.united:
                same = self._united(same, known.get(sha))
            labels = {item.label for item in same} | ({known[sha]} if sha in known else set())
            if len(labels) > 1:
                noun = NOUNS[self._labels.task]
                told = [
                    LeftOut(item.source, _contradiction(item, same, known.get(sha), noun, self.modality))
                    for item in same
                ]
                self._left_out += told
                self._contradicted.add(sha)
                continue
            if sha in known:
                self._left_out += [
                    LeftOut(item.source, f"The dataset already has this very {self.modality.noun.one}.")
                    for item in same
                ]
                continue
            first = min(same, key=lambda item: _KEEPING.index(item.split))
            several_parts += len({item.split for item in same}) > 1
            kept.append(first)
            self._left_out += [
                LeftOut(item.source, f"The very same {self.modality.noun.one} as {first.source}, which is kept.")
                for item in same
                if item is not first
            ]
        if several_parts:
            notes = (
                *notes,
                f"{several_parts:,} {self.modality.noun.many} were in more than one part of the given split. "
                "Each is kept in one: test before validation before training.",
            )
        return kept, notes

    def _united(self, same: list[Item], known: str | None) -> list[Item]:
        """Give an item the labels of all its places, or those that it has already where these are among them."""
        task = find_task(self._labels.task)
        label = task.read("|".join(item.label for item in same))
        if known is not None and set(task.names(label)) <= set(task.names(known)):
            label = known
        return [replace(item, label=label) for item in same]

    def _check_any(self, items: Sequence[Item]) -> None:
        if items:
            return
        often = Counter(one.reason for one in self._left_out).most_common(3)
        said = " ".join(f"{count:,} × {reason}" for reason, count in often)
        one = self.modality.noun.one
        raise DataError(f"At least one {one} that can be used is needed. Of {self.seen:,} files none can. {said}")

    def _drop_unused(self, items: Iterable[Item]) -> None:
        for file in self._written - {item.file for item in items}:
            (self.path / FILES / file).unlink(missing_ok=True)

    def _triage(self, items: Iterable[Item]) -> pd.DataFrame:
        rows = [(item.source, "fixed" if item.fixed else "kept", item.fixed) for item in items]
        rows += [(one.source, "left out", one.reason) for one in self._left_out]
        return pd.DataFrame(sorted(rows), columns=list(TRIAGE_COLUMNS), dtype="str")

    def _published(self, dataset: Dataset, items: Sequence[Item], notes: tuple[str, ...]) -> Published:
        left_out = tuple(sorted(self._left_out, key=lambda one: one.source))
        return Published(dataset, len(items), sum(bool(item.fixed) for item in items), left_out, notes)


def _contradiction(item: Item, same: Sequence[Item], known: str | None, noun: str, modality: Modality) -> str:
    others = [f"'{other.label}' ({other.source})" for other in same if other.label != item.label]
    if known is not None and known != item.label:
        others.insert(0, f"'{known}' (in the dataset already)")
    has = "is in another class" if noun == NOUNS[CLASSIFICATION] else f"has another {noun}"
    same_item = f"The very same {modality.noun.one}"
    return f"{same_item} {has}: {', '.join(others[:3])}. Both are left out; decide for one."


def _removed_rows(gone: pd.DataFrame, modality: Modality) -> pd.DataFrame:
    reason = f"The very same {modality.noun.one} was added in another class, so both are left out; decide for one."
    rows = [(source, "left out", reason) for source in gone["source"]]
    return pd.DataFrame(rows, columns=list(TRIAGE_COLUMNS), dtype="str")


def table_of(items: Sequence[Item], modality: Modality) -> pd.DataFrame:
    """Give the table of items, as `items.parquet` has it."""
    # A table without rows must have its types, too: it may be joined to others.
    columns = item_columns(modality)
    table = pd.DataFrame([asdict(item) | dict(item.facts) for item in items], columns=list(columns))
    return table.astype({name: "int64" if name in modality.facts else "str" for name in columns})


def _sweep(datasets: Path) -> None:
    """Remove what an intake left that was killed: its lock is free."""
    for path in datasets.glob(".intake-*.lock"):
        lock = FileLock(path)
        with suppress(Timeout, OSError):
            lock.acquire(timeout=0)
            remove_tree(path.with_suffix(""))
            path.unlink(missing_ok=True)
            lock.release()
