"""What kind of thing the names of folders or the cells of a column are: dates, numbers, parts of a split, words.

It knows texts. It does not know files or tables.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from tlcore.modalities import SUFFIXES

_PART = re.compile(
    r"(?:(train|training|trn)|(val|valid|validation|validate|dev|public ?test)|(test|testing|tst|private ?test))"
    r"(?:[ _-]?(?:set|data|images|imgs|split))?"
)
_TOKEN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_]+")
_NOISE = frozenset({"set", "data", "images", "imgs", "split", "dataset"})
UNASSIGNED = frozenset({"", "unassigned", "none", "n/a", "unlabeled", "default"})

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = r"(?:0[1-9]|[12]\d|3[01]|[1-9](?!\d))"
_TIME = r"(?:[ T_-]?\d{1,2}[:h.\-_]?\d{2}(?:[:m.\-_]?\d{2}(?:[.,]\d+)?)?s?)?(?:Z|[+-]\d{2}:?\d{2})?"
_DATE = re.compile(
    rf"(?:(?:19|20)\d\d(?:[-/._ ]?(?:0[1-9]|1[0-2]|[1-9](?!\d))(?:[-/._ ]?{_DAY})?)?{_TIME}"
    rf"|(?:0?[1-9]|[12]\d|3[01])[-/._ ](?:0?[1-9]|1[0-2])[-/._ ](?:19|20)?\d\d{_TIME}"
    rf"|(?:0?[1-9]|1[0-2])[-/._ ](?:0?[1-9]|[12]\d|3[01])[-/._ ](?:19|20)?\d\d{_TIME}"
    rf"|(?:\d{{1,2}}[-/._ ])?{_MONTH}[-/._ ,]+(?:\d{{1,2}},? )?(?:19|20)?\d\d"
    rf"|(?:19|20)\d\d[-/._ ]{_MONTH}(?:[-/._ ]\d{{1,2}})?"
    r"|jan(?:uary)?|feb(?:ruary)?|march|april|may|june|july|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?"
    r"|dec(?:ember)?)",
    re.IGNORECASE,
)
_FILE_TYPES = frozenset(suffix.removeprefix(".") for suffix in SUFFIXES) | {
    "jfif", "mpo", "raw", "dng", "cr2", "nef", "arw", "avif", "jp2", "svg", "mp4", "mov", "dcm", "dicom", "pgm", "ppm",
}  # fmt: skip
# Folders that hold files of one kind, whatever these show.
_CONTAINERS = frozenset({
    "image", "images", "img", "imgs", "picture", "pictures", "pic", "pics", "photo", "photos", "jpegimages", "data",
    "dataset", "files", "frames", "raw", "original", "originals", "mask", "masks", "label", "labels", "annotation",
    "annotations", "gt", "ground_truth", "groundtruth", "segmentations", "thumbnails", "thumbs", "resized", "input",
    "inputs", "output", "outputs", "all", "bilder", "fotos", "imagenes", "immagini", "画像", "图片",
})  # fmt: skip
# Of these, what is hardly ever a class, even beside folders that are.
_HOLDERS = _CONTAINERS - {
    "raw",
    "original",
    "originals",
    "mask",
    "input",
    "inputs",
    "output",
    "outputs",
    "all",
    "label",
}
# What file managers call a folder before somebody names it.
_UNNAMED = re.compile(
    r"(?:new folder|untitled(?: folder)?|neuer ordner|nouveau dossier|nueva carpeta|nuova cartella|nova pasta"
    r"|nieuwe map|новая папка|新建文件夹|新しいフォルダー|새 폴더)(?:[ _]*\(?\d+\)?)?",
    re.IGNORECASE,
)
_UNLABELLED = re.compile(
    r"un(?:label+ed|sorted|sup(?:ervised)?|annotated)|no[ _-]?labels?|to[ _-]?label", re.IGNORECASE
)
_GROUP_WORDS = (
    "patient|pat|subject|subj|sub|person|participant|proband|volunteer|individual|user|case|session|sess|scene|video|vid"
    "|clip|camera|cam|device|site|hospital|center|centre|batch|run|fold|take|sequence|seq|slide|series|study|visit|day"
    "|frame|burst|roll|part|chunk|shard|page|folder|dir|disk|disc|dcim|trip|flight|plot|row|tile|specimen|animal"
)
_GROUP = re.compile(
    rf"(?:{_GROUP_WORDS})(?:[ _.#-]*(?:no|nr|id)?[ _.#-]*\d[\w.-]*|[ _.#-]+[a-z])|\d{{3}}(?:canon|nikon|_?pana|apple)",
    re.IGNORECASE,
)
_INTEGER = re.compile(r"[+-]?\d{1,18}(?:\.0+)?")
_DECIMAL = re.compile(r"[+-]?(?:\d{1,15}(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?")
_TRUTH = {
    "1": True, "0": False, "-1": False, "1.0": True, "0.0": False, "-1.0": False, "true": True, "false": False,
    "yes": True, "no": False, "t": True, "f": False, "y": True, "n": False,
}  # fmt: skip
# What ticks off a label in a column whose other cells are empty.
_MARKS = frozenset({"x", "✓", "✔", "☑", "✗", "✘", "•", "*", "+", "1", "1.0", "true", "yes", "y", "t"})
_WHOLE_FLOAT = re.compile(r"([+-]?\d+)\.0+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_LIST = re.compile(rf"\[\s*(?:(?:{_QUOTED.pattern})(?:\s*,\s*|\s+|(?=\s*\])))*\s*\]")
# A box, a polygon or a mask, in a cell of JSON.
_SHAPE = re.compile(
    r"[\"'](?:bbox|boxes|rectanglelabels|polygonlabels|brushlabels|keypointlabels|segmentation|points|shape_attributes)[\"']"
)


def part_of(name: str) -> str:
    """Give the part of a split that a name says: `train`, `val`, `test`, or nothing."""
    match = _PART.fullmatch(name.strip().casefold().replace("_test", " test"))
    if match is None:
        return ""
    return "train" if match[1] else "val" if match[2] else "test"


def part_in(name: str) -> tuple[str, str]:
    """Give the part of a split in a longer name, such as `seg_train` or `val2017`, and the rest of the name."""
    if part := part_of(name):
        return part, ""
    words = [word.casefold() for word in _TOKEN.findall(name)]
    parts = {part_of(word) for word in words} - {""}
    if len(parts) != 1:
        return "", ""
    return parts.pop(), " ".join(word for word in words if not part_of(word) and word not in _NOISE)


def mixed_parts(names: Collection[str]) -> bool:
    """Tell whether names are parts of a split with something else in them: `train_cat` and `test_cat`."""
    parts: dict[str, set[str]] = {}
    for name in names:
        part, rest = part_in(name)
        if part and not part_of(name):
            parts.setdefault(rest, set()).add(part)
    return any("train" in found and len(found) > 1 for found in parts.values())


def says_parts(values: Collection[str]) -> bool:
    """Tell whether all of these are parts of a split, or say that there is none."""
    return any(map(part_of, values)) and all(part_of(text) or text.casefold() in UNASSIGNED for text in values)


def truth(text: str) -> bool | None:
    """Read a yes or a no, however it is written; None for anything else."""
    return _TRUTH.get(text.strip().casefold())


def is_yes_no(values: Collection[str]) -> bool:
    """Tell whether all of these are a yes or a no."""
    return bool(values) and all(truth(text) is not None for text in values)


def is_mark(values: Collection[str]) -> bool:
    """Tell whether these are nothing but one mark, such as the `x` in a list that is ticked off."""
    return len({text.casefold() for text in values}) == 1 and next(iter(values)).casefold() in _MARKS


def is_whole(text: str) -> bool:
    """Tell whether a text is a whole number; `7.0` is one."""
    return _INTEGER.fullmatch(text.strip()) is not None


def is_number(text: str) -> bool:
    """Tell whether a text is a number, with a decimal point or a decimal comma."""
    return _DECIMAL.fullmatch(text.strip()) is not None


def without_fraction(values: Sequence[str]) -> list[str]:
    """Write `7.0` as `7` where all of these are whole numbers written so, as tables with gaps have them."""
    if all(_WHOLE_FLOAT.fullmatch(text) or not text for text in values):
        return [_WHOLE_FLOAT.sub(r"\1", text) for text in values]
    return list(values)


def is_date(text: str) -> bool:
    """Tell whether a text is a date, a month or a year, with or without a time."""
    return _DATE.fullmatch(text.strip()) is not None


def is_file_type(text: str) -> bool:
    """Tell whether a text names a type of file: `JPEG`, `.png`, `image/tiff`."""
    return text.strip().casefold().removeprefix("image/").removeprefix(".") in _FILE_TYPES


def is_container(text: str) -> bool:
    """Tell whether a folder's name says what kind of files it holds, not what they show."""
    return text.strip().casefold() in _CONTAINERS or is_file_type(text)


