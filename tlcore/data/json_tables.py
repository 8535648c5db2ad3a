"""Tables in plain JSON, as people's own programs write them.

`{"1.jpg": "cat"}`, `{"cat": ["1.jpg"]}`, `{"1.jpg": {"label": "cat"}}`, or a list of objects.

It knows the shapes that such files have. It does not know which column is which.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from tlcore.data.tables import EMPTY_LIST, Table

MOST_BYTES = 64 * 10**6
MOST_NAMES = 200


def read_json(content: bytes) -> Table | None:
    """Read a table in JSON; None where it is of another shape."""
    if len(content) > MOST_BYTES:
        return None
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if isinstance(whole, dict):
        values = list(whole.values())
        if values and all(_is_scalar(value) for value in values):
            return Table(("key", "value"), tuple((str(key), as_text(value)) for key, value in whole.items()))
        if values and all(isinstance(value, list) and all(map(_is_scalar, value)) for value in values):
            rows = ((str(key), as_text(each)) for key, value in whole.items() for each in value)
            return Table(("key", "value"), found) if (found := tuple(rows)) else None
        if values and all(isinstance(value, dict) for value in values):
            return table_of([{"key": str(key), **value} for key, value in whole.items()])
        lists = [value for value in values if isinstance(value, list) and value and isinstance(value[0], dict)]
        whole = max(lists, key=len, default=None)
    if isinstance(whole, list) and whole and all(isinstance(each, dict) for each in whole):
        return table_of(whole)
    return None


def table_of(objects: list[dict[str, Any]]) -> Table:
    """Make a table of objects: a column for each name."""
    header = tuple(islice(dict.fromkeys(str(name) for each in objects for name in each), MOST_NAMES))
    return Table(
        header,
        tuple(tuple(as_text(each.get(name)) for name in header) for each in objects),
        lists=frozenset(
            n for n, name in enumerate(header) if any(isinstance(each.get(name), list) for each in objects)
        ),
    )


def as_text(value: object) -> str:
    """Write a value as text: a list with bars between its elements, what has parts with names as JSON."""
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, list | dict) for each in value)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "|".join(map(as_text, value)) if value else EMPTY_LIST
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)
