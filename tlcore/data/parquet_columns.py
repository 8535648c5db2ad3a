"""Which columns of a Parquet file hold the pictures and their classes.

It knows Arrow's schemas and what Hugging Face writes into their metadata
(https://huggingface.co/docs/datasets/about_dataset_features). Where these do not say which column has the classes, the
first rows do, by the rules for tables (`label_columns`). It does not read files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

import pyarrow as pa

from tlcore.data.column_facts import CLASS_NAMES, STRONG, ColumnFacts
from tlcore.data.label_columns import ColumnRoles, choose_roles, use_column
from tlcore.errors import DataError

First = Callable[[list[str]], list[tuple[str, ...]]]
_BOX = re.compile(r"bbox|box|segmentation|polygon|points")
_IMAGE_NAMES = frozenset({"image", "img", "picture", "photo", "image_bytes", "bytes"})


@dataclass(frozen=True)
class Columns:
    """Which columns are taken; `names` are those of the classes, where the label is a number.

    `rivals` could be the class as well; `refusal` says what there is instead of one class for each picture.
    """

    picture: str
    content: str
    path: str | None
    label: str | None
    names: tuple[str, ...] | None
    rivals: tuple[str, ...] = ()
    refusal: str = ""

    @property
    def wanted(self) -> list[str]:
        return [name for name in (self.content, self.path, self.label) if name]


def choose_columns(schema: pa.Schema, first: First, wanted: str | None = None) -> Columns | None:
    """Choose the columns; None where none holds pictures.

    Args:
        schema: Of the file.
        first: Gives the first rows of some columns, as texts.
        wanted: The column of the classes that a person chose.

    Raises:
        DataError: The file has no such column.
    """
    features = _features(schema)
    pictures = [field for field in schema if _holds_pictures(field, features.get(field.name))]
    if not pictures:
        return None
    picture = min(pictures, key=lambda field: _kind(features.get(field.name)) != "Image")
    is_struct = pa.types.is_struct(picture.type)
    has_path = is_struct and picture.type.get_field_index("path") >= 0
    others = [field for field in schema if field is not picture]
    label, rivals, refusal = _label_field(others, features, first, wanted)
    names = features.get(label, {}).get("names") if label else None
    if isinstance(names, dict):  # as some cards write them: {"0": "cat"}
        names = list(names.values())
    return Columns(
        picture=picture.name,
        content=f"{picture.name}.bytes" if is_struct else picture.name,
        path=f"{picture.name}.path" if has_path else None,
        label=label,
        names=tuple(normalize("NFC", str(name)).strip() for name in names) if isinstance(names, list) else None,
        rivals=rivals,
        refusal=refusal,
    )


def _features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """What Hugging Face wrote of each column; empty where nothing can be read."""
    try:
        found = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {str(name): feature for name, feature in found.items() if isinstance(feature, dict)}
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return {}


def _kind(feature: dict[str, Any] | None) -> str:
    return str((feature or {}).get("_type", ""))


def _holds_pictures(field: pa.Field, feature: dict[str, Any] | None) -> bool:
    if pa.types.is_struct(field.type):
        place = field.type.get_field_index("bytes")
        return place >= 0 and _is_bytes(field.type.field(place).type)
    return _is_bytes(field.type) and (_kind(feature) == "Image" or field.name.casefold() in _IMAGE_NAMES)


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _label_field(
    fields: Sequence[pa.Field], features: dict[str, dict[str, Any]], first: First, wanted: str | None
) -> tuple[str | None, tuple[str, ...], str]:
    """The column of the class, its rivals, and what there is instead: a `ClassLabel` before any other."""
    if wanted is not None:
        if wanted not in {field.name for field in fields}:
            there = ", ".join(field.name for field in fields) or "none"
            raise DataError(f"The name of a column is needed. The Parquet file has no '{wanted}'. There is {there}.")
        chosen = next(field for field in fields if field.name == wanted)
        if _is_plain(chosen.type) and _kind(features.get(wanted)) != "ClassLabel":
            roles = ColumnRoles(-1)
            values = tuple(row[0] for row in first([wanted]))
            use_column(roles, ColumnFacts(0, wanted, values, _is_list(chosen.type)))
            return (None, (), roles.refusal) if roles.refusal else (wanted, (), "")
        return wanted, (), ""
    labels = [field.name for field in fields if _kind(features.get(field.name)) == "ClassLabel"]
    if labels:
        order = {name: place for place, name in enumerate(CLASS_NAMES)}
        best = min(labels, key=lambda name: order.get(name.casefold(), len(order)))
        return best, tuple(name for name in labels if name != best), ""
    plain = [field.name for field in fields if _is_plain(field.type)]
    rows = first(plain) if plain else []
    lists = {field.name for field in fields if _is_list(field.type)}
    facts = [
        ColumnFacts(place, name, tuple(row[place] for row in rows), name in lists) for place, name in enumerate(plain)
    ]
    roles = choose_roles(facts, -1, range(len(rows)))
    boxes = [field.name for field in fields if _has_boxes(field.type)]
    if boxes and roles.strength < STRONG:
        return None, (), f"column '{boxes[0]}' has boxes or outlines: which objects a picture shows, and where"
    if roles.refusal or roles.label is None or roles.taken.startswith("one column for each class"):
        return None, (), roles.refusal
    return plain[roles.label], tuple(plain[place] for place in roles.rivals), ""


def _is_plain(kind: pa.DataType) -> bool:
    """Tell whether values are texts, numbers, yes or no, or lists of these."""
    if _is_list(kind):
        kind = kind.value_type
    return _is_text(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _has_boxes(kind: pa.DataType) -> bool:
    """Tell whether a column has a part called after boxes, outlines or points, in a struct or a list of structs."""
    while _is_list(kind):
        kind = kind.value_type
    return pa.types.is_struct(kind) and any(_BOX.search(kind.field(n).name.casefold()) for n in range(kind.num_fields))


def _is_text(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(value) or pa.types.is_large_string(value))
