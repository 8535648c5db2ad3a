"""Recognizes sets whose annotations say where things are: COCO, Pascal VOC, YOLO, CVAT, Label Studio, VIA, LabelMe.

It knows how their files begin and lie, and gives the objects that most of them name as a table. It does not read where
objects are.

* COCO: https://cocodataset.org/#format-data, one JSON with `images`, `annotations`, `categories`.
* Pascal VOC: one XML beside each item, `<annotation>` with `<object>` and `<bndbox>`.
* YOLO: one text for each item, a line `class x y width height` for each box; `data.yaml` or `classes.txt`.
* VIA: https://www.robots.ox.ac.uk/~vgg/software/via, one JSON with `regions` and their `region_attributes`.
* LabelMe: https://github.com/wkentaro/labelme, one JSON beside each item, with `shapes` and `imagePath`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from tlcore.data.annotations import item_of
from tlcore.data.object_annotations import (
    HEADER,
    Beside,
    Rows,
    coco_rows,
    cvat_rows,
    label_studio_rows,
    labelme_rows,
    table_of_objects,
    via_csv_rows,
    via_rows,
    voc_rows,
    yolo_rows,
)
from tlcore.data.tables import Table
from tlcore.modalities import NOUN, SUFFIXES

_LOOKED_AT = 20
_MOST_EMPTY = 500
_MOST_BYTES = 64 * 10**6
_LABEL_STUDIO_SHAPES = (b"rectanglelabels", b"polygonlabels", b"brushlabels", b"keypointlabels", b"ellipselabels")
_VIA_CSV = b"filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"
_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_YOLO_LINE = re.compile(rf"\s*\d+(?:\s+{_NUMBER}){{4,}}\s*")


@dataclass(frozen=True)
class AnnotationSet:
    """A set that was recognized.

    Attributes:
        name: What it is called, with what its annotations are: "a COCO set with boxes".
        files: Its files of annotations, which are no items.
        table: Its objects, a row for each, or its classes of whole items where it has these instead; None where
            neither is read.
    """

    name: str
    files: tuple[PurePosixPath, ...]
    table: Table | None = None


def find_annotation_sets(paths: Sequence[PurePosixPath], read: Callable[[PurePosixPath], bytes]) -> list[AnnotationSet]:
    """Find the annotation sets among the files; `read` gives the bytes of one, and is called for a few."""
    by_suffix: dict[str, list[PurePosixPath]] = {}
    for path in paths:
        by_suffix.setdefault(path.suffix.casefold(), []).append(path)
    found = [_from_json(path, read(path)) for path in by_suffix.get(".json", [])[:_LOOKED_AT]]
    found += [_cvat(path, read(path)) for path in by_suffix.get(".xml", [])[:_LOOKED_AT]]
    items = Beside(path for suffix, files in by_suffix.items() if suffix in SUFFIXES for path in files)
    found.append(_voc(by_suffix.get(".xml", []), read, items))
    found += [_via_csv(path, read(path)) for path in by_suffix.get(".csv", [])[:_LOOKED_AT]]
    known = {path for each in found if each is not None for path in each.files}
    found.append(_labelme([path for path in by_suffix.get(".json", []) if path not in known], read, items))
    texts = [path for path in by_suffix.get(".txt", []) if items.find(path)]
    found.append(_yolo(texts, by_suffix.get(".yaml", []) + by_suffix.get(".yml", []), read, items))
    return [each for each in found if each is not None]


def _cvat(path: PurePosixPath, content: bytes) -> AnnotationSet | None:
    """CVAT's XML with shapes and no tag of a whole item; with tags it is a table (`annotations`)."""
    if b"<annotations" not in content[:4096] or b"<tag " in content:
        return None
    shapes = any(shape in content for shape in (b"<box ", b"<polygon ", b"<polyline ", b"<points ", b"<mask "))
    name = "a CVAT set with boxes or outlines"
    return AnnotationSet(name, (path,), table_of_objects(cvat_rows(content), name)) if shapes else None


def _label_studio(path: PurePosixPath, content: bytes) -> AnnotationSet | None:
    """Label Studio's JSON with shapes and no choice for a whole item; with choices it is a table (`annotations`)."""
    shapes = any(b'"%s"' % shape in content for shape in _LABEL_STUDIO_SHAPES)
    choices = any(b'"%s"' % choice in content for choice in (b"choices", b"choice"))
    if not shapes or choices:
        return None
    try:
        rows = label_studio_rows(json.loads(content), item_of)
    except (ValueError, RecursionError):
        rows = []
    name = "a Label Studio set with boxes or outlines"
    return AnnotationSet(name, (path,), table_of_objects(rows, name))


