"""What an import would do, told before anything is made: the preview of the Data page and of `data add --dry-run`.

It knows the order in which a source is looked at. It makes nothing and opens no item.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from tlcore.data.archive import Limits, Opened, opening, read
from tlcore.data.dataset import Dataset
from tlcore.data.encodings import Decoded, canonical
from tlcore.data.import_plan import ImportChoices, ImportPlan, Reading
from tlcore.data.import_review import LABEL_NEEDED
from tlcore.data.label_cells import REGRESSION
from tlcore.data.label_sources import plan
from tlcore.data.parquet import WithRows, unrolled
from tlcore.data.shared_items import several_folders
from tlcore.data.staging import LeftOut
from tlcore.disk import expanded
from tlcore.errors import DataError, ImportQuestionError, ItemError
from tlcore.modalities import NOUN
from tlcore.tasks import TASKS

TABLE_BYTES = 200 * 10**6
_MOST_TABLES = 10


@dataclass(frozen=True)
class ImportPreview:
    """What an import would do, before anything is made.

    Attributes:
        plan: What was understood, with the questions.
        left_out: What will be left out for sure, with the reasons; files that turn out to be no items come on top.
        files: How many files there are.
        new_classes: Those that the dataset that is added to does not have yet.
        encoding: How names were decoded that do not say their encoding; None where all do.
    """

    plan: ImportPlan
    left_out: tuple[LeftOut, ...]
    files: int
    new_classes: tuple[str, ...] = ()
    encoding: Decoded | None = None


def preview(
    source: Path,
    choices: ImportChoices | None = None,
    *,
    into: Dataset | None = None,
    limits: Limits | None = None,
) -> ImportPreview:
    """Look at a source and say what an import of it would do; no item is opened.

    Raises:
        ArchiveError: The archive is damaged, too large or hostile.
        DataError: There is nothing that can be used, or a choice does not fit.
    """
    choices, limits = choices_into(choices or ImportChoices(), into), limits or Limits()
    source = expanded(source)
    with opening(source, limits, choices.encoding) as given, unrolled(given, limits, choices) as opened:
        check_any(opened, source)
        found = understand(opened, choices)
        left_out = [
            LeftOut(file, reason) for file, reason in (*opened.left_out, *found.skipped, *found.without_class())
        ]
        before = set(into.info.classes) if into is not None else set()
        new = tuple(sorted(found.counts().keys() - before)) if into is not None else ()
        return ImportPreview(found, tuple(left_out), len(opened.entries), new, opened.encoding)


def read_examples(
    source: Path, paths: Sequence[PurePosixPath], choices: ImportChoices | None = None
) -> dict[PurePosixPath, bytes]:
    """Read some files of a source, to show them; those that cannot be read are missing."""
    limits, found = Limits(), {}
    encoding = choices.encoding if choices else None
    with opening(expanded(source), limits, encoding) as given, unrolled(given, limits) as opened:
        by_path = {entry.path: entry for entry in opened.entries}
        for path in paths:
            with suppress(ItemError, KeyError):
                found[path] = read(opened, by_path[path], most=limits.file_bytes)
    return found


def needs_label(source: Path) -> bool:
    """Whether a person must be asked for a class, because neither folders nor a table name one.

    Raises:
        ArchiveError: The archive is damaged, too large or hostile.
        DataError: It is neither a zip nor a folder.
    """
    with opening(expanded(source)) as given, unrolled(given, Limits()) as opened:
        return bool(opened.entries) and understand(opened, ImportChoices()).loose


def choices_into(choices: ImportChoices, into: Dataset | None) -> ImportChoices:
    """Choose the task of the dataset that is added to.

    Raises:
        DataError: Another task was chosen.
    """
    if into is None:
        return choices
    info = into.info
    if choices.task not in {None, info.task}:
        raise DataError(
            f"{NOUN.many.capitalize()} for the task of {info.name} are needed, {TASKS[info.task].title.casefold()}. "
            f"Received the task '{choices.task}'. Leave it out, or make a new dataset."
        )
    return replace(choices, task=info.task, value_name=info.value_name or None, unit=info.unit)


def reader(opened: Opened) -> Callable[[PurePosixPath], bytes]:
    """Give what reads a table of a source; what cannot be read is empty."""
    by_path = {entry.path: entry for entry in opened.entries}

    def content(path: PurePosixPath) -> bytes:
        try:
            return read(opened, by_path[path], most=TABLE_BYTES)
        except ItemError:
            return b""  # a table that cannot be read names nothing

    return content


def understand(opened: WithRows, choices: ImportChoices) -> ImportPlan:
    """Find what every file of a source is.

    Raises:
        DataError: A choice does not fit.
    """
    if choices.encoding is not None:
        canonical(choices.encoding)  # a name that is none is told before any table is tried with it
    paths = tuple(entry.path for entry in opened.entries)
    roles = opened.roles
    if roles is not None and roles.label is not None and choices.task is None:
        choices = replace(choices, task=roles.task)
    found = plan(paths, reader(opened), choices, opened.known)
    if roles is not None and roles.label is not None:
        found.reason = roles.reason
        found.others = [Reading(title, made) for title, made in roles.others] if opened.question is None else []
        if found.task == REGRESSION:
            name, unit = opened.value
            found.value_name, found.unit = choices.value_name or name, unit if choices.unit is None else choices.unit
    found.notes = [*opened.notes, *found.notes]
    found.seen += opened.notes
    by_folder = choices.task is None and not any(table.used for table in found.tables)
    if by_folder and not found.questions and (question := several_folders(opened, found.places)):
        found.questions.append(question)
    if opened.encoding is not None and opened.encoding.guessed:
        found.notes.append(f"The names do not say their encoding. They were read as {opened.encoding.encoding}.")
    if opened.refusal:
        found.refusal = f"{LABEL_NEEDED} {opened.refusal}. Choose a column that labels the {NOUN.many}."
    elif opened.question is not None:
        found.questions.append(opened.question)
    return found


def check_any(opened: WithRows, source: Path) -> None:
    """Refuse a source without files.

    Raises:
        DataError: It says what was left out.
    """
    if not opened.entries:
        why = " ".join(f"{file}: {reason}" for file, reason in opened.left_out[:3])
        raise DataError(
            f"A zip or a folder with {NOUN.many} is needed. {source.name} has no files in it. {why}".strip()
        )


def check_sure(found: ImportPlan, choices: ImportChoices) -> None:
    """Refuse what cannot be taken in, and ask where it is not clear what is meant.

    Raises:
        ImportQuestionError: It can be understood in several ways, its classes look wrong, or a class has to be given.
        DataError: It has no single class for each item.
    """
    if found.refusal:
        raise DataError(f"{found.refusal} {_seen(found)}".strip())
    if found.loose and not choices.label:
        raise ImportQuestionError(
            f"A class is needed for these {NOUN.many}: they lie in no folder that names one, and no table does. "
            f"Put them into one folder for each class, or say the class. {_seen(found)}".strip(),
            found,
        )
    if found.questions and not choices.confirmed:
        told = " ".join(question.sentence for question in found.questions)
        raise ImportQuestionError(f"It is not sure what is meant. {told}", found)


def _seen(found: ImportPlan) -> str:
    """Name every table that was seen, and say why it was not used."""
    tables = [*(f"{table.path}: {table.reason}" for table in found.tables if table.reason), *found.seen]
    more = f" {len(tables) - _MOST_TABLES:,} more tables were seen." if len(tables) > _MOST_TABLES else ""
    return f"Tables seen: {' '.join(tables[:_MOST_TABLES])}{more}" if tables else ""
