"""Which columns of a table name the class, the part of the split and the group: by what is in them.

It knows tables of text. It does not know where the files are. Evidence goes before names: a column holds the classes
because its values come back, cover the files and are few, not because it is called `y`, `name` or `type`. What it is
called decides only between columns that could be it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tlcore.data.column_facts import CLASS_NAMES, FAIR, STRONG, WEAK, ColumnFacts, are_corners, decimal
from tlcore.data.value_kinds import is_number, is_yes_no, labels_in, part_of, truth

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
AMOUNTS = "they may be classes, or amounts such as an age or a count."
# One row in a hundred may be a slip: those pictures are listed and left out.
_MOST_SLIPS = 0.01
_MOST_SEVERAL = 0.05
_FEW_ROWS = 20


@dataclass
class ColumnRoles:
    """What the columns of a table were taken for.

    Attributes:
        file, label, split, group: Their places; None where there is none.
        labels: Of each row, the class; several rows may name one file.
        parts: Of each row, the part of the split.
        strength: How well the class column serves; 0 for none.
        rivals: Other columns that could be the class, the likeliest first.
        refusal: What the table has instead of one class for each file, in a clause; empty where it has classes.
        doubt: What has to be asked about the class column, in a sentence.
        taken: What was taken for the class, for people: "column 'bird'", "one column for each class".
        placeholder: Whether the table only stands for one that somebody is to fill in.
        flags: The columns of the classes, where there is one for each.
    """

    file: int
    label: int | None = None
    split: int | None = None
    group: int | None = None
    labels: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    strength: int = 0
    rivals: list[int] = field(default_factory=list)
    refusal: str = ""
    doubt: str = ""
    taken: str = ""
    placeholder: bool = False
    flags: list[int] = field(default_factory=list)

    @property
    def class_columns(self) -> list[int]:
        """Give the columns that the classes come from: one, or one for each class."""
        return self.flags or [column for column in [self.label] if column is not None]


def choose_roles(
    columns: Sequence[ColumnFacts], file: int, files: Sequence[object], table_name: str = ""
) -> ColumnRoles:
    """Choose the class, the split and the group among the columns.

    Args:
        columns: Of the whole table.
        file: The column that names the files.
        files: Of each row, the file that it names: rows of one file belong together.
        table_name: What the table is called; it may say that its one column is the split.
    """
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
    boxes = _box_columns(free)
    if boxes and (not candidates or len(set(files)) < len(files)):
        roles.refusal = f"it has boxes or outlines ({', '.join(boxes[:4])}): which objects a picture shows, and where"
        return roles
    flags = [column for column in free if column.counts and is_yes_no(column.counts) and not column.is_other]
    plain = [column for column in candidates if len(flags) < 2 or column not in flags or column.names_class]
    if not any(column.title for column in columns) and _take_untitled(roles, free):
        return roles
    lists = [column for column in free if column.kind == "lists of labels"]
    lists.sort(key=lambda one: (not _LIST_NAMES.search(one.key), one.index))
    best = max((column.strength for column in plain), default=0)
    if len(flags) > 1 and best < FAIR:
        _take_flags(roles, flags)
    elif lists and best < (STRONG if _LIST_NAMES.search(lists[0].key) else FAIR):
        _take_lists(roles, lists[0])
    elif plain:
        _take(roles, plain, files)
        if boxes:
            roles.doubt = f"The table also has boxes ({', '.join(boxes[:4])}), which are not used."
    else:
        _take_rest(roles, free, files)
    return roles


def use_column(roles: ColumnRoles, column: ColumnFacts) -> None:
    """Take the column that a person chose for the class; refuse several labels in a cell and decimals all the same."""
    roles.label, roles.labels, roles.strength = column.index, list(column.values), STRONG + 1
    roles.taken, roles.doubt, roles.refusal, roles.rivals, roles.flags = _told(column), "", "", [], []
    roles.placeholder = False
    if column.kind == "lists of labels":
        _take_lists(roles, column)
    elif column.kind == "decimal numbers":
        roles.refusal = _number(column)
    elif column.kind == "boxes or outlines":
        roles.refusal = f"column '{column.name}' has boxes or outlines"


def _take(roles: ColumnRoles, candidates: Sequence[ColumnFacts], files: Sequence[object]) -> None:
    """Take the best column; others that serve as well and divide the files in another way are its rivals."""
    best = candidates[0]
    # Two columns that divide the files alike, a number and a name of each class: the names.
    same = [column for column in candidates[1:] if _same_partition(best, column)]
    if best.kind != "words":
        best = next((column for column in same if column.kind == "words"), best)
    roles.label, roles.labels, roles.strength, roles.taken = best.index, list(best.values), best.strength, _told(best)
    near = [column for column in candidates if column is not best and not _same_partition(best, column)]
    near = [column for column in near if column.strength >= (STRONG if best.strength >= STRONG else FAIR)]
    # `label` beside `category_description`: a name that is on the list against one that only sounds like it.
    if best.key in CLASS_NAMES:
        near = [column for column in near if column.key in CLASS_NAMES]
    roles.rivals = [column.index for column in near]
    if best.kind == "whole numbers" and best.strength < STRONG:
        roles.doubt = f"Column '{best.name}' has whole numbers: {AMOUNTS}"
    said: dict[object, set[str]] = {}
    for file, value in zip(files, best.values, strict=True):
        if value:
            said.setdefault(file, set()).add(value)
    several = sum(len(values) > 1 for values in said.values())
    if several > max(1.0, _MOST_SEVERAL * len(said)):
        roles.refusal = f"{several:,} of {len(said):,} pictures have several labels, one in each row"


def _take_flags(roles: ColumnRoles, flags: Sequence[ColumnFacts]) -> None:
    """Read one column for each class: a single label where each row has one 1, else several labels."""
    rows = list(zip(*(column.values for column in flags), strict=True))
    marks = [[place for place, value in enumerate(row) if truth(value)] for row in rows]
    several, none = sum(len(found) > 1 for found in marks), sum(not found for found in marks)
    titles = [column.name for column in flags]
    shown = ", ".join(titles[:4]) + (", …" if len(titles) > 4 else "")
    if several > _MOST_SLIPS * len(rows) or none > 0.5 * len(rows):
        roles.refusal = (
            f"it has {len(flags)} columns of yes or no ({shown}); of {len(rows):,} pictures {several:,} have several "
            f"of them and {none:,} have none, so each picture may have several labels"
        )
        return
    roles.label, roles.strength, roles.taken = flags[0].index, STRONG, f"one column for each class ({shown})"
    roles.flags = [column.index for column in flags]
    roles.labels = [titles[found[0]] if len(found) == 1 else "" for found in marks]
    if several:
        roles.doubt = f"{several:,} of {len(rows):,} pictures have several classes and would be left out."
    elif none > 0.1 * len(rows):
        roles.doubt = f"{none:,} of {len(rows):,} pictures have none of the classes ({shown}) and would be left out."


def _take_untitled(roles: ColumnRoles, free: Sequence[ColumnFacts]) -> bool:
    """Recognize what follows the file in rows without titles: several labels, or a label and the corners of a box.

    So do the import files of Google's AutoML and Vertex AI:
    https://cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data
    """
    behind = [column for column in free if column.index > roles.file]
    corners = [column for column in behind if column.counts and all(map(is_number, column.counts))]
    shares = len(corners) >= 4 and all(0 <= decimal(text) <= 1 for one in corners for text in one.counts)
    if shares or any(map(are_corners, zip(corners, corners[1:], corners[2:], corners[3:], strict=False))):
        roles.refusal = "it has a box behind each label: which objects a picture shows, and where"
        return True
    words = [column for column in behind if column not in corners and column.counts]
    rows = list(zip(*(column.values for column in words), strict=True))
    ragged = len(words) > 1 and all(value or not any(row[place:]) for row in rows for place, value in enumerate(row))
    several = sum(sum(map(bool, row)) > 1 for row in rows)
    if ragged and several < len(rows):
        roles.refusal = f"it has several labels for {several:,} of {len(rows):,} pictures, one behind the other"
        return True
    return False


def _take_lists(roles: ColumnRoles, column: ColumnFacts) -> None:
    """Read cells that are lists: a single label where each has one element."""
    split = [labels_in(value, column.separator) for value in column.values]
    several = [value for value, pieces in zip(column.values, split, strict=True) if len(set(pieces)) > 1]
    if several:
        roles.refusal = (
            f"column '{column.name}' gives {len(several):,} of {len(split):,} pictures several labels, "
            f"such as '{several[0][:60]}'"
        )
        return
    roles.label, roles.strength = column.index, STRONG if column.names_class else FAIR
    roles.labels, roles.taken = [pieces[0] if pieces else "" for pieces in split], _told(column)


def _take_rest(roles: ColumnRoles, free: Sequence[ColumnFacts], files: Sequence[object]) -> None:
    """Name what a table without a column of classes has: a number for each file, or one value for all."""
    numbers = sorted(
        (column for column in free if column.kind in {"decimal numbers", "whole numbers"} and not column.is_id),
        key=lambda one: (not one.names_class, one.index),
    )
    constant = [column for column in free if column.kind == "one value"]
    words = [column for column in constant if not all(map(is_number, column.counts)) and not column.is_other]
    if numbers:
        roles.refusal = _number(numbers[0])
    elif words:
        _take(roles, words[:1], files)
        roles.strength = WEAK
    elif short := [column for column in free if _are_short(column)]:
        _take(roles, short[:1], files)
        roles.strength, roles.rivals = WEAK, []
        roles.doubt = (
            f"Column '{short[0].name}' has {len(short[0].counts):,} different values for {len(files):,} rows, which is "
            "a lot for classes."
        )
    else:
        roles.placeholder = bool(constant)


def _are_short(column: ColumnFacts) -> bool:
    """Tell whether values may be classes of few pictures: of few words, and some come back, or rows are few."""
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


def _same_partition(first: ColumnFacts, second: ColumnFacts) -> bool:
    pairs = set(zip(first.values, second.values, strict=True))
    return len(pairs) == len(set(first.values)) == len(set(second.values))


def _place_of(column: ColumnFacts) -> int:
    return CLASS_NAMES.index(column.key) if column.key in CLASS_NAMES else len(CLASS_NAMES)


def _told(column: ColumnFacts) -> str:
    return f"column '{column.title}'" if column.title else f"column number {column.name}"


def _number(column: ColumnFacts) -> str:
    values = sorted(column.counts, key=lambda text: decimal(text))
    return f"column '{column.name}' has a number for each picture, from {values[0]} to {values[-1]}"
