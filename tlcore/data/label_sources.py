"""Where the classes of a source's files come from: its folders, its tables, or rows that brought them along.

It weighs what `folder_levels`, `label_tables` and `annotation_sets` found, takes the best reading, and asks where two
are near or the result looks wrong. It knows paths and tables of text. It does not know items.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from tlcore.data.annotation_sets import AnnotationSet, find_annotation_sets
from tlcore.data.annotations import tables_in
from tlcore.data.class_names import name_classes
from tlcore.data.column_facts import STRONG, WEAK
from tlcore.data.column_roles import ColumnRoles
from tlcore.data.companions import companions, told
from tlcore.data.file_names import FileIndex
from tlcore.data.folder_levels import FolderReading, read_folders
from tlcore.data.import_plan import (
    FOLDERS,
    ImportChoices,
    ImportPlan,
    Place,
    Question,
    Reading,
    is_likely,
    listed,
)
from tlcore.data.import_review import (
    refused_set,
    refused_table,
    review_classes,
    unite_spellings,
    use_validation_as_test,
)
from tlcore.data.import_task import FOLDER_REASON, check_task, for_task, with_label
from tlcore.data.label_cells import CLASSIFICATION, MULTILABEL, REGRESSION, UNKNOWN
from tlcore.data.label_tables import LabelTable, check_columns, read_label_table, same_task
from tlcore.data.label_tasks import name_of_value
from tlcore.data.system_files import names_of
from tlcore.data.table_groups import (
    adds_to,
    choices_of,
    counted,
    folder_labels,
    groups_of,
    is_list,
    is_rival,
    joined_question,
    joined_readings,
    places_of,
    rank,
    said,
    same_classes,
    shown,
    split_of,
    table_or_folders,
    table_reading,
    which_table,
)
from tlcore.data.tables import Table
from tlcore.data.value_kinds import is_number
from tlcore.errors import DataError
from tlcore.modalities import NOUN

_UNNAMED = "The table does not name this file, so {} not known."
_FORM = "Its name says that it is a form to fill in, not the truth."


def plan(
    paths: Sequence[PurePosixPath],
    read: Callable[[PurePosixPath], bytes],
    choices: ImportChoices | None = None,
    known: Mapping[PurePosixPath, Place] | None = None,
) -> ImportPlan:
    """Find the class, the part and the group of every file, and what has to be asked.

    Args:
        paths: Of all files of the source, below it.
        read: Gives the bytes of a file; it is called for tables only.
        choices: What a person chose.
        known: The files that brought their class with them, as the rows of a Parquet file do; nothing is asked about
            those.

    Raises:
        DataError: A choice does not fit the source.
    """
    choices, known = choices or ImportChoices(), known or {}
    check_task(choices)
    sources = _Sources(choices, ImportPlan())
    sources.look(paths, read, known)
    sources.decide()
    found = sources.plan
    found.values = sources.values
    if found.task == REGRESSION:
        found.value_name = choices.value_name or found.value_name
        found.unit = found.unit if choices.unit is None else choices.unit
    found.places |= known
    if choices.label:
        found.places = {path: with_label(place, choices.label, found.task) for path, place in found.places.items()}
    likely = [place for path, place in found.places.items() if is_likely(path)]
    found.loose = not found.refusal and not any(place.known for place in likely or found.places.values())
    unite_spellings(found)
    use_validation_as_test(found)
    review_classes(found, choices)
    if known and not sources.others:
        found.layout = f"Parquet file with {NOUN.many}"
    return found


@dataclass
class _Sources:
    """Everything that may name classes, and the plan that comes of it."""

    choices: ImportChoices
    plan: ImportPlan
    others: list[PurePosixPath] = field(default_factory=list)
    tables: list[LabelTable] = field(default_factory=list)
    sets: list[AnnotationSet] = field(default_factory=list)
    folders: FolderReading = field(default_factory=FolderReading)
    masks: dict[PurePosixPath, PurePosixPath] = field(default_factory=dict)
    names: list[tuple[PurePosixPath, Table]] = field(default_factory=list)
    objects: list[LabelTable] = field(default_factory=list)

    def look(
        self,
        paths: Sequence[PurePosixPath],
        read: Callable[[PurePosixPath], bytes],
        known: Mapping[PurePosixPath, Place],
    ) -> None:
        """Read the folders and every table."""
        files, self.plan.skipped = names_of([path for path in paths if path not in known])
        self.sets = find_annotation_sets(files, read)
        annotations = {path for each in self.sets for path in each.files}
        raw = tables_in([path for path in files if path not in annotations], read, self.choices.encoding)
        whole = [each for each in self.sets if each.table is not None and not each.table.objects]
        raw += [(each.files[0], each.table) for each in whole if each.table is not None]
        self.sets = [each for each in self.sets if each not in whole]
        no_items = annotations.union(path for path, _ in raw)
        self.others = [path for path in files if path not in no_items]
        names = FileIndex(self.others)
        self.tables = [read_label_table(path, table, names, self.choices) for path, table in raw]
        objects = [(each.files[0], each.table) for each in self.sets if each.table is not None]
        self.objects = [read_label_table(path, table, names, self.choices) for path, table in objects]
        same_task(self.tables)
        same_task(self.objects)
        # A text or a JSON may be anything; one that names no item is told of in a refusal only.
        strange = [one for one in self.tables if not one.roles and one.path.suffix.casefold() in {".txt", ".json"}]
        self.tables = [one for one in self.tables if one not in strange]
        self.others += [one.path for one in strange]
        self.names = [*((one.path, one.table) for one in strange), *raw]
        if strange:
            self.plan.seen.append(f"Nothing in {listed([str(one.path) for one in strange])} names the {NOUN.many}.")
        if self.tables or not known:
            check_columns(self.tables, self.choices)
        self.masks = companions([path for path in self.others if is_likely(path)])
        self.folders = read_folders([path for path in self.others if path not in self.masks], self.choices.class_level)
        if self.masks:
            self.plan.seen.append(told(self.masks))
        self.plan.levels = self.folders.levels
        self.plan.skipped += [(str(path), f"It belongs to {each.name}.") for each in self.sets for path in each.files]

    def decide(self) -> None:
        """Take the best reading, and ask where another one is near."""
        group, question = self._best_tables()
        by_objects = [table for table in self.objects if table.usable]
        wanted = self.choices.table not in {None, FOLDERS} or self.choices.task == REGRESSION
        refused = [table for table in self.tables if table.roles and table.roles.refusal and self._is_allowed(table)]
        asked = self.choices.label_column is not None or self.choices.table not in {None, FOLDERS}
        # Whole numbers that may be anything, beside a table of several labels: what that one is counts.
        weak = all(table.roles.strength <= WEAK for table in group if table.roles) and not asked
        # Nor do columns that only look like classes count beside boxes, such as the lists of Pascal VOC.
        untitled = bool(self.sets) and not asked and not any(table.names_class_exactly for table in group)
        if group and not (refused and weak) and not (untitled and not self.folders.good):
            self._take_tables(group, question)
        elif by_objects and not asked and self._uses_objects(chosen=wanted):
            self._take_objects(by_objects)
        elif refused and (asked or not (self.folders.good or self.choices.class_level)):
            self._refuse(refused)
        elif by_objects and self._uses_objects(chosen=wanted):
            self._take_objects(by_objects)
        elif self.sets and not self.folders.good and self.choices.class_level is None and not self.choices.label:
            self._refuse_set()
        else:
            self._take_folders()
        name_classes(self.plan, self.names)

    def _take_objects(self, tables: Sequence[LabelTable]) -> None:
        first = next(iter(groups_of(tables)))
        self._take_tables(first, joined_question([table.question() for table in first]))

    def _uses_objects(self, *, chosen: bool) -> bool:
        """Tell whether annotations of objects label the items: where no folders do, or a person chose them."""
        by_folder = self.folders.good or self.choices.class_level is not None or self.choices.label is not None
        return self.choices.table != FOLDERS and (chosen or not by_folder)

    def _is_allowed(self, table: LabelTable) -> bool:
        wanted = self.choices.table
        if wanted is None:
            return True
        if wanted == FOLDERS:
            return False
        return wanted in {table.title, str(table.path), table.path.name}

    def _best_tables(self) -> tuple[list[LabelTable], Question | None]:
        """Find the tables that name the classes, and what has to be asked about them; none where folders do."""
        allowed = [table for table in self.tables if self._is_allowed(table)]
        if self.choices.table not in {None, FOLDERS} and not any(map(self._is_allowed, [*allowed, *self.objects])):
            there = ", ".join(table.title for table in [*self.tables, *self.objects]) or "none"
            raise DataError(
                f"The path of a table in the source is needed. '{self.choices.table}' is none. Tables found: {there}."
            )
        chosen = bool(self.choices.table) or self.choices.label_column is not None
        if not chosen and self.choices.class_level is not None:
            return [], None
        groups = sorted(groups_of(allowed), key=rank, reverse=True)
        if not groups:
            return [], None
        best, covered = groups[0], said(groups[0])
        questions = [table.question() for table in best]
        if not chosen and self.folders.good:
            strong = max(table.roles.strength for table in best if table.roles) >= STRONG
            if not strong or 2 * len(covered) < len(self.folders.places):
                return [], None
            same = same_classes(covered, folder_labels(self.folders.places))
            if same and len(covered) < len(self.folders.places) and all(map(is_number, covered.values())):
                return [], None
            exact = all(table.names_class_exactly for table in best) and 10 * len(covered) >= 9 * len(self.others)
            if not exact and not same:
                questions.append(table_or_folders(best[0], self.folders.places))
        if not chosen:
            questions += [which_table(best[0], other[0]) for other in groups[1:] if is_rival(best, other)]
            if all(table.is_submission for table in best):
                questions.append(Question(f"{best[0].title}: {_FORM}", (table_reading(best[0]),)))
        joined = [*best, *(table for other in groups[1:] if adds_to(best, other) for table in other)]
        asked = None if self.choices.label_column is not None else next(filter(None, questions), None)
        return joined, asked

    def _take_tables(self, group: Sequence[LabelTable], question: Question | None) -> None:
        found = self.plan
        by_table = places_of(group, self.folders.places)
        roles = group[0].roles or ColumnRoles(0)
        unnamed = Place(reason=_UNNAMED.format(UNKNOWN[roles.task]))
        found.places = {path: by_table.get(path, unnamed) for path in self.others}
        found.task = roles.task
        found.reason = roles.reason if len(group) == 1 else f"in {group[0].title}, {roles.reason}"
        if found.task == REGRESSION:
            found.value_name, found.unit = name_of_value(roles, group[0].columns)
        for table in group:
            found.notes.append(table.sentence())
            found.notes += [*filter(None, [table.matches.note()]), *(table.roles.notes if table.roles else ())]
            found.skipped += table.unmatched()
        found.notes = list(dict.fromkeys(found.notes))
        self._take_split()
        used = {id(table) for table in group}
        self._see_tables(used, "Another table names the classes.")
        if question is not None:
            found.questions.append(question)
        else:
            offers = [table.others() for table in group]
            found.others = list(joined_readings(offers)) if all(offers) else []
        program = next((table.table.origin for table in group if table.table.origin), "")
        objects = group[0].table.objects.removeprefix("a ")
        found.layout = (
            objects
            or program
            or (
                f"Table {group[0].title}"
                if len(group) == 1
                else f"{len(group):,} tables of one kind, such as {group[0].title}"
            )
        )
        found.choices = choices_of(group[0], self.choices)

    def _take_folders(self) -> None:
        found = self.plan
        found.task = self.choices.task or CLASSIFICATION
        found.united = found.task == MULTILABEL
        found.places = for_task(self.folders.places, found.task, self.choices.decimal)
        found.reason = FOLDER_REASON[found.task] if self.folders.classes else ""
        self._take_split()
        found.skipped += [(str(path), f"It looks like a mask of {of}.") for path, of in self.masks.items()]
        found.notes += [*self.folders.notes, *map(told, filter(None, [self.masks]))]
        if self.folders.question is not None and not self.choices.label:
            found.questions.append(self.folders.question)
        tables = [table for table in self.tables if table.roles and not is_list(table) and self._is_allowed(table)]
        named = next(iter(tables), None)
        if named and not self.choices.class_level and not self.choices.label and 0 < self.folders.classes < 2:
            counts = counted(folder_labels(self.folders.places).values())
            sentence = f"{named.title} names the {NOUN.many}, but not their classes. {named.fault}"
            by_folder = Reading(f"One class for all: {shown(counts)}", ImportChoices(table=FOLDERS), counts)
            found.questions.append(Question(sentence, (by_folder,)))
        self._see_tables(set(), "This table was not used: the folders name the classes.")
        if self.sets:
            found.notes.append(f"The boxes of {self.sets[0].name} are not used: the folders name the classes.")
        level = self.folders.class_level
        layouts = (f"{NOUN.many.capitalize()} without class folders", f"One folder with {NOUN.many} of one class")
        found.layout = (*layouts, "One folder for each class")[min(2, self.folders.classes)]
        found.choices = replace(self.choices, table=FOLDERS, class_level=self.choices.class_level or level)

    def _take_split(self) -> None:
        """Put files that have no part yet into the part that a list such as `train.txt` names."""
        parts, tables = split_of(self.tables)
        places = self.plan.places
        missing = {path: part for path, part in parts.items() if part and path in places and not places[path].split}
        places |= {path: replace(places[path], split=part) for path, part in missing.items()}
        if missing:
            names = " and ".join(table.title for table in tables[:3])
            self.plan.notes.append(f"The split comes from {names}.")

    def _refuse(self, refused: Sequence[LabelTable]) -> None:
        found = self.plan
        table = max(refused, key=lambda one: (self.choices.table is not None, len(one.files)))
        found.places = {path: Place(reason=_UNNAMED.format("its label is")) for path in self.others}
        found.refusal = refused_table(table.title, table.roles.refusal if table.roles else "")
        found.layout = f"Table {table.title}"
        self._see_tables(set(), "")
        found.choices = replace(self.choices, table=table.title)

    def _refuse_set(self) -> None:
        found = self.plan
        found.places = dict(self.folders.places)
        found.refusal = refused_set(self.sets[0].name, self.sets[0].files[0])
        found.layout = self.sets[0].name[:1].upper() + self.sets[0].name[1:]
        self._see_tables(set(), "")

    def values(self) -> dict[PurePosixPath, dict[str, str]]:
        """Give what the columns of all tables say of each file, by title."""
        found: dict[PurePosixPath, dict[str, str]] = {}
        for table in self.tables:
            for file, values in table.values().items():
                found.setdefault(file, {}).update(values)
        return found

    def _see_tables(self, used: set[int], reason: str) -> None:
        for table in self.objects:
            if table.roles is not None:
                why = "" if id(table) in used else table.fault or reason
                self.plan.tables.append(table.seen(used=not why, reason=why))
        for table in self.tables:
            is_used = id(table) in used
            why = "" if is_used else table.fault or (_FORM if table.is_submission else reason)
            self.plan.tables.append(table.seen(used=is_used, reason=why))
            if not is_used:
                self.plan.skipped.append((table.title, why))