def is_holder(text: str) -> bool:
    """Tell whether a name is hardly ever a class, even beside others that are: `images`, `masks`, `jpg`."""
    small = text.strip().casefold()
    return small in _HOLDERS or (is_file_type(text) and small != "raw")


def is_unlabelled(text: str) -> bool:
    """Tell whether a folder's name says that its files have no class yet: `unlabeled`, `unsorted`."""
    return _UNLABELLED.fullmatch(text.strip()) is not None


def is_group(text: str) -> bool:
    """Tell whether a text numbers one of many: `patient_012`, `session 3`, `100CANON`."""
    return _GROUP.fullmatch(text.strip()) is not None


def has_shapes(values: Collection[str]) -> bool:
    """Tell whether cells hold boxes, outlines or masks as JSON."""
    full = [text for text in values if text]
    return bool(full) and sum(bool(_SHAPE.search(text)) for text in full) > len(full) / 2


def doubt(counts: Mapping[str, int]) -> str:
    """Say why names are hardly those of classes, as a clause such as "they are dates"; empty where they may be.

    Args:
        counts: How many files each name has.
    """
    names = [name for name in counts if name]
    if not names:
        return ""
    if all(part_of(name) or name.casefold() in UNASSIGNED for name in names):
        return "they are parts of a split"
    for sentence, says in (
        ("they are dates", is_date),
        ("they are types of files", is_file_type),
        ("they say what kind of files they hold, not what these show", is_container),
        ("they number patients, sessions or the like", is_group),
        ("they are names that a computer gives to new folders", lambda name: _UNNAMED.fullmatch(name.strip())),
    ):
        if sum(bool(says(name)) for name in names) >= 0.8 * len(names):
            return sentence
    if mixed_parts(names):
        return "some of them are parts of a split, such as training and test"
    if len(names) >= 4 and all(counts[name] == 1 for name in names):
        return "each of them has a single file"
    return ""


