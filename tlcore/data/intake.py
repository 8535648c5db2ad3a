"""Take items in: a zip or a folder becomes a dataset, or more items of one.

It knows the order of the work and what to say about it. It does not know formats (`pixels`), archives (`archive`),
labels (`label_sources`) or what is written (`staging`).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from tlcore.data.archive import Entry, Limits, Opened, opening
from tlcore.data.dataset import Dataset, list_datasets
from tlcore.data.examine import Examiner
from tlcore.data.import_plan import ImportChoices, Place
from tlcore.data.import_preview import check_any, check_sure, choices_into, understand
from tlcore.data.metadata import keep_columns
from tlcore.data.parquet import unrolled
from tlcore.data.staging import Item, Labels, LeftOut, Staging
from tlcore.disk import expanded
from tlcore.errors import DataError, ItemError, WorkspaceError
from tlcore.modalities import NOUN, modality_of
from tlcore.progress import Pace, Progress
from tlcore.threads import map_bounded
from tlcore.workspace import Workspace


@dataclass(frozen=True)
class IntakeReport:
    """What became of what was given.

    Attributes:
        kept: Items that the dataset gained, the fixed ones among them.
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
    choices: ImportChoices | None = None,
) -> Generator[Progress, None, IntakeReport]:
    """Take in a zip or a folder; the dataset appears only when it is whole.

    Args:
        workspace: Where the dataset is made.
        source: The zip, the folder or the Parquet file; it is only read.
        name: Of the new dataset; else that of the source.
        label: The class of items that neither a folder nor a table gives one.
        into: The dataset that gets the items, instead of a new one.
        threads: That decode; else as many as there are processors.
        limits: Of archives and files.
        choices: What a person chose, where evidence is not enough.

    Raises:
        ArchiveError: The archive is damaged, too large or hostile.
        ImportQuestionError: It can be understood in several ways, or its classes look wrong.
        DataError: There is nothing that can be used, or a class has to be given. Nothing is left behind.
    """
    limits, choices = limits or Limits(), choices_into(choices or ImportChoices(), into)
    choices = replace(choices, label=label.strip()) if label and label.strip() else choices
    yield Progress(0, 0, note="Looking at the files")
    source = expanded(source)
    _check_apart(workspace, source)
    with opening(source, limits, choices.encoding) as given, unrolled(given, limits, choices) as opened:
        check_any(opened, source)
        found = understand(opened, choices)
        check_sure(found, choices)
        modality = into.modality if into is not None else modality_of(found.places)
        with Staging(workspace, into, modality) as staging:
            staging.leave_out(*(LeftOut(file, reason) for file, reason in (*opened.left_out, *found.skipped)))
            yield from examine_all(opened, found.places, staging, limits=limits, threads=threads)
            yield Progress(staging.seen, staging.seen, note="Writing the table")
            before = () if into is None else tuple(into.all_items()["sha256"])
            labels = Labels(found.task, found.value_name, found.unit, united=found.united)
            published = staging.publish(name=name or _free_name(workspace, source), notes=found.notes, labels=labels)
        keep_columns(published.dataset, found.values(), apart=before)
    return IntakeReport(published.dataset, published.kept, published.fixed, published.left_out, published.notes)


def sample(workspace: Workspace) -> Generator[Progress, None, IntakeReport]:
    """Take in the built-in sample: textile inspection, 2,000 items, three classes (conformal-clip-data, MIT).

    Raises:
        DataError: The package with the items is not installed.
    """
    return (yield from ingest(workspace, sample_folder(), name="Textile inspection"))


def sample_folder() -> Path:
    """Find the items of the sample.

    Raises:
        DataError: The package with them is not installed.
    """
    try:
        from conformal_clip_data import textile_simulated_root
    except ImportError as error:
        raise DataError(
            "The sample needs the package conformal-clip-data, which is not installed. Install it with pip."
        ) from error
    return Path(textile_simulated_root())


def _check_apart(workspace: Workspace, source: Path) -> None:
    ours, given = workspace.datasets.resolve(), source.resolve()
    if ours.is_relative_to(given) or given.is_relative_to(ours):
        raise DataError(
            f"A folder with {NOUN.many} of yours is needed. {source} holds Graft's own copies of {NOUN.many}. "
            "Give the folder that they came from, or one beside it."
        )


def examine_all(
    opened: Opened,
    places: Mapping[PurePosixPath, Place],
    staging: Staging,
    *,
    limits: Limits,
    threads: int | None = None,
) -> Generator[Progress, None, None]:
    """Open every file that has a place, on several threads, and put what came of it into `staging`."""
    entries = [entry for entry in opened.entries if entry.path in places]
    staging.check_space(sum(entry.size for entry in entries))
    examiner = Examiner(opened, limits, staging.modality)
    pace = Pace(len(entries), f"Taking in {staging.modality.noun.many}")
    yield pace.at(0)

    def take(entry: Entry) -> Item | LeftOut:
        return _take_one(entry, places[entry.path], examiner, staging)

    for done, taken in enumerate(map_bounded(take, entries, threads=threads), start=1):
        staging.add(taken)
        if pace.due():
            yield pace.at(done)
    yield pace.at(len(entries))


def _take_one(entry: Entry, place: Place, examiner: Examiner, staging: Staging) -> Item | LeftOut:
    if not place.known:
        return LeftOut(entry.name, examiner.fault(entry) or place.reason)
    try:
        with examiner.examining(entry) as item:
            file = staging.keep(item.sha256 + item.suffix, item.content)
            staging.measure(item.sha256, item.sample)
    except ItemError as error:
        return LeftOut(entry.name, str(error))
    except OSError as error:
        raise WorkspaceError(
            f"The {staging.modality.noun.many} are copied to {staging.path.parent}, which cannot be written: "
            f"{error.strerror}. Make room there, or set GRAFT_HOME to another folder."
        ) from error
    return Item(
        sha256=item.sha256,
        file=file,
        label=place.label,
        split=place.split,
        facts=item.facts,
        source=entry.name,
        flags=",".join(item.flags),
        fixed=item.fixed,
        group=place.group,
    )


def _free_name(workspace: Workspace, source: Path) -> str:
    taken = {dataset.info.name for dataset in list_datasets(workspace)}
    base = (source.name if source.is_dir() else source.stem) or source.resolve().name or NOUN.many.capitalize()
    number = 1
    while (name := base if number == 1 else f"{base} {number}") in taken:
        number += 1
    return name
