"""Which columns of a Parquet file hold the items and their classes.

It knows Arrow's schemas and what Hugging Face writes into their metadata
(https://huggingface.co/docs/datasets/about_dataset_features). Where these do not say which column has the classes, the
first rows do, by the rules for tables (`label_columns`). It does not read files.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from unicodedata import normalize

import pyarrow as pa

from tlcore.data.column_facts import CLASS_NAMES, STRONG, ColumnFacts
from tlcore.data.column_roles import ColumnRoles
from tlcore.data.import_plan import ImportChoices, Question, Reading
from tlcore.data.label_cells import CLASSIFICATION, REGRESSION, CellLabel
from tlcore.data.label_columns import choose_roles, use_column
from tlcore.errors import DataError
from tlcore.modalities import NOUN

Feature = dict[str, Any] | list[Any]
First = Callable[[list[str]], Mapping[str, pa.Array]]
_BOX = re.compile(r"bbox|box|segmentation|polygon|points")
_IMAGE_NAMES = frozenset({"image", "img", "picture", "photo", "image_bytes", "bytes"})


@dataclass(frozen=True)
class Columns:
    """Which columns are taken.

    Attributes:
        item: The column of the items.
        content: That of their bytes; part of `item`.
        path: That of the names of their files; part of `item`.
        labels: Those of the labels.
        roles: What these were taken for, by the first rows.
        facts: What is in the first rows of every column that could hold labels.
        features: What Hugging Face wrote of each column.
    """

    item: str
    content: str
    path: str | None
    labels: tuple[str, ...]
    roles: ColumnRoles
    facts: tuple[ColumnFacts, ...]
    features: Mapping[str, Feature]

    @property
    def wanted(self) -> list[str]:
        return [name for name in (self.content, self.path, *self.labels) if name]

    @property
    def question(self) -> Question | None:
        """Ask which of several columns holds the labels, or what is meant by them; None where it is clear."""
        roles = self.roles
        if roles.rivals and roles.label is not None:
            task = None if roles.task == CLASSIFICATION else roles.task
            names = [self.facts[place].name for place in (roles.label, *roles.rivals)]
            readings = [Reading(f"Column '{name}'", ImportChoices(label_column=name, task=task)) for name in names]
            return Question("Several columns of the Parquet file could be the class.", tuple(readings))
        if roles.doubt and roles.options:
            return Question(roles.doubt, tuple(Reading(title, choices) for title, choices in roles.options))
        return None

    def read(self, columns: Mapping[str, pa.Array]) -> list[CellLabel]:
        """Read the labels of some rows."""
        names = self.labels
        facts = [column_facts(place, name, columns[name], self.features.get(name)) for place, name in enumerate(names)]
        reading = replace(self.roles.reading, columns=tuple(range(len(names))))
        return reading.read(facts, range(len(facts[0].values)))


def choose_columns(schema: pa.Schema, first: First, choices: ImportChoices | None = None) -> Columns | None:
    """Choose the columns; None where none holds items.

    Args:
        schema: Of the file.
        first: Gives the first rows of some columns.
        choices: The column of the labels and the task that a person chose.

    Raises:
        DataError: The file has no such column.
    """
    features = features_of(schema)
    items = [field for field in schema if _holds_items(field, features.get(field.name))]
    if not items:
        return None
    item = min(items, key=lambda field: _kind(features.get(field.name)) != "Image")
    is_struct = pa.types.is_struct(item.type)
    has_path = is_struct and item.type.get_field_index("path") >= 0
    others = [field for field in schema if field is not item]
    roles, facts = _roles(others, features, first, choices or ImportChoices())
    return Columns(
        item=item.name,
        content=f"{item.name}.bytes" if is_struct else item.name,
        path=f"{item.name}.path" if has_path else None,
        labels=() if roles.label is None or roles.refusal else tuple(facts[n].title for n in roles.class_columns),
        roles=roles,
        facts=tuple(facts),
        features=features,
    )


def features_of(schema: pa.Schema) -> dict[str, Feature]:
    """Read what Hugging Face wrote of each column; empty where nothing can be read."""
    try:
        found = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {str(name): feature for name, feature in found.items() if isinstance(feature, dict | list)}
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return {}


def column_facts(place: int, title: str, column: pa.Array, feature: Feature | None) -> ColumnFacts:
    """Give the facts of some rows of a column: values as texts, lists with a bar between their elements."""
    names = _names(feature)
    is_list = is_list_type(column.type)
    values = column.to_pylist()
    empty = frozenset(row for row, value in enumerate(values) if isinstance(value, list) and not value)
    return ColumnFacts(place, title, tuple(_named(value, names) for value in values), is_list, empty)


def _names(feature: Feature | None) -> list[str] | None:
    """Give the names of numbered classes, alone or in lists; None where there are none."""
    if isinstance(feature, list):  # as older files write lists
        feature = feature[0] if feature and isinstance(feature[0], dict) else None
    if feature is None:
        return None
    names = feature.get("names")
    if names is None and isinstance(feature.get("feature"), dict):
        names = feature["feature"].get("names")
    if isinstance(names, dict):  # as some cards write them: {"0": "cat"}
        names = list(names.values())
    return [normalize("NFC", str(name)).strip() for name in names] if isinstance(names, list) else None


def _named(value: object, names: list[str] | None) -> str:
    if isinstance(value, list):
        return "|".join(filter(None, (_named(one, names) for one in value)))
    if names is None:
        return as_text(value)
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else ""


def as_text(value: object) -> str:
    """Write a value as a person would; a list with bars between its elements."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "|".join(as_text(one) for one in value)
    return normalize("NFC", str(value)).strip()


