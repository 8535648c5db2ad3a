"""Take pictures in: a zip or a folder becomes a dataset, or more pictures of one.

It knows the order of the work and what to say about it. It does not know formats (`pixels`), archives (`archive`),
labels (`labels`) or what is written (`staging`).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tlcore.data.archive import Entry, Limits, Opened, opening, read
from tlcore.data.columns import keep_columns, values_of
from tlcore.data.dataset import Dataset, list_datasets
from tlcore.data.examine import Examiner
from tlcore.data.labels import Place, Plan, plan
from tlcore.data.parquet import WithRows, unrolled
from tlcore.data.progress import Pace, Progress
from tlcore.data.staging import Item, LeftOut, Staging
from tlcore.errors import DataError, PictureError, WorkspaceError
from tlcore.workspace import Workspace

TABLE_BYTES = 200 * 10**6
_WAITING_PER_THREAD = 4


@dataclass(frozen=True)
class IntakeReport:
    """What became of what was given.

    Attributes:
        kept: Pictures that the dataset gained, the fixed ones among them.
        fixed: Those that had something to put right, such as a name that says JPEG for a PNG.
        left_out: Every file that was not taken, with the reason.
        notes: Sentences to show, such as which columns of a CSV were taken.
    """

    dataset: Dataset
    kept: int
    fixed: int
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]


def ingest(
    workspace: Workspace,
    source: Path,
    *,
    name: str | None = None,
    label: str | None = None,
    into: Dataset | None = None,
    threads: int | None = None,
    limits: Limits | None = None,
) -> Generator[Progress, None, IntakeReport]:
    """Take in a zip or a folder; the dataset appears only when it is whole.

    Args:
        workspace: Where the dataset is made.
        source: The zip, the folder or the Parquet file; it is only read.
        name: Of the new dataset; else that of the source.
        label: The class of pictures that neither a folder nor a table gives one.
        into: The dataset that gets the pictures, instead of a new one.
        threads: That decode; else as many as there are processors.
        limits: Of archives and files.

    Raises:
        ArchiveError: The archive is damaged, too large or hostile.
        DataError: There is nothing that can be used, or a class has to be given. Nothing is left behind.
    """
    limits = limits or Limits()
    yield Progress(0, 0, note="Looking at the files")
    source = source.expanduser()
    _check_apart(workspace, source)
    with opening(source, limits) as given, unrolled(given, limits) as opened:
        if not opened.entries:
            why = " ".join(f"{file}: {reason}" for file, reason in opened.left_out[:3])
            raise DataError(
                f"A zip or a folder with pictures is needed. {source.name} has no files in it. {why}".strip()
            )
        found = _plan(opened, label)
        if found.loose and not label:
            raise DataError(
                "A class is needed for these pictures: they lie in no folder that names one, and no CSV does. "
                "Put them into one folder for each class, or say the class."
            )
        with Staging(workspace, into) as staging:
            staging.leave_out(*(LeftOut(file, reason) for file, reason in (*opened.left_out, *found.skipped)))
            yield from examine_all(opened, found.places, staging, limits=limits, threads=threads)
            yield Progress(staging.seen, staging.seen, note="Writing the table")
            before = () if into is None else tuple(into.all_items()["sha256"])
            published = staging.publish(name=name or _free_name(workspace, source), notes=found.notes)
        said = values_of([entry.path for entry in opened.entries], _reader(opened))
        keep_columns(published.dataset, said, apart=before)
    return IntakeReport(published.dataset, published.kept, published.fixed, published.left_out, published.notes)


def sample(workspace: Workspace) -> Generator[Progress, None, IntakeReport]:
    """Take in the built-in sample: textile inspection, 2,000 pictures, three classes (conformal-clip-data, MIT).

    Raises:
        DataError: The package with the pictures is not installed.
    """
    try:
        from conformal_clip_data import textile_simulated_root
    except ImportError as error:
        raise DataError(
            "The sample needs the package conformal-clip-data, which is not installed. Install it with pip."
        ) from error
    return (yield from ingest(workspace, Path(textile_simulated_root()), name="Textile inspection"))


def needs_label(source: Path) -> bool:
    """Whether a person must be asked for a class, because neither folders nor a table name one.

    Raises:
        ArchiveError: The archive is damaged, too large or hostile.
        DataError: It is neither a zip nor a folder.
    """
    with opening(source.expanduser()) as given, unrolled(given, Limits()) as opened:
        return bool(opened.entries) and _plan(opened, None).loose


def _check_apart(workspace: Workspace, source: Path) -> None:
    ours, given = workspace.datasets.resolve(), source.resolve()
    if ours.is_relative_to(given) or given.is_relative_to(ours):
        raise DataError(
            f"A folder with pictures of yours is needed. {source} holds Graft's own copies of pictures. "
            "Give the folder that they came from, or one beside it."
        )


def _reader(opened: Opened) -> Callable[[PurePosixPath], bytes]:
    by_path = {entry.path: entry for entry in opened.entries}

    def content(path: PurePosixPath) -> bytes:
        try:
            return read(opened, by_path[path], most=TABLE_BYTES)
        except PictureError:
            return b""  # a table that cannot be read names nothing

    return content


def _plan(opened: WithRows, label: str | None) -> Plan:
    paths = tuple(entry.path for entry in opened.entries)
    found = plan(paths, _reader(opened), label.strip() if label else None, opened.known)
    found.notes = [*opened.notes, *found.notes]
    return found


def examine_all(
    opened: Opened,
    places: Mapping[PurePosixPath, Place],
    staging: Staging,
    *,
    limits: Limits,
    threads: int | None = None,
) -> Generator[Progress, None, None]:
    """Open every file that has a place, on several threads, and put what came of it into `staging`."""
    threads = threads or _processors()
    entries = [entry for entry in opened.entries if entry.path in places]
    staging.check_space(sum(entry.size for entry in entries))
    examiner = Examiner(opened, limits)
    pace = Pace(len(entries), "Taking in pictures")
    waiting: deque[Future[Item | LeftOut]] = deque()
    yield pace.at(0)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="intake")
    try:
        for done, entry in enumerate(entries):
            waiting.append(pool.submit(_take_one, entry, places[entry.path], examiner, staging))
            if len(waiting) > threads * _WAITING_PER_THREAD:
                staging.add(waiting.popleft().result())
            if pace.due():
                yield pace.at(done + 1 - len(waiting))
        while waiting:
            staging.add(waiting.popleft().result())
            if pace.due():
                yield pace.at(len(entries) - len(waiting))
    finally:
        # Also when the reader goes away in the middle, or a fault stops the work.
        pool.shutdown(wait=True, cancel_futures=True)
    yield pace.at(len(entries))


def _take_one(entry: Entry, place: Place, examiner: Examiner, staging: Staging) -> Item | LeftOut:
    if not place.label:
        return LeftOut(entry.name, examiner.fault(entry) or place.reason)
    try:
        with examiner.examining(entry) as picture:
            file = staging.keep(picture.sha256 + picture.suffix, picture.content)
    except PictureError as error:
        return LeftOut(entry.name, str(error))
    except OSError as error:
        raise WorkspaceError(
            f"The pictures are copied to {staging.path.parent}, which cannot be written: {error.strerror}. "
            "Make room there, or set GRAFT_HOME to another folder."
        ) from error
    return Item(
        sha256=picture.sha256,
        file=file,
        label=place.label,
        split=place.split,
        width=picture.width,
        height=picture.height,
        source=entry.name,
        flags=",".join(picture.flags),
        fixed=picture.fixed,
        group=place.group,
    )


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _free_name(workspace: Workspace, source: Path) -> str:
    taken = {dataset.info.name for dataset in list_datasets(workspace)}
    base = (source.name if source.is_dir() else source.stem) or source.resolve().name or "Pictures"
    number = 1
    while (name := base if number == 1 else f"{base} {number}") in taken:
        number += 1
    return name
