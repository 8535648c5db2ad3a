"""Items in the rows of Parquet files, as Hugging Face keeps its image datasets: each row as if it were a file.

An item is a struct `{bytes, path}` or a plain column of bytes; its class is a `ClassLabel`, whose names stand in the
schema's metadata, or text (https://huggingface.co/docs/hub/datasets-image). It knows Arrow and its columns. It does not
know items.

Nothing that a file says of itself is believed where memory depends on it: rows are read a few at a time, the fewer the
more a column could unfold to, and a file whose items would together be far larger than itself is refused.
"""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from threading import Lock
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tlcore.data.archive import PARQUET_MAGIC, Entry, Limits, Opened, check_amount, check_ratio, reading
from tlcore.data.column_roles import ColumnRoles
from tlcore.data.import_plan import ImportChoices, Place, Question
from tlcore.data.label_cells import MISSING, MULTILABEL, REGRESSION, CellLabel
from tlcore.data.label_tasks import name_of_value
from tlcore.data.parquet_columns import Columns, as_text, choose_columns
from tlcore.data.value_kinds import part_of
from tlcore.errors import ItemError
from tlcore.modalities import NOUN

SUFFIX = ".parquet"
_NOT_HELD = f"The table names this {NOUN.one} but does not hold it."
# What a dictionary-encoded column could unfold to in one step, and how many rows at most that may be.
_STEP_BYTES, _MOST_ROWS = 256 * 10**6, 64
# How many items wait that somebody will ask for soon: items are taken in on several threads, nearly in order.
_WINDOW = 256
_FIRST_ROWS = 1000
_BUFFER_BYTES = 1 << 20
_SHARD = re.compile(r"(.+?)-\d{5}-of-\d{5}")
_SUFFIXES = ((b"\xff\xd8\xff", ".jpg"), (b"\x89PNG", ".png"), (b"GIF8", ".gif"), (b"BM", ".bmp"), (b"RIFF", ".webp"))


class WithRows(Opened, Protocol):
    """What was opened, with what is known about the rows that are items.

    Attributes:
        known: The label and the part of each.
        notes: Where the labels come from, in sentences.
        refusal: What there is instead of labels, in a sentence; empty where there are some.
        question: What has to be asked about the labels.
        roles: What the columns were taken for; None where there are no rows with items.
        value: The name and the unit of a number.
    """

    known: dict[PurePosixPath, Place]
    notes: list[str]
    refusal: str
    question: Question | None
    roles: ColumnRoles | None
    value: tuple[str, str]


@dataclass(frozen=True)
class _Row:
    table: _Table
    number: int


@contextmanager
def unrolled(opened: Opened, limits: Limits, choices: ImportChoices | None = None) -> Iterator[WithRows]:
    """Put the rows of every Parquet file with items in the place of the file, until the block ends.

    Args:
        opened: The files.
        limits: Of archives and files.
        choices: The column of the labels and the task that a person chose; else by the schema or by the first rows.

    Raises:
        DataError: There is no such column.
        ArchiveError: There are too many rows, or they would unfold to far more than the files hold.
    """
    with ExitStack() as stack:
        yield _Unrolled(opened, limits, stack, choices or ImportChoices())


class _Unrolled:
    def __init__(self, opened: Opened, limits: Limits, stack: ExitStack, choices: ImportChoices) -> None:
        self._opened = opened
        self.refusal = ""
        self.encoding = opened.encoding
        self.known: dict[PurePosixPath, Place] = {}
        self.question: Question | None = None
        self.roles: ColumnRoles | None = None
        self.value = ("", "")
        self.notes: list[str] = []
        left_out, entries, total = list(opened.left_out), list[Entry](), 0
        tables: dict[Entry, _Table | None] = {}
        for entry in opened.entries:
            if entry.path.suffix.casefold() != SUFFIX:
                continue
            try:
                table = _Table(stack.enter_context(_seekable(opened, entry)), entry.path)
                if table.choose(choices):
                    tables[entry] = table
            except ItemError as error:
                left_out.append((entry.name, str(error)))
                tables[entry] = None
        _same_task([table for table in tables.values() if table is not None], choices)
        said: dict[str, list[str]] = defaultdict(list)
        for entry in opened.entries:
            if entry not in tables:
                entries.append(entry)
                continue
            found = tables[entry]
            if found is None:
                continue
            unpacked = 0
            for row, place in found.items(left_out, limits):
                entries.append(row)
                self.known[row.path] = place
                unpacked, total = unpacked + row.size, total + row.size
                check_amount(entry.name, len(entries), total, limits)
                check_ratio(entry.name, unpacked, entry.size, limits)
            said[found.sentence].append(entry.name)
            self.refusal = self.refusal or found.refusal
            self.question = self.question or found.question
            if self.roles is None:
                self.roles, self.value = found.roles, found.value
        self.notes = [
            sentence.format(files[0] if len(files) == 1 else f"{len(files):,} Parquet files")
            for sentence, files in said.items()
        ]
        self.notes += self.roles.notes if self.roles is not None else []
        self.entries, self.left_out = tuple(entries), tuple(left_out)

    def open(self, entry: Entry) -> AbstractContextManager[BinaryIO]:
        if isinstance(entry.key, _Row):
            return io.BytesIO(entry.key.table.content(entry.key.number))
        return self._opened.open(entry)


