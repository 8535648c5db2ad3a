"""What a modality gives to the check of a dataset: its own kinds of finding, and what looks for them.

It knows findings, pairs of items and traits of files, as tables. It does not know labels, datasets or features.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from tlcore.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[Any]
Integers = npt.NDArray[Any]


@dataclass(frozen=True)
class Finding:
    """One fault.

    Attributes:
        kind: The key of its kind.
        items: The SHA-256 of the items that it is about, those first that most need a look; empty for a class.
        score: What fixing it would be worth, 0 to 1; comparable between kinds.
        says: One sentence: what it is and how bad.
        suggested: A label for each item that may have a wrong one; None for every other kind.
        group: A name for items that belong together, ready to be given to them; empty for every other kind.
    """

    kind: str
    items: tuple[str, ...]
    score: float
    says: str
    suggested: Mapping[str, str] | None = None
    group: str = ""


@dataclass(frozen=True)
class FindingKind:
    """A kind of finding about single items.

    Attributes:
        key: As written to the table of findings.
        title: The heading of its findings.
        advice: One or two sentences for the person who fixes it.
        icon: The name of a Material Symbol.
        removable: Whether excluding all its items at once is a way to fix it.
    """

    key: str
    title: str
    advice: str
    icon: str
    removable: bool = True


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows, `first < second`, and how well their details agree, each `(pairs,)`."""

    first: Integers
    second: Integers
    likeness: Floats

    @classmethod
    def none(cls) -> Pairs:
        """Make no pairs."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))

    def clusters(self, shas: npt.NDArray[Any]) -> pd.DataFrame:
        """Make the table `sha256, cluster` of items that are copies of one another, also by way of a third.

        A cluster is named after the smallest hash in it, so that it keeps its name from one check to the next.
        """
        import pandas as pd
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        linked = coo_array((np.ones(len(self.first), np.int8), (self.first, self.second)), shape=(len(shas),) * 2)
        _, found = connected_components(linked, directed=False)
        sizes = np.bincount(found, minlength=1)
        rows = np.flatnonzero(sizes[found] > 1)
        table = pd.DataFrame({"sha256": shas[rows].astype(str), "cluster": found[rows]})
        smallest = table.groupby("cluster")["sha256"].transform("min") if len(table) else table["sha256"]
        table["cluster"] = "alike-" + smallest.str[:12]
        return table.sort_values(["cluster", "sha256"], ignore_index=True)


@dataclass(frozen=True)
class Trait:
    """Something about files that has nothing to do with their classes, and may give one away.

    Attributes:
        values: A text for each item, by the index of the table of items; items that are not in it were not looked at.
        says: What the items of a class share, after "the pictures of 'cat'"; `{value}` stands for the text.
        without: The same where the text is empty.
    """

    values: pd.Series[str]
    says: str
    without: str = ""


@dataclass(frozen=True)
class ItemTable:
    """The items that are checked.

    Attributes:
        table: The rows of `items.parquet`.
        paths: Of their files, in the order of the rows.
        arrays: The decoded items by the name of each array, `(n, …)`, in that order.
        reading: The input settings that all items of the dataset decide together.
    """

    table: pd.DataFrame
    paths: Sequence[Path]
    arrays: Mapping[str, Any]
    reading: Mapping[str, Any]


class ItemChecks(Protocol):
    """Looks for what is wrong with the items of one modality; `measure` comes first."""

    def measure(self) -> Generator[Progress, None, tuple[pd.DataFrame, list[Finding]]]:
        """Measure every item: a table with a row for each, and findings about single items."""

    def traits(self, some: Sequence[int]) -> Generator[Progress, None, Mapping[str, Trait]]:
        """Read the traits of the files; those that take long only of `some` rows."""

    def copies(self, compact: Floats) -> Generator[Progress, None, Pairs]:
        """Find near-duplicates, with the help of features `(n, c)` of length 1."""

    def groups(self, compact: Floats) -> Generator[Progress, None, list[Finding]]:
        """Find items that belong together, with a name for each group."""


@dataclass(frozen=True)
class Checks:
    """What the check of a dataset looks for in items of one modality.

    Attributes:
        faults: What may be wrong with single items, as a sentence of a list, such as `**Poor pictures**: blurred`.
        copies: How near-duplicates may differ, such as `resized, cropped`; empty where none are looked for.
        traits: What may give a class away, such as `file format`; empty where nothing is looked for.
        kinds: Of findings about single items.
        steps: `module:function`, imported only for a check: makes `ItemChecks` of an `ItemTable`; empty where there is
            nothing of the modality's own to look for.
    """

    faults: str = ""
    copies: str = ""
    traits: str = ""
    kinds: tuple[FindingKind, ...] = ()
    steps: str = ""

    def start(self, items: ItemTable) -> ItemChecks:
        """Make what looks for it."""
        make: Callable[[ItemTable], ItemChecks] = resolve_name(self.steps) if self.steps else _Nothing
        return make(items)


@dataclass(frozen=True)
class _Nothing:
    """The checks of a modality that has none."""

    items: ItemTable

    def measure(self) -> Generator[Progress, None, tuple[pd.DataFrame, list[Finding]]]:
        """Measure nothing."""
        import pandas as pd

        yield from ()
        return pd.DataFrame(index=self.items.table.index), []

    def traits(self, some: Sequence[int]) -> Generator[Progress, None, Mapping[str, Trait]]:
        """Read no trait."""
        yield from ()
        return {}

    def copies(self, compact: Floats) -> Generator[Progress, None, Pairs]:
        """Find no copies."""
        yield from ()
        return Pairs.none()

    def groups(self, compact: Floats) -> Generator[Progress, None, list[Finding]]:
        """Find no groups."""
        yield from ()
        return []


NO_CHECKS = Checks()
