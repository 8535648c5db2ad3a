"""A table of rows by their keys. It does not know what a row is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Protocol, TypeVar


class Keyed(Protocol):
    """Anything with a key."""

    @property
    def key(self) -> str:
        """What it is called in files and on the command line."""


Row = TypeVar("Row", bound=Keyed)


def by_key(rows: Iterable[Row]) -> Mapping[str, Row]:
    """Index rows by their keys, in the order given; nobody can change the table.

    Raises:
        ValueError: Two have the same key.
    """
    found: dict[str, Row] = {}
    for row in rows:
        if row.key in found:
            raise ValueError(f"A key must be its row's own. '{row.key}' is given twice.")
        found[row.key] = row
    return MappingProxyType(found)
