"""Pictures in the rows of Parquet files, as Hugging Face keeps its image datasets: each row as if it were a file.

A picture is a struct `{bytes, path}` or a plain column of bytes; its class is a `ClassLabel`, whose names stand in the
schema's metadata, or text (https://huggingface.co/docs/hub/datasets-image). It knows Arrow and its columns. It does not
know pictures.

Nothing that a file says of itself is believed where memory depends on it: rows are read a few at a time, the fewer the
more a column could unfold to, and a file whose pictures would together be far larger than itself is refused.
"""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from threading import Lock
from typing import BinaryIO, Protocol
from unicodedata import normalize

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tlcore.data.archive import PARQUET_MAGIC, Entry, Limits, Opened, check_amount, check_ratio, reading
from tlcore.data.import_plan import Place
from tlcore.data.parquet_columns import choose_columns
from tlcore.data.value_kinds import part_of
from tlcore.errors import PictureError

SUFFIX = ".parquet"
_NO_CLASS = "The table gives this picture no class."
_NOT_HELD = "The table names this picture but does not hold it."
_NO_PICTURES = "This Parquet file has no column of pictures."
# What a dictionary-encoded column could unfold to in one step, and how many rows at most that may be.
_STEP_BYTES, _MOST_ROWS = 256 * 10**6, 64
# How many pictures wait that somebody will ask for soon: pictures are taken in on several threads, nearly in order.
_WINDOW = 256
_FIRST_ROWS = 1000
_BUFFER_BYTES = 1 << 20
_SHARD = re.compile(r"(.+?)-\d{5}-of-\d{5}")
_SUFFIXES = ((b"\xff\xd8\xff", ".jpg"), (b"\x89PNG", ".png"), (b"GIF8", ".gif"), (b"BM", ".bmp"), (b"RIFF", ".webp"))


class WithRows(Opened, Protocol):
    """What was opened, with what is known about the rows that are pictures.

    Attributes:
        known: The class and the part of each.
        notes: Where the classes come from, in sentences.
        refusal: What there is instead of one class for each picture, in a sentence; empty where there are classes.
        rivals: Columns that could be the class, that which was taken first; empty where one is.
    """

    known: dict[PurePosixPath, Place]
    notes: list[str]
    refusal: str
    rivals: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    table: _Table
    number: int


@contextmanager
def unrolled(opened: Opened, limits: Limits, label_column: str | None = None) -> Iterator[WithRows]:
    """Put the rows of every Parquet file with pictures in the place of the file, until the block ends.

    Args:
        opened: The files.
        limits: Of archives and files.
        label_column: The column of the classes that a person chose; else by the schema or by the first rows.

    Raises:
        DataError: There is no such column.
        ArchiveError: There are too many rows, or they would unfold to far more than the files hold.
    """
    with ExitStack() as stack:
        yield _Unrolled(opened, limits, stack, label_column)


