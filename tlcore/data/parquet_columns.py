"""Which columns of a Parquet file hold the pictures and their classes.

It knows Arrow's schemas and what Hugging Face writes into their metadata
(https://huggingface.co/docs/datasets/about_dataset_features). It does not read rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

import pyarrow as pa

from tlcore.data.tables import LABEL_NAMES

_IMAGE_NAMES = frozenset({"image", "img", "picture", "photo", "image_bytes", "bytes"})


@dataclass(frozen=True)
class Columns:
    """Which columns are taken; `names` are those of the classes, where the label is a number."""

    picture: str
    content: str
    path: str | None
    label: str | None
    names: tuple[str, ...] | None

    @property
    def wanted(self) -> list[str]:
        return [name for name in (self.content, self.path, self.label) if name]


def choose_columns(schema: pa.Schema) -> Columns | None:
    """Choose the columns; None where none holds pictures."""
    features = _features(schema)
    pictures = [field for field in schema if _holds_pictures(field, features.get(field.name))]
    if not pictures:
        return None
    picture = min(pictures, key=lambda field: _kind(features.get(field.name)) != "Image")
    is_struct = pa.types.is_struct(picture.type)
    has_path = is_struct and picture.type.get_field_index("path") >= 0
    label = _label_field([field for field in schema if field is not picture], features)
    names = features.get(label, {}).get("names") if label else None
    if isinstance(names, dict):  # as some cards write them: {"0": "cat"}
        names = list(names.values())
    return Columns(
        picture=picture.name,
        content=f"{picture.name}.bytes" if is_struct else picture.name,
        path=f"{picture.name}.path" if has_path else None,
        label=label,
        names=tuple(normalize("NFC", str(name)).strip() for name in names) if isinstance(names, list) else None,
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


def _label_field(fields: Sequence[pa.Field], features: dict[str, dict[str, Any]]) -> str | None:
    """The column of the class: a `ClassLabel` before any other, the surest name first."""
    order = {name: place for place, name in enumerate(LABEL_NAMES)}
    labels = [field.name for field in fields if _kind(features.get(field.name)) == "ClassLabel"]
    if not labels:
        plain = [field for field in fields if pa.types.is_integer(field.type) or _is_text(field.type)]
        labels = [field.name for field in plain if field.name.casefold() in order]
    return min(labels, key=lambda name: order.get(name.casefold(), len(order)), default=None)


def _is_text(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(value) or pa.types.is_large_string(value))
