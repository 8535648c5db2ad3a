"""The objects that annotations name, as tables with a row for each: COCO, VOC, YOLO, CVAT, Label Studio, VIA, LabelMe.

It knows their formats. It does not read where objects lie, nor does it know what the rows are for: which classes occur
in an item, or how many objects it has (`label_tasks`).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from xml.parsers import expat

from tlcore.data.tables import Table

HEADER = ("file_name", "label")
_MOST_BYTES = 4 * 10**6  # of the text or the XML of one item
SHAPES_OF_LABEL_STUDIO = ("rectanglelabels", "polygonlabels", "brushlabels", "keypointlabels", "ellipselabels")
SHAPES_OF_CVAT = frozenset({"box", "polygon", "polyline", "points", "mask", "ellipse", "cuboid", "skeleton"})
# What the attribute of VIA that has the class is usually called.
_CLASS_ATTRIBUTES = frozenset({"label", "labels", "class", "classes", "category", "name", "type", "object"})
_NAMES = re.compile(r"^names[ \t]*:[ \t]*(.*)$", re.MULTILINE)
_ITEM = re.compile(r"""\s*(?:-|(\d+)\s*:)\s*(['"]?)(.+?)\2\s*(?:#.*)?""")
Read = Callable[[PurePosixPath], bytes]
Rows = list[tuple[str, ...]]


class RefusedXmlError(Exception):
    """A document type or an entity: nothing that names items needs one, and both have been used to do harm."""


def safe_parser() -> expat.XMLParserType:
    """Make an XML parser that refuses document types and entities, before anything could be expanded or fetched."""

    def refuse(*_: object) -> int:
        raise RefusedXmlError

    parser = expat.ParserCreate()
    # As the package defusedxml does.
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.UnparsedEntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    return parser


def table_of_objects(rows: Iterable[tuple[str, ...]], name: str) -> Table | None:
    """Make a table of objects; items without any have a row with an empty label. None where there is no object."""
    found = tuple(rows)
    origin = f"the objects that {name} names"
    return Table(HEADER, found, origin=origin, objects=name) if any(row[1] for row in found) else None


# === COCO ===


def coco_rows(whole: Mapping[str, Any]) -> Rows:
    """Read the category of every annotation and segment of COCO, and the items that have none."""
    names = {one.get("id"): str(one.get("name", "")) for one in _dicts(whole.get("categories"))}
    files = {one.get("id"): str(one.get("file_name", "")) for one in _dicts(whole.get("images"))}
    rows: Rows = []
    for note in _dicts(whole.get("annotations")):
        file = files.get(note.get("image_id"), "")
        each = _dicts(note.get("segments_info")) or [note]
        rows += [(file, names.get(one.get("category_id"), "")) for one in each if file]
    there = {file for file, _ in rows}
    return rows + [(file, "") for file in files.values() if file and file not in there]


def _dicts(values: object) -> list[dict[str, Any]]:
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


# === Pascal VOC ===


class Beside:
    """Finds the item that a file of annotations is about: of the same name, in the folder that agrees best."""

    def __init__(self, items: Iterable[PurePosixPath]) -> None:
        self._by_stem: dict[str, list[PurePosixPath]] = {}
        for path in items:
            self._by_stem.setdefault(path.stem, []).append(path)

    def find(self, path: PurePosixPath) -> str:
        """Give the path of the item; empty where there is none."""
        around = set(path.parent.parts)
        found = self._by_stem.get(path.stem, [])
        best = max(found, key=lambda one: (len(around & set(one.parent.parts)), one.parent == path.parent), default="")
        return str(best)


def voc_rows(paths: Sequence[PurePosixPath], read: Read, items: Beside) -> Rows:
    """Read the objects of one XML for each item; an item is called as its XML, or as that says."""
    rows: Rows = []
    for path in paths:
        content = read(path)
        if b"<annotation" not in content[:4096] or len(content) > _MOST_BYTES:
            continue
        file, labels = _voc_objects(content)
        name = items.find(path) or file or path.stem
        rows += [(name, label) for label in labels or [""]]
    return rows


def _voc_objects(content: bytes) -> tuple[str, list[str]]:
    """Read the file and the names of the objects; a damaged XML has none."""
    where: list[str] = []
    texts: dict[str, list[str]] = {"filename": [], "name": []}

    def start(name: str, _: dict[str, str]) -> None:
        where.append(name)
        if where[1:] == ["filename"] or where[1:] == ["object", "name"]:
            texts[name].append("")

    def text(data: str) -> None:
        if where[1:] == ["filename"] or where[1:] == ["object", "name"]:
            texts[where[-1]][-1] += data

    parser = safe_parser()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: where.pop()
    parser.CharacterDataHandler = text
    try:
        parser.Parse(content, True)
    except (RefusedXmlError, expat.ExpatError, LookupError, ValueError):
        return "", []
    file = next(iter(texts["filename"]), "").strip()
    return file, [name.strip() for name in texts["name"] if name.strip()]


# === YOLO ===


def yolo_rows(texts: Sequence[PurePosixPath], read: Read, settings: Sequence[PurePosixPath], items: Beside) -> Rows:
    """Read the class of every line; classes are called as `data.yaml` says, else by their numbers."""
    names = next(filter(None, (yolo_names(read(path)[:200_000].decode(errors="replace")) for path in settings)), {})
    rows: Rows = []
    for path in texts:
        lines = read(path)[:_MOST_BYTES].decode(errors="replace").splitlines()
        classes = [words[0] for line in lines if (words := line.split())]
        rows += [(items.find(path), names.get(int(one), one) if one.isdecimal() else one) for one in classes or [""]]
    return rows


def yolo_names(text: str) -> dict[int, str]:
    """Read the names of the classes in a `data.yaml`: a list in brackets, a list of lines, or lines with numbers."""
    match = _NAMES.search(text)
    if match is None:
        return {}
    if match[1].strip().startswith(("[", "{")):
        whole = text[match.start(1) :]
        inside = re.split(r"[\]}]", whole, maxsplit=1)[0].strip()[1:]
        pieces = [piece for piece in re.findall(r"""'[^']*'|"[^"]*"|[^,\n]+""", inside) if piece.strip()]
        found: dict[int, str] = {}
        for place, piece in enumerate(pieces):
            numbered = re.fullmatch(r"\s*(\d+)\s*:\s*(.+)", piece)
            key, name = (int(numbered[1]), numbered[2]) if numbered else (place, piece)
            found[key] = name.strip().strip("'\"")
        return found
    found = {}
    for line in text[match.end() :].splitlines():
        item = _ITEM.fullmatch(line)
        if item is not None:
            found[int(item[1]) if item[1] else len(found)] = item[3]
        elif line.strip() and not line.lstrip().startswith("#"):
            break
    return found


# === CVAT ===


def cvat_rows(content: bytes) -> Rows:
    """Read the label of every shape of CVAT's XML; none where it is damaged."""
    rows: Rows = []
    file, labels = "", list[str]()

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal file
        if name == "image":
            file = attributes.get("name", "")
            labels.clear()
        elif name in SHAPES_OF_CVAT and file:
            labels.append(attributes.get("label", ""))

    def end(name: str) -> None:
        nonlocal file
        if name == "image" and file:
            rows.extend((file, label) for label in labels or [""])
            file = ""

    parser = safe_parser()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(content, True)
    except (RefusedXmlError, expat.ExpatError, LookupError, ValueError):
        return []
    return rows


# === Label Studio ===


def label_studio_rows(tasks: object, item_of: Callable[[dict[str, Any]], str]) -> Rows:
    """Read the labels of every shape of Label Studio's JSON; `item_of` names the item of a task's data."""
    rows: Rows = []
    for task in _dicts(tasks):
        data = task.get("data")
        file = item_of(data if isinstance(data, dict) else task)
        if not file:
            continue
        notes = _dicts(task.get("annotations") or task.get("completions"))
        results = [one for note in notes if not note.get("was_cancelled") for one in _dicts(note.get("result"))]
        values = [one["value"] for one in results if isinstance(one.get("value"), dict)]
        values += [one for key in _label_studio_keys(task) for one in _dicts(task[key])]  # the short form, JSON-MIN
        given = [value.get(shape) for value in values for shape in SHAPES_OF_LABEL_STUDIO]
        labels = [str(label) for one in given if isinstance(one, list) for label in one]
        rows += [(file, label) for label in labels or [""]]
    return rows


def _label_studio_keys(task: Mapping[str, Any]) -> list[str]:
    """Name the parts of a task of JSON-MIN that are lists of shapes."""
    return [key for key, value in task.items() if key not in {"annotations", "completions"} and _dicts(value)]


# === VIA ===


def via_rows(whole: Mapping[str, Any]) -> tuple[Rows, Rows]:
    """Read the class of every region of VIA 1 and 2, and the classes of whole files."""
    held = whole.get("_via_img_metadata")
    files = _dicts(list((held if isinstance(held, dict) else whole).values()))
    names = [str(one.get("filename", "")) for one in files]
    regions = [[_attributes(each.get("region_attributes")) for each in _regions(one.get("regions"))] for one in files]
    of_files = [[_attributes(one.get("file_attributes"))] for one in files]
    return _rows_of_attribute(names, regions), _rows_of_attribute(names, of_files)


def via_csv_rows(lines: Iterable[Mapping[str, Any]]) -> tuple[Rows, Rows]:
    """Read VIA's CSV, which has a line for each region, or one for a file without any."""
    files: dict[str, dict[str, Any]] = {}
    for line in lines:
        one = files.setdefault(str(line["filename"]), {"filename": line["filename"], "regions": []})
        one["file_attributes"] = _object(str(line["file_attributes"]))
        if line["region_count"] != "0":
            one["regions"].append({"region_attributes": _object(str(line["region_attributes"]))})
    return via_rows(files)


def _regions(given: object) -> list[dict[str, Any]]:
    """List the regions of a file: VIA 2 has a list, VIA 1 numbers them."""
    return _dicts(list(given.values()) if isinstance(given, dict) else given)


def _attributes(given: object) -> dict[str, list[str]]:
    """Give the values of each attribute: a text, or boxes that are ticked."""
    found: dict[str, list[str]] = {}
    for name, value in given.items() if isinstance(given, dict) else ():
        texts = [text for text, ticked in value.items() if ticked] if isinstance(value, dict) else [str(value)]
        found[name] = [text.strip() for text in texts if text.strip()]
    return found


def _rows_of_attribute(files: Sequence[str], attributes: Sequence[Sequence[Mapping[str, Sequence[str]]]]) -> Rows:
    """Read the attribute that has the class: one that is called so, else the one that most have; empty without any."""
    often = Counter(name for its in attributes for each in its for name, values in each.items() if values)
    wanted = max(often, key=lambda name: (name.strip().casefold() in _CLASS_ATTRIBUTES, often[name]), default="")
    labels = [[text for each in its for text in each.get(wanted, ())] for its in attributes]
    return [(file, label) for file, its in zip(files, labels, strict=True) for label in its or [""]] if wanted else []


# === LabelMe ===


def labelme_rows(paths: Sequence[PurePosixPath], read: Read, items: Beside) -> tuple[list[PurePosixPath], Rows, Rows]:
    """Read the label of every shape of one JSON for each item, and the flags of whole items; first the files."""
    files: list[PurePosixPath] = []
    shapes: Rows = []
    flags: Rows = []
    for path in paths:
        whole = _object(read(path))
        if not isinstance(whole.get("shapes"), list) or "imagePath" not in whole:
            continue
        files.append(path)
        name = items.find(path) or str(whole["imagePath"]).replace("\\", "/")
        labels = [str(one.get("label", "")).strip() for one in _dicts(whole["shapes"])]
        shapes += [(name, label) for label in labels or [""]]
        given = whole.get("flags")
        ticked = [flag for flag, yes in given.items() if yes is True] if isinstance(given, dict) else []
        flags += [(name, flag) for flag in ticked or [""]]
    return files, shapes, flags


def _object(content: bytes | str) -> dict[str, Any]:
    """Read an object of JSON; a damaged one is empty."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