def items_of(text: str) -> list[str] | None:
    """Read a cell that is a list in JSON or in Python's spelling, or Label Studio's choices; None for anything else."""
    text = text.strip()
    if not (text.startswith(("[", "{")) and text.endswith(("]", "}"))):
        return None
    try:
        found = json.loads(text)
        found = found.get("choices") if isinstance(found, dict) else found
    except (ValueError, RecursionError):
        match = _LIST.fullmatch(text)
        return None if match is None else [one[1:-1] for one in _QUOTED.findall(text)]
    if isinstance(found, list) and all(isinstance(one, str | int | float) for one in found):
        return [str(one).strip() for one in found]
    return None


def labels_in(text: str, separator: str) -> list[str]:
    """Split a cell that holds several labels; without a separator it is one."""
    if not separator:
        return [text] if text else []
    if separator == "[":
        return items_of(text) or ([text] if text and items_of(text) is None else [])
    return [part for piece in text.split(separator) if (part := piece.strip())]


def separator_of(counts: Mapping[str, int], *, words: bool = False) -> str:
    """Find what separates several labels in a column's cells: `|`, `;`, `,`, a blank, or `[` for lists; else nothing.

    Cells hold several labels where their pieces come back in other cells, alone or in other company; "red, large"
    beside "blue, small" are two classes with a comma.

    Args:
        counts: Of the cells.
        words: Whether the column is called after single words, such as tags.
    """
    values = [text for text in counts if text]
    lists = [found for text in values if (found := items_of(text)) is not None]
    if any(len(found) > 1 for found in lists) or (lists and len(lists) >= 0.9 * len(values)):
        return "["
    if several := separators_of(counts):
        return several[0]
    pieces = Counter(len(text.split()) for text in values)
    different = {word for text in values for word in text.split()}
    few = len(pieces) >= 3 and len(values) >= 12 and len(different) <= len(values) / 2
    back = Counter(word for text in values for word in set(text.split()))
    if (words and len(pieces) > 1 and max(back.values()) > 1) or (few and _parts_labels(values, " ")):
        return " "
    return ""


def separators_of(counts: Mapping[str, int]) -> str:
    """Give each of `|;,` that could separate several labels in a column's cells, the likeliest first."""
    values = [text for text in counts if text]
    return "".join(separator for separator in "|;," if _parts_labels(values, separator))


def _parts_labels(values: Sequence[str], separator: str) -> bool:
    split = {text: labels_in(text, separator) for text in values if separator in text}
    several = {text: pieces for text, pieces in split.items() if len(pieces) > 1}
    if not several:
        return False
    seen = Counter(piece for text in values for piece in set(split.get(text, [text.strip()])))
    # Hardly any name has a bar or a semicolon in it: one piece that comes back is enough.
    comes_back = all if separator in ", " else any
    known = sum(comes_back(seen[piece] > 1 for piece in pieces) for pieces in several.values())
    return known >= max(1.0, len(several) / 2)