def _from_json(path: PurePosixPath, content: bytes) -> AnnotationSet | None:
    if len(content) <= _MOST_BYTES and content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return _label_studio(path, content)
    if len(content) > _MOST_BYTES or not content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return None
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(whole, dict):
        return None
    if isinstance(whole.get("images"), list) and isinstance(whole.get("annotations"), list):
        return _coco(path, whole)
    if "_via_img_metadata" in whole or any(
        isinstance(one, dict) and "regions" in one for one in islice(whole.values(), 3)
    ):
        return _shapes_or_whole("a VIA set", "with regions", [path], *via_rows(whole))
    return None


def _coco(path: PurePosixPath, whole: dict[str, Any]) -> AnnotationSet:
    notes = [one for one in whole["annotations"] if isinstance(one, dict)]
    if any(one.get(shape) for one in notes for shape in ("bbox", "segmentation", "keypoints", "segments_info")):
        name = "a COCO set with boxes or outlines"
        return AnnotationSet(name, (path,), table_of_objects(coco_rows(whole), name))
    if any("caption" in one for one in notes):
        return AnnotationSet("a COCO set with captions", (path,))
    categories = whole.get("categories")
    names = {one.get("id"): str(one.get("name", "")) for one in categories or [] if isinstance(one, dict)}
    files = {one.get("id"): str(one.get("file_name", "")) for one in whole["images"] if isinstance(one, dict)}
    rows = [(files.get(one.get("image_id"), ""), names.get(one.get("category_id"), "")) for one in notes]
    rows += [(file, "") for id_, file in files.items() if id_ not in {one.get("image_id") for one in notes}]
    table = Table(
        ("file_name", "label"), tuple(row for row in rows if row[0]), origin=f"COCO's categories of {NOUN.many}"
    )
    return AnnotationSet(f"a COCO set with categories of whole {NOUN.many}", (path,), table)


def _voc(paths: Sequence[PurePosixPath], read: Callable[[PurePosixPath], bytes], items: Beside) -> AnnotationSet | None:
    looked = [read(path)[:20_000] for path in paths[:_LOOKED_AT]]
    if not any(b"<annotation" in one and (b"<bndbox" in one or b"<polygon" in one) for one in looked):
        return None
    name = "a Pascal VOC set with boxes"
    return AnnotationSet(name, tuple(paths), table_of_objects(voc_rows(paths, read, items), name))


def _labelme(
    paths: Sequence[PurePosixPath], read: Callable[[PurePosixPath], bytes], items: Beside
) -> AnnotationSet | None:
    beside = [path for path in paths if items.find(path)] or list(paths)
    if not any(b'"imagePath"' in content and b'"shapes"' in content for content in map(read, beside[:_LOOKED_AT])):
        return None
    files, shapes, flags = labelme_rows(beside, read, items)
    return _shapes_or_whole("a LabelMe set", "with outlines", files, shapes, flags)


def _via_csv(path: PurePosixPath, content: bytes) -> AnnotationSet | None:
    if not content.removeprefix(b"\xef\xbb\xbf").lstrip(b"#").startswith(_VIA_CSV):
        return None
    text = content.decode("utf-8-sig", errors="replace").lstrip("#")
    lines = (line for line in csv.DictReader(io.StringIO(text, newline="")) if None not in line.values())
    return _shapes_or_whole("a VIA set", "with regions", [path], *via_csv_rows(lines))


def _shapes_or_whole(
    name: str, of_shapes: str, files: Sequence[PurePosixPath], shapes: Rows, whole: Rows
) -> AnnotationSet:
    """Give the set of a program that annotates shapes and whole items: shapes, or the labels of items without any."""
    objects = table_of_objects(shapes, f"{name} {of_shapes}")
    if objects is not None or not any(row[1] for row in whole):
        return AnnotationSet(f"{name} {of_shapes}", tuple(files), objects)
    table = Table(HEADER, tuple(whole), origin=f"the labels of whole items of {name}")
    return AnnotationSet(f"{name} with labels of whole items", tuple(files), table)


def _yolo(
    texts: Sequence[PurePosixPath],
    settings: Sequence[PurePosixPath],
    read: Callable[[PurePosixPath], bytes],
    items: Beside,
) -> AnnotationSet | None:
    in_labels = [path for path in texts if "labels" in map(str.casefold, path.parts)] or list(texts)
    lines: list[str] = []
    for path in in_labels[:_MOST_EMPTY]:  # an item without objects has an empty text
        lines += [line for line in read(path)[:20_000].decode(errors="replace").splitlines() if line.strip()]
        if len(lines) >= _LOOKED_AT:
            break
    boxes = bool(lines) and sum(_YOLO_LINE.fullmatch(line) is not None for line in lines) >= 0.9 * len(lines)
    if not boxes:
        return None
    said = any(b"names" in read(path)[:20_000] for path in settings[:_LOOKED_AT])
    named = "labels" in {part.casefold() for path in in_labels for part in path.parts}
    if not (said or named or len(in_labels) > 1):
        return None
    name = "a YOLO set with boxes"
    files = (*texts, *settings)
    return AnnotationSet(name, files, table_of_objects(yolo_rows(in_labels, read, settings, items), name))
