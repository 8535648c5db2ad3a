"""A folder of ours as one zip: to another computer, or to a safe place.

It knows what goes along. It does not know runs, which `tlcore.runs.packing` does, nor what comes out of a zip from
elsewhere, which `unpacking` does.

    graft.json    what is packed: kind, id, name, files, bytes
    <id>/…        the folder as it is, without what can be made again or is of this very moment
"""

from __future__ import annotations

import zipfile
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tlcore.data.dataset import Dataset
from tlcore.data.edits.log import reading
from tlcore.data.info import FILES, PREVIEWS
from tlcore.disk import expanded
from tlcore.errors import DataError
from tlcore.files import replacing
from tlcore.progress import Pace, Progress
from tlcore.workspace import slug

Kind = Literal["dataset", "run"]
MANIFEST = "graft.json"
MOST_MANIFEST_BYTES = 1 << 20
# Of this very moment, or made again when it is asked for.
PASSING = {"lock", "stop", "pause", "progress.json", PREVIEWS}


class Pack(BaseModel):
    """`graft.json`: what is in the zip; `files` and `bytes` are those below `<id>/`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    kind: Kind
    id: str
    name: str
    files: int
    bytes: int
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Packed:
    """A zip that was written."""

    path: Path
    bytes: int
    pack: Pack


def pack_dataset(dataset: Dataset, path: Path | None = None) -> Generator[Progress, None, Packed]:
    """Write a whole dataset into one zip: items, edits, the locked split, what was checked, and its inbox.

    Without a `path` it lies in the present folder, under the name of the dataset.

    Raises:
        DataError: There is something at `path` already, or it cannot be written.
    """
    name = dataset.info.name
    return pack(dataset.path, "dataset", name, path, holding=reading(dataset.path))


def pack(
    folder: Path, kind: Kind, name: str, path: Path | None, *, holding: AbstractContextManager[Any]
) -> Generator[Progress, None, Packed]:
    """Write a folder of ours into one zip; tables are read while `holding`, items, which never change, after that.

    Raises:
        DataError: There is something at `path` already, or it cannot be written.
    """
    path = expanded(path or Path(f"{slug(name)}.{kind}.zip"))
    if path.exists():
        raise DataError(f"A new place is needed for the zip. There is something at {path}. Name another one.")
    try:
        with replacing(path) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as archive:
            # Items and models are packed already: to pack them again costs time and saves nothing.
            with holding:
                files = list(_files(folder))
                pack_ = Pack(
                    kind=kind,
                    id=folder.name,
                    name=name,
                    files=len(files),
                    bytes=sum(file.stat().st_size for file in files),
                )
                archive.writestr(MANIFEST, pack_.model_dump_json(indent=2))
                items = [file for file in files if file.parent.name == FILES]
                for file in sorted(set(files) - set(items)):
                    archive.write(file, f"{folder.name}/{file.relative_to(folder).as_posix()}")
            pace = Pace(len(items), "Packing files")
            for done, file in enumerate(items, start=1):
                archive.write(file, f"{folder.name}/{file.relative_to(folder).as_posix()}")
                if pace.due():
                    yield pace.at(done)
    except OSError as error:
        raise DataError(
            f"The zip cannot be written to {path}: {error.strerror or error} ({error.filename or path}). Look whether "
            f"the whole {kind} is there, make room, or name another place."
        ) from error
    return Packed(path, path.stat().st_size, pack_)


def packed_kind(archive: Path) -> Kind | None:
    """What a file is a pack of; None where it is something else, such as a zip of items."""
    try:
        with zipfile.ZipFile(archive) as zipped, zipped.open(MANIFEST) as stream:
            return Pack.model_validate_json(stream.read(MOST_MANIFEST_BYTES)).kind
    except (OSError, KeyError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return None


def _files(folder: Path) -> Iterator[Path]:
    """What goes along: no links, nothing hidden, nothing of this moment."""
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        if file.is_file() and not file.is_symlink() and not any(p in PASSING or p.startswith(".") for p in parts):
            yield file
