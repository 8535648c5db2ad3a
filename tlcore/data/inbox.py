"""Items without a class, beside the dataset that they are to join, and what a person said of each.

It knows the folder `inbox/` of a dataset. It does not know which class an item may have: a person says so, and
`labelling` suggests.

    inbox/items.parquet   sha256, file, the facts of the modality, source, flags: the items that are there
    inbox/images/         as they were given
    inbox/said.jsonl      one line for each answer: a class, put aside, or the answer before taken back

An answer is on the disk before the next question. Items with a class join the dataset together when they are asked
to, as one edit that can be undone.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import pandas as pd
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tlcore.data.annotations import SUFFIXES_OF_TABLES
from tlcore.data.archive import Limits, opening
from tlcore.data.dataset import Dataset, kept_preview
from tlcore.data.edits.state import DELETED
from tlcore.data.import_plan import Place
from tlcore.data.info import FILES, PREVIEWS
from tlcore.data.intake import examine_all
from tlcore.data.label_text import describe_label, read_label
from tlcore.data.parquet import unrolled
from tlcore.data.staging import Item, LeftOut, Published, Staging
from tlcore.data.system_files import names_of
from tlcore.disk import expanded
from tlcore.errors import DataError, WorkspaceError
from tlcore.files import append_line, read_lines, read_parquet, remove_tree, replacing
from tlcore.progress import Progress
from tlcore.workspace import Workspace

_TABLE = "Tables are not read in the inbox: a person gives the classes."
_UNLABELLED = "unlabelled"  # stands for a class while an item is examined; it is written nowhere


class Answer(BaseModel):
    """One line of `said.jsonl`.

    Attributes:
        kind: `label`, `skip` (put aside) or `back` (as if nothing had been said of it).
        label: The class, the labels or the number, for `label`.
        suggested: What was suggested then; empty where nothing was.
        task: Of the dataset then; an answer of another task does not hold. Empty in files of before.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    kind: Literal["label", "skip", "back"]
    sha256: str
    label: str = ""
    suggested: str = ""
    task: str = ""
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Put:
    """What became of items that were put into the inbox."""

    kept: int
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class Inbox:
    """A handle, as a dataset is; there is always one, mostly empty."""

    dataset: Dataset

    @property
    def path(self) -> Path:
        return self.dataset.path / "inbox"

    @property
    def items_file(self) -> Path:
        return self.path / "items.parquet"

    @property
    def said_file(self) -> Path:
        return self.path / "said.jsonl"

    @property
    def columns(self) -> list[str]:
        """The columns of the table."""
        return ["sha256", "file", *self.dataset.modality.facts, "source", "flags"]

    def items(self) -> pd.DataFrame:
        """The items that have not joined the dataset, by `sha256`, with or without a class.

        Raises:
            WorkspaceError: The table is damaged.
        """
        try:
            return read_parquet(self.items_file)[self.columns]
        except FileNotFoundError:
            return pd.DataFrame({name: pd.Series(dtype="object") for name in self.columns})
        except (OSError, ValueError, KeyError) as error:
            raise WorkspaceError(
                f"The table {self.items_file} is needed. It could not be read: {error}. Restore it from a copy, or "
                "empty the inbox."
            ) from error

    def answers(self) -> list[Answer]:
        """Everything that was said, the oldest first.

        Lines that cannot be read are passed over, as are labels of another task than the dataset has now.
        """
        task = self.dataset.info.task
        return [said for said in _parsed(read_lines(self.said_file)) if said.kind != "label" or said.task in ("", task)]

    def image_path(self, file: str) -> Path:
        return self.path / FILES / file

    def thumbnail(self, file: str, side: int) -> bytes:
        """As `Dataset.thumbnail`, of an item in the inbox."""
        info = self.dataset.info
        return kept_preview(self.path, file, side, info.kind, info.reading)

    # === What a person says ===

    def label(self, sha: str, label: str, *, suggested: str = "") -> None:
        """Give an item its label, as the dataset's task reads it; the last one that is given holds.

        Raises:
            DataError: The class has no name, or what should be a number is none.
        """
        task = self.dataset.info.task
        label = read_label(label, task)
        self._say(Answer(kind="label", sha256=sha, label=label, suggested=suggested, task=task))

    def skip(self, sha: str) -> None:
        """Put an item aside; it is not asked about again until it is brought back."""
        self._say(Answer(kind="skip", sha256=sha))

    def take_back(self) -> str:
        """Take the latest answer back that is about an item still here; give its SHA-256, empty where there is none.

        Answers are taken back in turn, the latest first.
        """
        here, holding = set(self.items()["sha256"]), standing(self.answers())
        last = next((sha for sha in reversed(holding) if sha in here), "")
        if last:
            self._say(Answer(kind="back", sha256=last))
        return last

    def bring_back(self) -> int:
        """Let items that were put aside be asked about again; give how many there are."""
        here = set(self.items()["sha256"])
        aside = [sha for sha, said in standing(self.answers()).items() if said.kind == "skip" and sha in here]
        for sha in aside:
            self._say(Answer(kind="back", sha256=sha))
        return len(aside)

    def _say(self, answer: Answer) -> None:
        self.path.mkdir(exist_ok=True)
        append_line(self.said_file, answer.model_dump_json())

    # === Items in and out ===

    def put(
        self, workspace: Workspace, source: Path, *, limits: Limits | None = None
    ) -> Generator[Progress, None, Put]:
        """Put the items of a zip, a folder or a Parquet file into the inbox; classes that it names are not taken.

        Raises:
            ArchiveError: The archive is damaged, too large or hostile.
            DataError: It is neither a zip nor a folder.
        """
        limits = limits or Limits()
        yield Progress(0, 0, note="Looking at the files")
        with opening(expanded(source), limits) as given, unrolled(given, limits) as opened:
            files, skipped = names_of([entry.path for entry in opened.entries if entry.path not in opened.known])
            skipped += [(str(file), _TABLE) for file in files if _is_table(file)]
            places = dict.fromkeys(
                [*(file for file in files if not _is_table(file)), *opened.known], Place(_UNLABELLED)
            )
            with Staging(workspace, None, self.dataset.modality) as staging:
                staging.leave_out(*(LeftOut(file, reason) for file, reason in (*opened.left_out, *skipped)))
                yield from examine_all(opened, places, staging, limits=limits)
                with self._changing():
                    return self._take_over(staging)

    def _take_over(self, staging: Staging) -> Put:
        items, left_out = staging.collected()
        there = self.dataset.all_items()
        there = there[there["state"] != DELETED]  # an item that was deleted may come again
        known = dict(zip(there["sha256"], there["label"], strict=True))
        one = staging.modality.noun.one
        table, info = self.items(), self.dataset.info
        here, new = set(table["sha256"]), {}
        for item in items:
            if item.sha256 in known:
                has = describe_label(known[item.sha256], info)
                said = "as" if info.task == "classification" else "with"
                left_out.append(LeftOut(item.source, f"The dataset has this very {one}, {said} {has}."))
            elif item.sha256 in here or item.sha256 in new:
                left_out.append(LeftOut(item.source, f"The inbox has this very {one}."))
            else:
                new[item.sha256] = item
        (self.path / FILES).mkdir(exist_ok=True)
        for item in new.values():
            (staging.path / FILES / item.file).replace(self.image_path(item.file))
        rows = [asdict(item) | dict(item.facts) for item in new.values()]
        if rows:
            self._write(pd.concat([table, pd.DataFrame(rows, columns=self.columns)], ignore_index=True))
        return Put(len(new), tuple(sorted(left_out, key=lambda one: one.source)))

    def join(self, workspace: Workspace) -> Published:
        """Let the items that have a class join the dataset, as one edit.

        A crash in between leaves them in the inbox or in both; then they leave the inbox the next time.

        Raises:
            DataError: None has a class.
        """
        with self._changing():
            table = self.items()
            labels = {sha: said.label for sha, said in standing(self.answers()).items() if said.kind == "label"}
            rows = table[table["sha256"].isin(set(labels))]
            if rows.empty:
                one = self.dataset.modality.noun.one
                raise DataError(f"A {one} with a class is needed. None in the inbox has one yet. Label some first.")
            with Staging(workspace, self.dataset, self.dataset.modality) as staging:
                for row in rows.to_dict("records"):
                    self._stage(staging, {str(key): value for key, value in row.items()}, labels[row["sha256"]])
                published = staging.publish(name="", notes=())
            self._remove(rows["file"], table[~table["sha256"].isin(set(labels))])
        return published

    def _stage(self, staging: Staging, row: dict[str, Any], label: str) -> None:
        path, modality = self.image_path(row["file"]), staging.modality
        staging.keep(row["file"], path.read_bytes())
        if modality.settling:
            staging.measure(row["sha256"], modality.settling.sample(path))
        facts = {name: row.pop(name) for name in modality.facts}
        staging.add(Item(**row, facts=facts, label=label, split="", fixed=""))

    def discard(self, shas: Iterable[str] | None = None) -> int:
        """Remove items from the inbox, all where none are named; give how many."""
        with self._changing():
            table = self.items()
            gone = table if shas is None else table[table["sha256"].isin(set(shas))]
            self._remove(gone["file"], table[~table["sha256"].isin(gone["sha256"])])
        return len(gone)

    def _remove(self, files: Iterable[str], rest: pd.DataFrame) -> None:
        self._write(rest)
        for file in files:
            self.image_path(file).unlink(missing_ok=True)
        if rest.empty:
            remove_tree(self.path / PREVIEWS)

    def _write(self, table: pd.DataFrame) -> None:
        with replacing(self.items_file) as beside:
            table.to_parquet(beside, index=False)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self.path.mkdir(exist_ok=True)
        with FileLock(self.path / "lock"):
            yield


def standing(answers: Iterable[Answer]) -> dict[str, Answer]:
    """What holds of each item, in the order in which it was said."""
    found: dict[str, Answer] = {}
    for answer in answers:
        found.pop(answer.sha256, None)
        if answer.kind != "back":
            found[answer.sha256] = answer
    return found


def _is_table(file: PurePosixPath) -> bool:
    return file.suffix.casefold() in SUFFIXES_OF_TABLES


def _parsed(lines: Iterable[str]) -> Iterator[Answer]:
    for line in lines:
        try:
            yield Answer.model_validate_json(line)
        except ValidationError:
            continue