def _kind(feature: Feature | None) -> str:
    return str(feature.get("_type", "")) if isinstance(feature, dict) else ""


def _holds_items(field: pa.Field, feature: Feature | None) -> bool:
    if pa.types.is_struct(field.type):
        place = field.type.get_field_index("bytes")
        return place >= 0 and _is_bytes(field.type.field(place).type)
    return _is_bytes(field.type) and (_kind(feature) == "Image" or field.name.casefold() in _IMAGE_NAMES)


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _roles(
    fields: Sequence[pa.Field], features: dict[str, Feature], first: First, choices: ImportChoices
) -> tuple[ColumnRoles, list[ColumnFacts]]:
    """Choose the columns of the labels: a `ClassLabel`, or lists of these, before any other."""
    plain = [field.name for field in fields if is_plain(field.type)]
    columns = first(plain) if plain else {}
    facts = [column_facts(n, name, columns[name], features.get(name)) for n, name in enumerate(plain)]
    rows = range(len(facts[0].values) if facts else 0)
    wanted = choices.label_column
    if wanted is not None:
        if wanted not in plain:
            there = ", ".join(field.name for field in fields) or "none"
            raise DataError(f"The name of a column is needed. The Parquet file has no '{wanted}'. There is {there}.")
        roles = ColumnRoles(-1)
        use_column(roles, facts, facts[plain.index(wanted)], rows, choices)
        return roles, facts
    labels = [facts[plain.index(name)] for name in plain if _names(features.get(name)) is not None]
    if labels and choices.task != REGRESSION:
        order = {name: place for place, name in enumerate(CLASS_NAMES)}
        best = min(labels, key=lambda column: order.get(column.title.casefold(), len(order)))
        roles = ColumnRoles(-1)
        use_column(roles, facts, best, rows, choices)
        roles.rivals = [column.index for column in labels if column is not best]
        return roles, facts
    roles = choose_roles(facts, -1, rows, choices=choices)
    boxes = [field.name for field in fields if _has_boxes(field.type)]
    if boxes and roles.strength < STRONG:
        roles.label = None
        roles.refusal = f"column '{boxes[0]}' has boxes or outlines: which objects a {NOUN.one} shows, and where"
    return roles, facts


def is_plain(kind: pa.DataType) -> bool:
    """Tell whether values are texts, numbers, yes or no, or lists of these."""
    if is_list_type(kind):
        kind = kind.value_type
    return _is_text(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)


def is_list_type(kind: pa.DataType) -> bool:
    """Tell whether values are lists."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _has_boxes(kind: pa.DataType) -> bool:
    """Tell whether a column has a part called after boxes, outlines or points, in a struct or a list of structs."""
    while is_list_type(kind):
        kind = kind.value_type
    return pa.types.is_struct(kind) and any(_BOX.search(kind.field(n).name.casefold()) for n in range(kind.num_fields))


def _is_text(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(value) or pa.types.is_large_string(value))
