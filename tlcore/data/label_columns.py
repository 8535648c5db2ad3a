"""Which columns of a table hold the labels, the part of the split and the group: by what is in them.

It knows tables of text. It does not know where the files are, nor how a task reads the columns (`label_tasks`).
Evidence goes before names: a column holds the classes because its values come back, cover the files and are few, not
because it is called `y`, `name` or `type`. What it is called decides only between columns that could be it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

from tlcore.data import label_tasks
from tlcore.data.column_facts import CLASS_NAMES, FAIR, STRONG, WEAK, ColumnFacts, are_corners, decimal
from tlcore.data.column_roles import ColumnRoles
from tlcore.data.import_plan import ImportChoices
from tlcore.data.label_cells import MULTILABEL, REGRESSION
from tlcore.data.value_kinds import is_mark, is_number, is_yes_no, part_of, truth
from tlcore.modalities import NOUN

_GROUP_NAMES = re.compile(
    r"(?:group|patient|subject|person|participant|proband|individual|specimen|animal|session|video|scene|sequence|clip"
    r"|study|lesion|case|burst|series)(?:_?(?:id|no|nr|number|name|uid|key))?"
)
_PART_NAMES = re.compile(r"(?:data_?)?(?:split|set|subset|partition|ml_use|phase|usage)(?:_?name)?")
_LIST_NAMES = re.compile(r"label|class|tag|finding|attribut|keyword|categor|choice|genre|disease|diagnos|objects?")
_PART_TABLES = re.compile(r"partition|split")
_IS_PART = re.compile(r"(?:is_?)?(train|valid|val|test)(?:ing|ation)?(?:_?(?:set|image|sample|split))?")
_CODED_PARTS = {"0": "train", "1": "val", "2": "test"}  # CelebA's list_eval_partition
_BOX_NAMES = (
    {"xmin", "ymin", "xmax", "ymax"}, {"x_min", "y_min", "x_max", "y_max"}, {"x1", "y1", "x2", "y2"},
    {"x", "y", "w", "h"}, {"x", "y", "width", "height"}, {"x_1", "y_1", "width", "height"}, {"bbox_x1", "bbox_y1"},
    {"left", "top", "right", "bottom"}, {"roi_x1", "roi_y1", "roi_x2", "roi_y2"}, {"bbox"}, {"bounding_box"},
    {"bbox_x", "bbox_y"}, {"region_shape_attributes"}, {"encodedpixels"}, {"predictionstring"}, {"lefteye_x"},
    {"rle"}, {"cx", "cy", "w", "h"}, {"x_center", "y_center", "width", "height"},
)  # fmt: skip
_FEW_ROWS = 20
_MANY_FLAGS = 3
_AMOUNTS = ("decimal numbers", "whole numbers")


def choose_roles(
    columns: Sequence[ColumnFacts],
    file: int,
    files: Sequence[Hashable],
    table_name: str = "",
    choices: ImportChoices | None = None,
) -> ColumnRoles:
    """Choose the columns of the labels, the split and the group, and the task that they are for.

    Args:
        columns: Of the whole table.
        file: The column that names the files.
        files: Of each row, the file that it names: rows of one file belong together.
        table_name: What the table is called; it may say that its one column is the split.
        choices: The task and how its labels are written, as a person chose them; columns are put in by `use_column`.
    """
    choices = choices or ImportChoices()
    roles = ColumnRoles(file)
    others = [column for column in columns if column.index != file]
    only_split = len(others) == 1 and _PART_TABLES.search(table_name.casefold()) is not None
    roles.split, roles.parts = _split_of(others, len(files), coded=only_split)
    free = [column for column in others if column.index != roles.split and not _IS_PART.fullmatch(column.key)]
    group = next((column for column in free if _is_group_column(column)), None)
    candidates = [column for column in free if column.strength and column is not group]
    if not candidates and group is not None and group.strength:
        candidates, group = [group], None  # `group` is the class where nothing else is
    roles.group = group.index if group else None
    candidates.sort(key=lambda one: (-one.strength, _place_of(one), len(one.counts), one.index))
    _take_labels(roles, columns, free, candidates, files, choices)
    return roles


def _take_labels(
    roles: ColumnRoles,
    columns: Sequence[ColumnFacts],
    free: Sequence[ColumnFacts],
    candidates: Sequence[ColumnFacts],
    files: Sequence[Hashable],
    choices: ImportChoices,
) -> None:
    taking = label_tasks.Taking(roles, columns, files, choices)
    boxes = _box_columns(free)
    if boxes and (not candidates or len(set(files)) < len(files)):
        told = f"boxes or outlines ({', '.join(boxes[:4])})"
        if not candidates:
            roles.refusal = f"it has {told}: which objects a {NOUN.one} shows, and where"
        else:
            taking.objects(candidates[0], f"It has {told}, a row for each object")
        return
    flags = _flags_among(free)
    plain = _without_flags(candidates, flags)
    numbers = [column for column in free if column.kind in _AMOUNTS and not column.is_id]
    numbers.sort(key=lambda one: (not one.names_class, one.kind != _AMOUNTS[0], one.index))
    decimals = [column for column in numbers if column.kind == _AMOUNTS[0]]
    if not any(column.title for column in columns) and _take_untitled(taking, roles, free):
        return
    if choices.task == REGRESSION and (numbers or any(column.kind in _AMOUNTS for column in free)):
        # Where a person wants a number, one that is called as an index or a size may be meant.
        taking.numbers(numbers or [column for column in free if column.kind in _AMOUNTS])
        return
    if choices.task == REGRESSION:
        roles.refusal = "it has no column of numbers"
        return
    lists = [column for column in free if column.kind == "lists of labels" or column.empty_lists]
    lists.sort(key=lambda one: (not _LIST_NAMES.search(one.key), one.index))
    best = max((column.strength for column in plain), default=0)
    if len(flags) > 1 and (best < FAIR or (best == FAIR and choices.task == MULTILABEL)):
        taking.flags(flags)
    elif lists and best < (STRONG if _LIST_NAMES.search(lists[0].key) else FAIR):
        taking.lists(lists[0], strength=STRONG if lists[0].names_class else FAIR)
    elif plain and best == WEAK and decimals and not choices.task:
        taking.numbers(decimals)
        taking.or_classes(decimals, plain[0])
    elif plain:
        taking.classes(plain, numbers)
        if len(flags) >= _MANY_FLAGS and best == FAIR:
            taking.or_flags(flags)
        if boxes:
            roles.doubt = f"The table also has boxes ({', '.join(boxes[:4])}), which are not used."
    elif numbers:
        taking.numbers(numbers)
    else:
        _take_rest(taking, roles, free, files)


def _without_flags(candidates: Sequence[ColumnFacts], flags: Sequence[ColumnFacts]) -> list[ColumnFacts]:
    """Leave out the columns that stand for one label each, but for one that is called as classes are: `label`."""
    if len(flags) < 2:
        return list(candidates)
    called = [column.index for column in flags if column.names_class]
    # `class_cat` beside `class_dog` are labels both.
    kept = called if len(called) == 1 else [column.index for column in flags if column.key in CLASS_NAMES]
    apart = {column.index for column in flags}.difference(kept)
    return [column for column in candidates if column.index not in apart]


def _flags_among(columns: Sequence[ColumnFacts]) -> list[ColumnFacts]:
    """Find the columns that each stand for one label: yes or no in each row, or a mark in some."""
    ticked = {column.index for column in columns if column.counts and is_mark(column.counts)}
    return [
        column
        for column in columns
        if not column.is_other
        and column.counts
        and (is_yes_no(column.counts) or (column.index in ticked and len(ticked) > 1 and "" in column.values))
    ]


def use_column(
    roles: ColumnRoles,
    columns: Sequence[ColumnFacts],
    column: ColumnFacts,
    files: Sequence[Hashable],
    choices: ImportChoices | None = None,
) -> None:
    """Take the column that a person chose for the labels; what it holds says for which task."""
    choices = choices or ImportChoices()
    roles.strength = STRONG + 1
    roles.doubt, roles.refusal, roles.rivals, roles.placeholder = "", "", [], False
    roles.options, roles.others = [], []
    taking = label_tasks.Taking(roles, columns, files, choices)
    few = len(column.counts) <= max(2, sum(column.counts.values()) / 2)
    if column.kind == "boxes or outlines":
        roles.label, roles.refusal = column.index, f"column '{column.name}' has boxes or outlines"
    elif column.kind == "lists of labels" or column.empty_lists:
        taking.lists(column, strength=STRONG + 1)
    elif choices.task == REGRESSION or column.kind == "decimal numbers" or (column.kind == _AMOUNTS[1] and not few):
        taking.numbers([column])
    else:
        taking.chosen(column)


def _take_untitled(taking: label_tasks.Taking, roles: ColumnRoles, free: Sequence[ColumnFacts]) -> bool:
    """Recognize what follows the file in rows without titles: several labels, or a label and the corners of a box.

    So do the import files of Google's AutoML and Vertex AI:
    https://cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data
    """
    behind = [column for column in free if column.index > roles.file]
    corners = [column for column in behind if column.counts and all(map(is_number, column.counts))]
    words = [column for column in behind if column not in corners and column.counts]
    shares = len(corners) >= 4 and all(0 <= decimal(text) <= 1 for one in corners for text in one.counts)
    if shares or any(map(are_corners, zip(corners, corners[1:], corners[2:], corners[3:], strict=False))):
        if words:
            taking.objects(words[0], "It has a box behind each label")
        else:
            roles.refusal = f"it has a box in each row: which objects a {NOUN.one} shows, and where"
        return True
    rows = list(zip(*(column.values for column in words), strict=True))
    ragged = len(words) > 1 and all(value or not any(row[place:]) for row in rows for place, value in enumerate(row))
    several = sum(sum(map(bool, row)) > 1 for row in rows)
    if ragged and several < len(rows) and taking.choices.task != REGRESSION:
        taking.cells(words)
        return True
    return False


def _take_rest(
    taking: label_tasks.Taking, roles: ColumnRoles, free: Sequence[ColumnFacts], files: Sequence[Hashable]
) -> None:
    """Name what a table without a column of classes has: one value for all, or short texts that hardly come back."""
    constant = [column for column in free if column.kind == "one value"]
    words = [column for column in constant if not all(map(is_number, column.counts)) and not column.is_other]
    if words:
        taking.classes(words[:1], [])
        roles.strength = WEAK
    elif short := [column for column in free if _are_short(column)]:
        taking.classes(short[:1], [])
        roles.strength, roles.rivals = WEAK, []
        if not roles.doubt:
            roles.doubt = (
                f"Column '{short[0].name}' has {len(short[0].counts):,} different values for {len(files):,} rows, "
                "which is a lot for classes."
            )
    else:
        roles.placeholder = bool(constant)


def _are_short(column: ColumnFacts) -> bool:
    """Tell whether values may be classes of few items: of few words, and some come back, or rows are few."""
    rows = sum(column.counts.values())
    may_be = len(column.counts) < rows or (rows <= _FEW_ROWS and not column.is_other)
    return column.kind in {"texts", "words"} and may_be and all(len(text.split()) <= 4 for text in column.counts)


def _split_of(columns: Sequence[ColumnFacts], rows: int, *, coded: bool) -> tuple[int | None, list[str]]:
    """Find the column of the parts, and what it says of each row."""
    for column in columns:
        if column.kind == "parts of a split":
            parts = [part_of(value) for value in column.values]
            # One part for all is no split; with rows that say nothing it is.
            return column.index, parts if len({*parts}) > 1 else [""] * rows
    for column in columns:
        codes_only = set(column.counts) <= set(_CODED_PARTS) and "0" in column.counts and len(column.counts) > 1
        if codes_only and (coded or _PART_NAMES.fullmatch(column.key)):
            codes = _CODED_PARTS if "2" in column.counts else {"0": "train", "1": "test"}
            return column.index, [codes.get(value, "") for value in column.values]
    for column in columns:
        named = _IS_PART.fullmatch(column.key)
        if named and is_yes_no(column.counts):
            yes = part_of(named[1])
            no = "test" if yes == "train" else "train"
            answers = [truth(value) for value in column.values]
            return column.index, ["" if answer is None else yes if answer else no for answer in answers]
    return None, [""] * rows


def _is_group_column(column: ColumnFacts) -> bool:
    repeats = 0 < len(column.counts) < sum(column.counts.values())
    return repeats and _GROUP_NAMES.fullmatch(column.key) is not None


def _box_columns(columns: Sequence[ColumnFacts]) -> list[str]:
    keys = {column.key for column in columns}
    for names in _BOX_NAMES:
        if names <= keys:
            return [column.name for column in columns if column.key in names]
    return [column.name for column in columns if column.kind == "boxes or outlines"]


def _place_of(column: ColumnFacts) -> int:
    return CLASS_NAMES.index(column.key) if column.key in CLASS_NAMES else len(CLASS_NAMES)
