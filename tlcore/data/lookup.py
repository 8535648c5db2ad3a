"""Which item a person means by a name, and the name that means an item and no other.

It knows sources, file names and the beginnings of hashes. It does not know what is done with the items.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

import pandas as pd

from tlcore.errors import DataError
from tlcore.modalities import NOUN

SHORTEST_HASH = 6
_MOST_NAMED = 3


class Names:
    """The names of items: where one came from, the last parts of that, or the beginning of its SHA-256.

    Args:
        items: With the columns `sha256` and `source`; any state.
    """

    def __init__(self, items: pd.DataFrame) -> None:
        self._shas: list[str] = items["sha256"].tolist()
        self._sources: list[str] = items["source"].tolist()

    def find(self, names: Sequence[str]) -> list[str]:
        """The SHA-256 of each item named.

        Raises:
            DataError: A name means no item, or several.
        """
        found = [self._meant(name) for name in names]
        faults = [_fault(name, self._told(shas)) for name, shas in zip(names, found, strict=True) if len(shas) != 1]
        if faults:
            more = f" So it is with {len(faults) - 1:,} more names." if len(faults) > 1 else ""
            raise DataError(faults[0] + more)
        return [shas[0] for shas in found]

    def of(self, shas: Sequence[str]) -> list[str]:
        """A name for each item that `find` understands: its source, or its SHA-256 where others have that source."""
        source_of = dict(zip(self._shas, self._sources, strict=True))
        sources = [source_of[sha] for sha in shas]
        return [source if len(self._meant(source)) == 1 else sha for sha, source in zip(shas, sources, strict=True)]

    def _meant(self, name: str) -> list[str]:
        return self._by_source.get(name) or self._by_tail.get(name) or self._beginning(name.casefold())

    @cached_property
    def _by_source(self) -> dict[str, list[str]]:
        found = defaultdict(list)
        for sha, source in zip(self._shas, self._sources, strict=True):
            found[source].append(sha)
        return dict(found)

    @cached_property
    def _by_tail(self) -> dict[str, list[str]]:
        found = defaultdict(list)
        for sha, source in zip(self._shas, self._sources, strict=True):
            tail = source
            while "/" in tail:
                tail = tail.partition("/")[2]
                found[tail].append(sha)
        return dict(found)

    @cached_property
    def _in_order(self) -> list[str]:
        return sorted(self._shas)

    def _beginning(self, name: str) -> list[str]:
        """Look a hash up by its beginning; the name of our own copy, `<sha256>.<ext>`, is one too."""
        start = name.partition(".")[0]
        if len(start) < SHORTEST_HASH:
            return []
        place = bisect_left(self._in_order, start)
        after = self._in_order[place : place + _MOST_NAMED + 1]
        return [sha for sha in after if sha.startswith(start)]

    def _told(self, shas: Sequence[str]) -> list[str]:
        sources = dict(zip(self._shas, self._sources, strict=True))
        return [f"{sources[sha]} ({sha[:12]})" for sha in shas]


def _fault(name: str, meant: Sequence[str]) -> str:
    if meant:
        shown = ", ".join(meant[:_MOST_NAMED]) + (", …" if len(meant) > _MOST_NAMED else "")
        return (
            f"The name of one {NOUN.one} is needed. '{name}' means {len(meant):,}: {shown}. "
            "Write more of its path, or the beginning of its SHA-256."
        )
    return (
        f"The name of a {NOUN.one} of this dataset is needed: where it came from, its file name, or at least "
        f"{SHORTEST_HASH} characters of its SHA-256. '{name}' is none of them."
    )
