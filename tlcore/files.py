"""Writes files that survive a crash: under another name and then renamed, or appended and synced.

It knows bytes, JSON, tables and schemas. It does not know what they mean or where they belong.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from tlcore.errors import WorkspaceError

if TYPE_CHECKING:
    import pandas as pd

Model = TypeVar("Model", bound=BaseModel)
CHUNK_BYTES = 1 << 20
SECONDS_BETWEEN_TRIES = 0.1


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; it takes the name of `path` when the block ends without a fault."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(descriptor)
    beside = Path(name)
    try:
        yield beside
        _sync(beside)
        beside.chmod(0o644)  # mkstemp makes files that only their owner can read
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` so that a reader sees the old file or the new one, never a part."""
    with replacing(path) as beside:
        beside.write_bytes(content)


def write_json(path: Path, content: BaseModel | dict[str, Any] | list[Any]) -> None:
    """Write JSON (UTF-8, indented) in one step."""
    text = (
        content.model_dump_json(indent=2)
        if isinstance(content, BaseModel)
        else json.dumps(content, indent=2, ensure_ascii=False)
    )
    write_bytes(path, (text + "\n").encode())


def read_json(path: Path, schema: type[Model]) -> Model:
    """Read a JSON file and check it against its schema.

    Raises:
        WorkspaceError: The file is missing, damaged or does not follow the schema.
    """
    try:
        return schema.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise WorkspaceError(f"The file {path.name} is needed in {path.parent}, but it is not there.") from error
    except (OSError, ValueError) as error:
        raise WorkspaceError(
            f"The file {path.name} should follow the schema {schema.__name__}. It could not be read: {_said(error)}. "
            f"Restore {path} from a copy, or delete the folder it is in."
        ) from error


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a table, or some of its columns; a reader sees the old table or the new one, never a part of each.

    Given a path, Arrow opens the file twice, and by the second time `replacing` may have put another in its place:
    here it is opened once.

    Raises:
        OSError: The file is missing (`FileNotFoundError`), or cannot be read.
        ValueError: It is damaged, or lacks a column.
    """
    import pandas as pd  # both take a second, and most who handle files want no table
    import pyarrow as pa

    with pa.OSFile(str(path)) as stream:
        return pd.read_parquet(stream, columns=None if columns is None else list(columns))


def append_line(path: Path, line: str) -> None:
    """Append one line and wait until it is on the disk."""
    with path.open("ab") as stream:
        stream.write(line.encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def read_lines(path: Path) -> list[str]:
    """Read the whole lines of an appended file; a torn last line is left out, a missing file has none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    whole, _, _torn = content.rpartition(b"\n")
    return whole.decode(errors="replace").split("\n") if whole else []


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def remove_tree(path: Path) -> None:
    """Delete a folder so that no reader sees a half-deleted one: it is renamed first, then emptied."""
    if not path.exists():
        return
    doomed = path.with_name(f".deleting-{path.name}")
    shutil.rmtree(doomed, ignore_errors=True)
    path.replace(doomed)
    emptied(doomed)


def emptied(folder: Path, *, seconds: float = 2.0) -> bool:
    """Delete a folder, with retries while another process still writes to it; return whether it is gone."""
    until = time.monotonic() + seconds
    while True:
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists() or time.monotonic() >= until:
            return not folder.exists()
        time.sleep(SECONDS_BETWEEN_TRIES)


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Give an empty folder among the temporary files, which is deleted afterwards.

    That it cannot be deleted is no fault of what was done in it: it is logged, and the folder stays.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield folder
    finally:
        if not emptied(folder):
            logging.getLogger(__name__).warning("The temporary folder %s cannot be deleted. Delete it by hand.", folder)


def tree_bytes(path: Path) -> int:
    """The size of a file, or of every file below a folder, in bytes."""
    if path.is_file():
        return path.stat().st_size
    return sum(entry.stat().st_size for entry in path.rglob("*") if entry.is_file())


def _said(error: Exception) -> str:
    """Say in a few words what is wrong: pydantic's own text has many lines and links to its manual."""
    if not isinstance(error, ValidationError):
        return str(error)
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(": ".join(filter(None, (".".join(map(str, fault["loc"])), fault["msg"]))) for fault in faults)


def _sync(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