@contextmanager
def _seekable(opened: Opened, entry: Entry) -> Iterator[BinaryIO]:
    """A file that can be read from any place; one in a zip is copied beside, to a file without a name."""
    with ExitStack() as stack:
        stream = stack.enter_context(reading(opened, entry))
        if stream.read(len(PARQUET_MAGIC)) != PARQUET_MAGIC:
            raise ItemError("This is not a Parquet file, whatever its name says.")
        stream.seek(0)
        if isinstance(stream, io.BufferedReader):
            yield stream
            return
        with tempfile.TemporaryFile() as copy:
            # Never more than the archive's list says, which has been checked: zipfile stops there.
            shutil.copyfileobj(stream, copy)
            copy.seek(0)
            yield copy


class _Table:
    """One Parquet file: what its rows are, and the bytes of each.

    Rows are read forward, as they are asked for; going back begins again at the group of rows that has them.
    """

    def __init__(self, stream: BinaryIO, path: PurePosixPath) -> None:
        self._path = path
        try:
            self._file = pq.ParquetFile(stream, buffer_size=_BUFFER_BYTES)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise ItemError(f"This Parquet file is damaged: {_said(error)}.") from error
        self._columns: Columns
        self._lock = Lock()
        self._waiting: dict[int, bytes] = {}
        self._next = 0
        self._rows: Iterator[tuple[int, bytes]] = iter(())

    @property
    def roles(self) -> ColumnRoles:
        """Give what the columns were taken for."""
        return self._columns.roles

    @property
    def question(self) -> Question | None:
        """Ask what is not clear of the labels."""
        return self._columns.question

    @property
    def value(self) -> tuple[str, str]:
        """Give the name and the unit of a number."""
        return name_of_value(self.roles, self._columns.facts)

    @property
    def sentence(self) -> str:
        """Say where the labels come from, with a place for the name of the file."""
        if not self._columns.labels:
            return f"No column of {{}} says which class the {NOUN.many} have."
        noun = {MULTILABEL: "labels", REGRESSION: "numbers"}.get(self.roles.task, "classes")
        names = " and ".join(f"'{name}'" for name in self._columns.labels[:3]).replace("{", "{{").replace("}", "}}")
        more = f" and {len(self._columns.labels) - 3:,} more" if len(self._columns.labels) > 3 else ""
        return f"The {noun} come from column{'s' if len(self._columns.labels) > 1 else ''} {names}{more} of {{}}."

    @property
    def refusal(self) -> str:
        """Say what there is instead of labels."""
        return self.roles.refusal and f"{self._path} has something else: {self.roles.refusal}"

    def choose(self, choices: ImportChoices) -> bool:
        """Choose the columns, as a person or the other files want it; tell whether there are items.

        Raises:
            ItemError: The file is damaged.
        """
        try:
            columns = choose_columns(self._file.schema_arrow, self._first_rows, choices)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise ItemError(f"This Parquet file is damaged: {_said(error)}.") from error
        if columns is not None:
            self._columns = columns
        return columns is not None

    def _first_rows(self, columns: list[str]) -> dict[str, pa.Array]:
        batches: list[pa.RecordBatch] = []
        for batch in self._batches(columns, range(self._file.num_row_groups)):
            batches.append(batch)
            if sum(each.num_rows for each in batches) >= _FIRST_ROWS:
                break
        schema = self._file.schema_arrow
        empty = {name: pa.array([], schema.field(name).type) for name in columns}
        table = pa.Table.from_batches(batches) if batches else pa.table(empty)
        return {name: table.column(name).combine_chunks() for name in columns}

    def items(self, left_out: list[tuple[str, str]], limits: Limits) -> Iterator[tuple[Entry, Place]]:
        """Every row that holds an item, with its class and part; the others are told of in `left_out`."""
        split = _part(self._path)
        check_amount(str(self._path), self._file.metadata.num_rows, 0, limits)
        number = 0
        try:
            for batch in self._batches(self._columns.wanted, range(self._file.num_row_groups)):
                item = batch.column(self._columns.item)
                content = _field(item, "bytes")
                sizes, heads = pc.binary_length(content).to_pylist(), _heads(content)
                paths = (
                    [as_text(one) for one in _field(item, "path").to_pylist()]
                    if self._columns.path
                    else [""] * len(sizes)
                )
                labels = self._labels(batch)
                for size, head, path, label in zip(sizes, heads, paths, labels, strict=True):
                    name = self._path / _name(number, path, head)
                    if size:
                        why = label.fault or f"The table gives this {NOUN.one} {MISSING[self.roles.task]}."
                        place = Place(label.text, split, "" if label.known else why, none=label.none)
                        yield Entry(name, size, _Row(self, number)), place
                    else:
                        left_out.append((str(name), _NOT_HELD))
                    number += 1
        except (pa.ArrowException, OSError, ValueError) as error:
            left_out.append((str(self._path), f"This Parquet file is damaged from row {number:,} on: {_said(error)}."))

    def content(self, number: int) -> bytes:
        """The bytes of one item; each is given once without being read again."""
        with self._lock:
            if number in self._waiting:
                return self._waiting.pop(number)
            if number < self._next or not self._next:
                self._rows = self._from(number)
            for row, content in self._rows:
                self._next = row + 1
                if row == number:
                    return content
                self._waiting[row] = content
                if len(self._waiting) > _WINDOW:
                    del self._waiting[next(iter(self._waiting))]
        raise ItemError("The Parquet file is damaged: this row cannot be read.")

    def _from(self, number: int) -> Iterator[tuple[int, bytes]]:
        group, row = 0, 0
        while group < self._file.num_row_groups - 1 and row + self._file.metadata.row_group(group).num_rows <= number:
            row += self._file.metadata.row_group(group).num_rows
            group += 1
        for batch in self._batches([self._columns.content], range(group, self._file.num_row_groups)):
            for value in _field(batch.column(self._columns.item), "bytes"):
                yield row, value.as_py() or b""
                row += 1

    def _batches(self, columns: list[str], groups: Sequence[int]) -> Iterator[pa.RecordBatch]:
        for group in groups:
            about = self._file.metadata.row_group(group)
            # A dictionary holds each value once; a step could hold the largest as often as it has rows.
            largest = max(about.column(place).total_uncompressed_size for place in range(about.num_columns))
            rows = max(1, min(_MOST_ROWS, _STEP_BYTES // max(largest, 1)))
            yield from self._file.iter_batches(rows, row_groups=[group], columns=columns, use_threads=False)

    def _labels(self, batch: pa.RecordBatch) -> list[CellLabel]:
        if not self._columns.labels:
            return [CellLabel()] * batch.num_rows
        return self._columns.read({name: batch.column(name) for name in self._columns.labels})


def _same_task(tables: Sequence[_Table], choices: ImportChoices) -> None:
    """Read all files for one task: in one of them, no item may have several labels."""
    tasks = {table.roles.task for table in tables if table.roles.label is not None}
    task = next((task for task in (MULTILABEL, REGRESSION) if task in tasks), "")
    for table in tables:
        if task and len(tasks) > 1 and table.roles.task != task:
            table.choose(replace(choices, task=task))


def _said(error: Exception) -> str:
    return str(error).strip().rstrip(".")


def _field(column: pa.Array, name: str) -> pa.Array:
    return pc.struct_field(column, name) if pa.types.is_struct(column.type) else column


def _heads(content: pa.Array) -> list[bytes]:
    return [head or b"" for head in pc.binary_slice(content, 0, 4).to_pylist()]


def _name(number: int, path: str, head: bytes) -> str:
    """A name for a row: its number, and the file that the item once was."""
    given = re.sub(r"[\x00-\x1f]", "_", path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1])[-100:].strip()
    suffix = next((suffix for magic, suffix in _SUFFIXES if head.startswith(magic)), "")
    return f"{number:06d}-{given}" if given not in {"", ".", ".."} else f"{number:06d}{suffix}"


def _part(path: PurePosixPath) -> str:
    """The part of the split: from `train-00000-of-00002.parquet`, `test.parquet` or `train/0000.parquet`."""
    shard = _SHARD.fullmatch(path.stem)
    return part_of(shard[1] if shard else path.stem) or next(filter(None, map(part_of, path.parts[-2::-1])), "")