class _Unrolled:
    def __init__(self, opened: Opened, limits: Limits, stack: ExitStack, label_column: str | None) -> None:
        self._opened = opened
        self.refusal = ""
        self.rivals: tuple[str, ...] = ()
        self.encoding = opened.encoding
        self.known: dict[PurePosixPath, Place] = {}
        said: dict[str, list[str]] = defaultdict(list)
        left_out, entries, total = list(opened.left_out), [], 0
        for entry in opened.entries:
            if entry.path.suffix.casefold() != SUFFIX:
                entries.append(entry)
                continue
            try:
                table = _Table(stack.enter_context(_seekable(opened, entry)), entry.path, label_column)
            except PictureError as error:
                left_out.append((entry.name, str(error)))
                continue
            unpacked = 0
            for row, place in table.pictures(left_out, limits):
                entries.append(row)
                self.known[row.path] = place
                unpacked, total = unpacked + row.size, total + row.size
                check_amount(entry.name, len(entries), total, limits)
                check_ratio(entry.name, unpacked, entry.size, limits)
            said[table.sentence].append(entry.name)
            self.refusal = self.refusal or table.refusal
            self.rivals = self.rivals or table.rivals
        self.notes = [
            sentence.format(files[0] if len(files) == 1 else f"{len(files):,} Parquet files")
            for sentence, files in said.items()
        ]
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
            raise PictureError("This is not a Parquet file, whatever its name says.")
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

    def __init__(self, stream: BinaryIO, path: PurePosixPath, label_column: str | None = None) -> None:
        self._path = path
        try:
            self._file = pq.ParquetFile(stream, buffer_size=_BUFFER_BYTES)
            columns = choose_columns(self._file.schema_arrow, self._first_rows, label_column)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise PictureError(f"This Parquet file is damaged: {_said(error)}.") from error
        if columns is None:
            raise PictureError(_NO_PICTURES)
        self._columns = columns
        self._lock = Lock()
        self._waiting: dict[int, bytes] = {}
        self._next = 0
        self._rows: Iterator[tuple[int, bytes]] = iter(())

    @property
    def sentence(self) -> str:
        """Where the classes come from, with a place for the name of the file."""
        if self._columns.label is None:
            return "No column of {} says which class the pictures have."
        label = self._columns.label.replace("{", "{{").replace("}", "}}")
        return f"The classes come from column '{label}' of {{}}."

    @property
    def refusal(self) -> str:
        """Say what there is instead of one class for each picture."""
        return self._columns.refusal and f"{self._path} has something else: {self._columns.refusal}"

    @property
    def rivals(self) -> tuple[str, ...]:
        """Name the columns that could be the class, that which was taken first; empty where one is."""
        label = self._columns.label
        return (label, *self._columns.rivals) if label is not None and self._columns.rivals else ()

    def _first_rows(self, columns: list[str]) -> list[tuple[str, ...]]:
        if not self._file.num_row_groups:
            return []
        rows: list[tuple[str, ...]] = []
        for batch in self._batches(columns, range(self._file.num_row_groups)):
            rows += zip(*(_as_texts(batch.column(name)) for name in columns), strict=True)
            if len(rows) >= _FIRST_ROWS:
                break
        return rows

    def pictures(self, left_out: list[tuple[str, str]], limits: Limits) -> Iterator[tuple[Entry, Place]]:
        """Every row that holds a picture, with its class and part; the others are told of in `left_out`."""
        split = _part(self._path)
        check_amount(str(self._path), self._file.metadata.num_rows, 0, limits)
        number = 0
        try:
            for batch in self._batches(self._columns.wanted, range(self._file.num_row_groups)):
                picture = batch.column(self._columns.picture)
                content = _field(picture, "bytes")
                sizes, heads = pc.binary_length(content).to_pylist(), _heads(content)
                paths = _as_texts(_field(picture, "path")) if self._columns.path else [""] * len(sizes)
                labels = self._labels(batch)
                for size, head, path, label in zip(sizes, heads, paths, labels, strict=True):
                    name = self._path / _name(number, path, head)
                    if size:
                        place = Place(label, split, "" if label else _NO_CLASS)
                        yield Entry(name, size, _Row(self, number)), place
                    else:
                        left_out.append((str(name), _NOT_HELD))
                    number += 1
        except (pa.ArrowException, OSError, ValueError) as error:
            left_out.append((str(self._path), f"This Parquet file is damaged from row {number:,} on: {_said(error)}."))

    def content(self, number: int) -> bytes:
        """The bytes of one picture; each is given once without being read again."""
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
        raise PictureError("The Parquet file is damaged: this row cannot be read.")

    def _from(self, number: int) -> Iterator[tuple[int, bytes]]:
        group, row = 0, 0
        while group < self._file.num_row_groups - 1 and row + self._file.metadata.row_group(group).num_rows <= number:
            row += self._file.metadata.row_group(group).num_rows
            group += 1
        for batch in self._batches([self._columns.content], range(group, self._file.num_row_groups)):
            for value in _field(batch.column(self._columns.picture), "bytes"):
                yield row, value.as_py() or b""
                row += 1

    def _batches(self, columns: list[str], groups: Sequence[int]) -> Iterator[pa.RecordBatch]:
        for group in groups:
            about = self._file.metadata.row_group(group)
            # A dictionary holds each value once; a step could hold the largest as often as it has rows.
            largest = max(about.column(place).total_uncompressed_size for place in range(about.num_columns))
            rows = max(1, min(_MOST_ROWS, _STEP_BYTES // max(largest, 1)))
            yield from self._file.iter_batches(rows, row_groups=[group], columns=columns, use_threads=False)

    def _labels(self, batch: pa.RecordBatch) -> list[str]:
        if self._columns.label is None:
            return [""] * batch.num_rows
        values, names = batch.column(self._columns.label).to_pylist(), self._columns.names
        if names is not None:
            return [names[value] if isinstance(value, int) and 0 <= value < len(names) else "" for value in values]
        return _as_texts(batch.column(self._columns.label))


def _said(error: Exception) -> str:
    return str(error).strip().rstrip(".")


def _field(column: pa.Array, name: str) -> pa.Array:
    return pc.struct_field(column, name) if pa.types.is_struct(column.type) else column


def _heads(content: pa.Array) -> list[bytes]:
    return [head or b"" for head in pc.binary_slice(content, 0, 4).to_pylist()]


def _as_texts(column: pa.Array) -> list[str]:
    """Values as a person would write them; lists with a bar between their elements."""
    return [_as_text(value) for value in column.to_pylist()]


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "|".join(_as_text(one) for one in value)
    return normalize("NFC", str(value)).strip()


def _name(number: int, path: str, head: bytes) -> str:
    """A name for a row: its number, and the file that the picture once was."""
    given = re.sub(r"[\x00-\x1f]", "_", path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1])[-100:].strip()
    suffix = next((suffix for magic, suffix in _SUFFIXES if head.startswith(magic)), "")
    return f"{number:06d}-{given}" if given not in {"", ".", ".."} else f"{number:06d}{suffix}"


def _part(path: PurePosixPath) -> str:
    """The part of the split: from `train-00000-of-00002.parquet`, `test.parquet` or `train/0000.parquet`."""
    shard = _SHARD.fullmatch(path.stem)
    return part_of(shard[1] if shard else path.stem) or next(filter(None, map(part_of, path.parts[-2::-1])), "")
