"""Which tables of a source belong together, which contradict each other, and what they say of each file.

It knows tables whose columns are told apart. It does not know how these were read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from unicodedata import normalize

from tlcore.data.column_facts import FAIR, STRONG
from tlcore.data.import_plan import FOLDERS, PARTS, ImportChoices, Place, Question, Reading
from tlcore.data.label_cells import CLASSIFICATION, MISSING, NOUNS
from tlcore.data.label_tables import LabelTable
from tlcore.data.value_kinds import is_number, part_in
from tlcore.modalities import NOUN


def places_of(tables: Sequence[LabelTable], by_folder: Mapping[PurePosixPath, Place]) -> dict[PurePosixPath, Place]:
    """Give what the tables say of each file; where rows fit its path differently well, the best ones count."""
    found: dict[PurePosixPath, tuple[int, set[Place]]] = {}
    for table in tables:
        roles = table.roles
        if roles is None or roles.label is None:
            continue
        by_stem = part_in(table.path.stem)[0]
        for row, (file, fit) in enumerate(table.files):
            cell = roles.cells[row]
            label = normalize("NFC", cell.text)
            why = "" if cell.known else cell.fault or f"The table gives this file {MISSING[roles.task]}."
            known = by_folder.get(file, Place())
            split = roles.parts[row] or (by_stem if roles.split is None else "") or known.split
            group = table.columns[roles.group].values[row] if roles.group is not None else known.group
            best, places = found.get(file, (fit, set()))
            if fit >= best:
                place = Place(label, split, why, group, cell.none)
                found[file] = (fit, {*places, place} if fit == best else {place})
    noun = NOUNS[next((table.roles.task for table in tables if table.roles), CLASSIFICATION)]
    return {path: _agreed(places, noun) for path, (_, places) in found.items()}


def _agreed(places: set[Place], noun: str) -> Place:
    labels = sorted({place.label for place in places if place.known})
    if len(labels) > 1:
        told = ", ".join(label or "none" for label in labels)
        return Place(reason=f"The table gives this file more than one {noun}: {told}.")
    # Named twice with one class: as elsewhere, the part that training does not see is kept.
    return max(places, key=lambda place: (place.known, PARTS.index(place.split)))


def split_of(tables: Sequence[LabelTable]) -> tuple[dict[PurePosixPath, str], list[LabelTable]]:
    """Give the part of each file by tables that say nothing but parts, and these tables.

    They have a column of parts, such as CelebA's `list_eval_partition`, or are lists of files such as `train.txt`.
    """
    only = [table for table in tables if table.roles and table.roles.split is not None and table.roles.label is None]
    found = {file: table.roles.parts[row] for table in only if table.roles for row, (file, _) in enumerate(table.files)}
    lists = {table.title: part_in(table.path.stem)[0] for table in tables if is_list(table)}
    if len({*lists.values()} - {""}) < 2 or "train" not in lists.values():
        return found, only
    listed = [table for table in tables if lists.get(table.title)]
    for table in listed:
        found |= {file: lists[table.title] for file, _ in table.files}
    return found, [*only, *listed]


def is_list(table: LabelTable) -> bool:
    """Tell whether a table only names files."""
    return bool(table.roles) and len(table.columns) == 1


def groups_of(tables: Sequence[LabelTable]) -> list[list[LabelTable]]:
    """Put tables together that are one table in several files: `train.csv` and `test.csv` with the same columns.

    Forms to fill in stand apart from the truth, and so do tables that contradict each other.
    """
    found: list[list[LabelTable]] = []
    for table in tables:
        if not table.usable:
            continue
        home = next((group for group in found if _belongs(table, group)), None)
        if home is None:
            found.append([table])
        else:
            home.append(table)
    informative = any(len(set(table.class_of.values())) > 1 for group in found for table in group)
    return [group for group in found if not (informative and len(found) > 1 and _is_placeholder(group))] or found


def _belongs(table: LabelTable, group: Sequence[LabelTable]) -> bool:
    first = group[0]
    alike = _shape(table) == _shape(first) and table.is_submission == first.is_submission
    return alike and _is_constant(table) == _is_constant(first) and not _contradicts(said(group), table.class_of)


def _shape(table: LabelTable) -> tuple[object, ...]:
    titles = tuple(column.title.casefold() for column in table.columns)
    return (titles, table.roles.task, table.roles.taken) if table.roles else (titles,)


def _is_constant(table: LabelTable) -> bool:
    """Tell whether every file has one and the same number, as in a form to fill in."""
    values = set(table.class_of.values())
    return len(values) == 1 and all(map(is_number, values))


def _is_placeholder(group: Sequence[LabelTable]) -> bool:
    return all(_is_constant(table) for table in group)


def _contradicts(ours: Mapping[PurePosixPath, str], theirs: Mapping[PurePosixPath, str]) -> bool:
    both = ours.keys() & theirs.keys()
    return sum(ours[path] != theirs[path] for path in both) > 0.01 * len(both)


def same_classes(first: Mapping[PurePosixPath, str], second: Mapping[PurePosixPath, str]) -> bool:
    """Tell whether two readings divide the files that both know alike, whatever they call the classes."""
    both = first.keys() & second.keys()
    pairs = {(first[path], second[path]) for path in both}
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def rank(group: Sequence[LabelTable]) -> tuple[bool, bool, int, int]:
    """Rate what tables of one shape tell: the truth before forms to fill in, several classes, many files."""
    labels = said(group)
    strength = max(table.roles.strength for table in group if table.roles)
    return not all(table.is_submission for table in group), len(set(labels.values())) > 1, strength, len(labels)


def said(group: Sequence[LabelTable]) -> dict[PurePosixPath, str]:
    """Give the class of each file that these tables name."""
    return {path: label for table in group for path, label in table.class_of.items()}


def is_rival(best: Sequence[LabelTable], other: Sequence[LabelTable]) -> bool:
    """Tell whether other tables give the same files other classes, as well as these do."""
    ours, theirs = said(best), said(other)
    strength = max(table.roles.strength for table in other if table.roles)
    both = ours.keys() & theirs.keys()
    enough = 2 * len(both) >= len(ours) and len(set(theirs.values())) > 1
    wanted = min(STRONG, max(table.roles.strength for table in best if table.roles))
    submission = all(table.is_submission for table in other)
    return enough and not submission and strength >= max(wanted, FAIR) and not same_classes(ours, theirs)


def adds_to(best: Sequence[LabelTable], other: Sequence[LabelTable]) -> bool:
    """Tell whether other tables name other files with the same classes: they are joined."""
    ours, theirs = said(best), said(other)
    classes = set(theirs.values())
    apart = not ours.keys() & theirs.keys() and not all(table.is_submission for table in other)
    return apart and bool(classes) and 2 * len(classes & set(ours.values())) >= len(classes)


def table_reading(table: LabelTable) -> Reading:
    """Give the choice of a table."""
    counts = counted(table.class_of.values())
    return Reading(f"{table.title}: {shown(counts)}", ImportChoices(table=table.title), counts)


def which_table(best: LabelTable, other: LabelTable) -> Question:
    """Ask which of two tables names the classes."""
    sentence = f"{best.title} and {other.title} give the same {NOUN.many} different classes."
    return Question(sentence, (table_reading(best), table_reading(other)))


def joined_question(questions: Sequence[Question | None]) -> Question | None:
    """Ask about tables of one kind together, with the files of all of them."""
    asked = [question for question in questions if question is not None]
    return Question(asked[0].sentence, joined_readings([one.readings for one in asked])) if asked else None


def joined_readings(of_tables: Sequence[Sequence[Reading]]) -> tuple[Reading, ...]:
    """Give the readings of the first of several tables, with the files of all that have the same ones."""
    titles = [reading.title for reading in of_tables[0]]
    same = [readings for readings in of_tables if [reading.title for reading in readings] == titles]
    return tuple(
        replace(first, counts=dict(sum((Counter(one[place].counts) for one in same), Counter()).most_common()))
        for place, first in enumerate(of_tables[0])
    )


def table_or_folders(table: LabelTable, by_folder: Mapping[PurePosixPath, Place]) -> Question:
    """Ask whether a table or the folders name the classes."""
    counts = counted(folder_labels(by_folder).values())
    by_folders = Reading(f"The folders: {shown(counts)}", ImportChoices(table=FOLDERS), counts)
    sentence = f"The folders and {table.title} say different classes."
    return Question(sentence, (table_reading(table), by_folders))


def folder_labels(by_folder: Mapping[PurePosixPath, Place]) -> dict[PurePosixPath, str]:
    """Give the class of each file that a folder gives one."""
    return {path: place.label for path, place in by_folder.items() if place.label}


def choices_of(table: LabelTable, made: ImportChoices) -> ImportChoices:
    """Give the choices that a table was taken with, those that a person made among them."""
    roles, columns = table.roles, table.columns
    if roles is None or roles.label is None:
        return made
    return replace(
        made,
        table=table.title,
        file_column=columns[roles.file].name,
        label_column=None if len(roles.class_columns) > 1 else columns[roles.label].name,
        split_column=columns[roles.split].name if roles.split is not None else None,
        group_column=columns[roles.group].name if roles.group is not None else None,
        separator=roles.reading.separator or None,
        decimal=roles.reading.decimal if roles.reading.way == "number" else None,
    )


def counted(labels: Iterable[str]) -> dict[str, int]:
    """Count the files of each class, the largest first."""
    return dict(Counter(labels).most_common())


def shown(counts: Mapping[str, int]) -> str:
    """Name the first classes."""
    names = list(counts)
    return ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
