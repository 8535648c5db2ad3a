"""Markdown and YAML of a model card: tables, lists, and the head that the Hugging Face Hub reads.

It knows Markdown and YAML. It does not know runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tlcore.markup import markdown
from tlcore.report.document import Table, said

MOST_ROWS = 100


def of_table(table: Table) -> Iterator[str]:
    """A table in Markdown; nothing where it has no rows."""
    if not table.rows:
        return
    lines = [tuple(column.title for column in table.columns), tuple("---" for _ in table.columns)]
    lines += [
        tuple(markdown(said(cell, column.kind)) for cell, column in zip(row, table.columns, strict=True))
        for row in table.rows[:MOST_ROWS]
    ]
    yield "\n".join(f"| {' | '.join(line)} |" for line in lines)
    if (left := len(table.rows) - MOST_ROWS) > 0:
        yield f"… and {left:,} rows more."


def joined(parts: list[str]) -> Iterator[str]:
    """Lines of one list stand together."""
    listed: list[str] = []
    for part in [*parts, ""]:
        if part.startswith("- "):
            listed.append(part)
            continue
        if listed:
            yield "\n".join(listed)
            listed = []
        if part:
            yield part


def yaml(content: Any, indent: str = "") -> str:
    """YAML of mappings, lists and values; a value is JSON, which is YAML too."""
    lines = ""
    for key, value in content.items():
        if isinstance(value, dict):
            lines += f"{indent}{key}:\n{yaml(value, indent + '  ')}"
        elif isinstance(value, list) and value:
            lines += f"{indent}{key}:\n"
            for each in value:
                inner = yaml(each, f"{indent}  ") if isinstance(each, dict) else f"{indent}  {_value(each)}\n"
                lines += f"{indent}- {inner[len(indent) + 2 :]}"
        else:
            lines += f"{indent}{key}: {_value(value)}\n"
    return lines


def _value(value: Any) -> str:
    plain = isinstance(value, str) and re.fullmatch(r"[a-z][a-z0-9_-]*", value) and value not in PECULIAR
    text = str(value) if plain else json.dumps(value, ensure_ascii=False)
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


# What YAML takes for the end of a line, or for no text, even between quotes.
UNSEEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
# Words that YAML takes for something else than a text.
PECULIAR = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
