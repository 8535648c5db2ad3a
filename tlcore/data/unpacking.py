"""A zip that Graft packed, unpacked: checked before anything is written, there in one step or not at all.

It knows what must not come out of a zip from elsewhere. It does not know runs: `tlcore.runs.packing` does.

Every archive's checks are made first (`archive`). Then each file has its place below `<id>/`, an item is what its
name says, and tables and manifests name only files beside them: pages hand out the files that are named there.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from tlcore import disk
from tlcore.data.archive import Entry, Limits, Opened, opening, read, reading
from tlcore.data.dataset import Dataset
from tlcore.data.info import FILES, DatasetInfo, read_table
from tlcore.data.packing import MANIFEST, MOST_MANIFEST_BYTES, PASSING, Kind, Pack
from tlcore.errors import ArchiveError, DataError, ItemError, WorkspaceError
from tlcore.files import CHUNK_BYTES, read_json, remove_tree, write_json
from tlcore.progress import Pace, Progress
from tlcore.workspace import Workspace, fresh_id

_ID = re.compile(r"\w[\w-]{0,120}")
_ITEM = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{1,5}")


def unpack_dataset(
    workspace: Workspace, archive: Path, *, copy: bool = False, limits: Limits | None = None
) -> Generator[Progress, None, Dataset]:
    """Put a packed dataset into the workspace, under its own id; with `copy` under a new one.

    Raises:
        ArchiveError: The zip is damaged, too large or hostile.
        DataError: It is no packed dataset, it does not fit, or a dataset of that id is here.
    """

    def check(folder: Path, id_: str) -> None:
        info = read_json(folder / "dataset.json", DatasetInfo)
        table = read_table(folder / "items.parquet", info.columns)
        missing = [file for file in table["file"] if not (folder / FILES / file).is_file()]
        if missing:
            raise ArchiveError(
                f"Every {info.kind.noun.one} of the dataset is needed. {len(missing):,} of {len(table):,} are not in "
                "the zip. Pack the dataset again."
            )
        if info.id != id_:
            for known in (folder / "dataset.json", folder / "base.json"):
                if known.exists():
                    write_json(known, read_json(known, DatasetInfo).model_copy(update={"id": id_}))

    path = yield from unpack(workspace.datasets, archive, "dataset", check, copy=copy, limits=limits)
    return Dataset(path)


def unpack(
    home: Path,
    archive: Path,
    kind: Kind,
    check: Callable[[Path, str], None],
    *,
    copy: bool = False,
    limits: Limits | None = None,
) -> Generator[Progress, None, Path]:
    """Unpack a zip of ours below `home`; it appears when it is whole and `check(folder, id)` has found no fault.

    Raises:
        ArchiveError: The zip is damaged, too large or hostile.
        DataError: It is not a pack of that kind, it does not fit, or its id is taken.
    """
    limits, archive = limits or Limits(), disk.expanded(archive)
    if not zipfile.is_zipfile(archive):
        came = "is no zip, or is damaged" if archive.exists() else "is not there"
        raise DataError(
            f"A zip that holds a packed {kind} is needed. {archive} {came}. Check the path, or copy it again."
        )
    with opening(archive, limits) as opened:
        pack_ = _manifest(opened, archive, kind)
        id_ = fresh_id(pack_.name) if copy else pack_.id
        if (home / id_).exists():
            raise DataError(
                f"A {kind} that is not here yet is needed. {pack_.id} is here already. Delete that one first, or "
                "unpack a copy under an id of its own on the command line (`unpack --copy`)."
            )
        making = home / f".unpacking-{secrets.token_hex(6)}"
        try:
            yield from _write(opened, archive, pack_.id, making)
            with _told_of(archive):
                check_names(making)
                check(making, id_)
            making.replace(home / id_)
        except OSError as error:
            raise DataError(
                f"What is in {archive.name} must be written to {home}. That failed: {error.strerror}. Make room."
            ) from error
        finally:
            remove_tree(making)
    return home / id_


@contextmanager
def _told_of(archive: Path) -> Iterator[None]:
    """Say which zip it is that a fault was found in."""
    try:
        yield
    except ArchiveError as error:
        raise ArchiveError(f"{archive.name} is refused. {error}") from error
    except WorkspaceError as error:
        raise ArchiveError(f"{archive.name} is damaged. {error} Pack it again.") from error


def _manifest(opened: Opened, archive: Path, kind: Kind) -> Pack:
    entry = next((entry for entry in opened.entries if entry.name == MANIFEST), None)
    if entry is None:
        raise DataError(
            f"A {kind} that Graft packed is needed. {archive.name} has no {MANIFEST} in it. New data is taken in on "
            "the Data page, or with `data add`."
        )
    try:
        pack_ = Pack.model_validate_json(read(opened, entry, most=MOST_MANIFEST_BYTES))
    except (ValidationError, ItemError) as error:
        raise ArchiveError(
            f"The {MANIFEST} in {archive.name} cannot be read: it is damaged, or of a newer Graft. Pack it again, or "
            "update Graft."
        ) from error
    if not _ID.fullmatch(pack_.id):
        raise ArchiveError(f"{archive.name} is refused: its id '{pack_.id}' cannot be the name of a folder.")
    if pack_.kind != kind:
        where = "data unpack" if pack_.kind == "dataset" else "runs unpack"
        raise DataError(f"A packed {kind} is needed. {archive.name} is a packed {pack_.kind}: `{where}` takes it.")
    return pack_


def _write(opened: Opened, archive: Path, id_: str, making: Path) -> Generator[Progress, None, None]:
    entries = [entry for entry in opened.entries if entry.name != MANIFEST]
    _check_places(archive, id_, entries)
    wanted, free = sum(entry.size for entry in entries), disk.free_bytes(making.parent)
    if said := disk.lack("The unpacked files need", {"for the files": wanted}, place=making.parent, free=free):
        raise DataError(f"{said} Make room there, or set GRAFT_HOME to a folder on another disk.")
    making.mkdir()
    pace = Pace(len(entries), "Unpacking files")
    yield pace.at(0)
    for done, entry in enumerate(entries, start=1):
        target = making.joinpath(*entry.path.parts[1:])
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with reading(opened, entry) as stream, target.open("wb") as out:
                digest = _copy(stream, out)
        except ItemError as error:
            raise ArchiveError(f"{archive.name} is damaged at {entry.name}. {error} Copy or pack it again.") from error
        if target.parent.name == FILES and target.stem != digest:
            raise ArchiveError(
                f"{archive.name} is refused. {entry.name} is not the file that its name says. Pack it again."
            )
        if pace.due():
            yield pace.at(done)


def _copy(stream: BinaryIO, out: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK_BYTES):
        out.write(chunk)
        digest.update(chunk)
    return digest.hexdigest()


def _check_places(archive: Path, id_: str, entries: list[Entry]) -> None:
    """Every file lies below `<id>/`, under a name of its own that hides nothing."""
    seen: set[str] = set()
    for entry in entries:
        parts = entry.path.parts
        strange = len(parts) < 2 or parts[0] != id_ or any(part.startswith(".") for part in parts)
        if strange or parts[1] in PASSING or entry.name.casefold() in seen:
            raise ArchiveError(
                f"{archive.name} is refused. '{entry.name}' is not where Graft packs files, or is there twice. Pack it "
                "again."
            )
        if parts[-2] == FILES and not _ITEM.fullmatch(parts[-1]):
            raise ArchiveError(f"{archive.name} is refused. '{entry.name}' is no file that Graft packs.")
        seen.add(entry.name.casefold())


def check_names(folder: Path) -> None:
    """Look whether every table and every JSON file names only files that lie beside it or among the items.

    Raises:
        ArchiveError: One names a file elsewhere.
    """
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            names: Iterator[Any] = iter(_column(path))
        elif path.suffix in {".json", ".jsonl"}:
            names = _named(path)
        else:
            continue
        for name in names:
            if not _is_plain(name):
                raise ArchiveError(f"{path.relative_to(folder)} names the file '{name}', which is not beside it.")


def _is_plain(name: Any) -> bool:
    return isinstance(name, str) and name not in {"", ".", ".."} and not set("/\\") & set(name)


def _column(path: Path) -> list[Any]:
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        if "file" not in file.schema_arrow.names:
            return []
        found: list[Any] = file.read(columns=["file"]).column("file").unique().to_pylist()
        return found
    except (OSError, ValueError) as error:
        raise ArchiveError(f"The table {path.name} cannot be read: {error}.") from error


def _named(path: Path) -> Iterator[Any]:
    """What stands as `file` anywhere in a JSON file; what cannot be read is told by whoever needs it."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for line in text.splitlines() if path.suffix == ".jsonl" else [text]:
        try:
            waiting = [json.loads(line)]
        except (ValueError, RecursionError):
            continue
        while waiting:
            found = waiting.pop()
            if isinstance(found, dict):
                if found.get("file") is not None:
                    yield found["file"]
                waiting += found.values()
            elif isinstance(found, list):
                waiting += found
