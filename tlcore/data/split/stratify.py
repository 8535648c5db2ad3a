"""Deal items out to the parts of a split: groups stay whole, and each class gets its share of each part.

It knows counts, classes, groups and chance. It does not know items, or what makes a group.

The rule is greedy. Groups come one by one, the large ones first, those of about one size in random order; each goes to
the part where it adds least to Pearson's chi-squared between the items that each class has and should have in each
part. While a class has no more groups left than parts that it is missing from, they go to those parts. Large groups
first, each to the part that lacks it most, is how Sechidis, Tsoumakas and Vlahavas, "On the Stratification of
Multi-Label Data" (ECML PKDD 2011) and scikit-learn's `StratifiedGroupKFold` deal; those make parts of one size, or know
no groups. Where groups are few, each is a large step, so what was dealt is then improved: a group is moved, or two are
swapped, as long as chi-squared falls.

Where strata are given, such as several labels of an item, this is iterative stratification: the label that the fewest
undealt groups have is dealt first, as in the paper, since what is rare is least able to make up for a bad start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

PARTS = ("train", "val", "test")
WORDS = {"train": "training", "val": "validation", "test": "test"}
Integers = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]
Texts: TypeAlias = "Sequence[str] | Objects | pd.Series[str]"
EVERY = "\0every item"  # no label is called so
# In place of a share of nothing, so that it can be divided by.
_NEXT_TO_NOTHING = 0.01
# Of a class that is missing from a part: more than any shares that are off.
_MISSING = 1e12
# Groups times the classes in all of them; about half a second.
MOST_TO_IMPROVE = 100_000
MOST_ROUNDS = 10


def together(shas: Texts, *groupings: Texts) -> Integers:
    """Number what must stay together: rows that share their bytes or a group, also by way of a third.

    Args:
        shas: `(n,)`, of the rows' bytes.
        groupings: Each `(n,)`, the group of each row; empty where it has none.
    """
    rows: Integers = pd.factorize(np.asarray(shas, dtype=object))[0].astype(np.int64)
    named = [np.asarray(grouping, dtype=object) for grouping in groupings]
    named = [grouping for grouping in named if (grouping != "").any()]
    if not named:
        return rows
    from scipy.sparse import coo_array  # a tenth of a second
    from scipy.sparse.csgraph import connected_components

    # A graph of rows and groups; what hangs together in it stays together.
    starts, ends, nodes = [], [], int(rows.max()) + 1
    for grouping in named:
        has = np.flatnonzero(grouping != "")
        groups, different = pd.factorize(grouping[has])
        starts.append(rows[has])
        ends.append(groups + nodes)
        nodes += len(different)
    edges = (np.concatenate(starts), np.concatenate(ends))
    graph = coo_array((np.ones(len(edges[0]), np.int8), edges), shape=(nodes, nodes))
    components: Integers = connected_components(graph, directed=False)[1].astype(np.int64)
    return components[rows]


def deal(
    rows: pd.DataFrame, shares: Mapping[str, float], *, seed: int, had: pd.DataFrame | None = None
) -> npt.NDArray[np.object_]:
    """Give the part of each row, by the rule above.

    Equal seeds and equal items give equal parts, in whatever order the rows come.

    Args:
        rows: The items to deal: `sha256`, `label` and `unit`, the number of what must stay together. Where there is
            a column `strata`, it has what is balanced in place of the label: a tuple of texts for each item. Every
            item then also counts for the whole, so that parts get their sizes and not only their labels.
        shares: Of the parts that are dealt to; they add up to 1. The rest of each class is for training.
        seed: Of the order in which groups of about one size come.
        had: Items that are in their part already and count for its share: `label` or `strata`, and `split`.
    """
    if rows.empty:
        return np.array([], dtype=object)
    order = np.argsort(rows["sha256"].to_numpy(dtype=str), kind="stable")
    units = pd.factorize(rows["unit"].to_numpy()[order])[0]  # numbered by their least hash
    several = "strata" in rows
    strata = [(*names, EVERY) for names in rows["strata"]] if several else [(label,) for label in rows["label"]]
    each = [strata[row] for row in order.tolist()]
    labels, codes = np.unique(np.array([name for names in each for name in names], dtype=str), return_inverse=True)
    rows_of = np.repeat(np.arange(len(each)), [len(names) for names in each])
    table = _Table(labels, units, rows_of, codes, shares, had, several=several)
    dealt = table.deal(np.random.default_rng(seed))
    parts = np.empty(len(rows), dtype=object)
    parts[order] = dealt[units]
    return parts


def amounts(items: int, units: int, shares: Mapping[str, float], *, exact: bool = False) -> dict[str, float]:
    """Say how many items of a class each part should get: its share, but at least one while training keeps one.

    `exact` shares are not rounded: what is rounded for each of many classes of the same items does not add up.
    """
    left = units - 1
    found: dict[str, float] = {}
    for part in ("test", "val"):  # the test part first: a number without a test is worth nothing
        share = shares.get(part, 0.0)
        found[part] = max(1, items * share if exact else round(items * share)) if share > 0 and left > 0 else 0
        left -= found[part] > 0
    over = sum(found.values()) - (items - 1)
    for part in sorted(found, key=lambda part: -found[part]):
        if over > 0 and found[part] > 1:
            less = min(over, found[part] - 1)
            found[part] -= less
            over -= less
    return {"train": items - sum(found.values()), **found}


class _Table:
    """What each class has and should have in each part, while groups are dealt."""

    def __init__(
        self,
        labels: npt.NDArray[np.str_],
        units: Integers,
        rows: Integers,
        codes: Integers,
        shares: Mapping[str, float],
        had: pd.DataFrame | None,
        *,
        several: bool,
    ) -> None:
        self._several = several
        pairs, numbers = np.unique(np.stack([units[rows], codes]), axis=1, return_counts=True)
        self._sizes = np.bincount(units)
        self._content: list[list[tuple[int, int]]] = [[] for _ in self._sizes]
        for unit, code, number in zip(*pairs.tolist(), numbers.tolist(), strict=True):
            self._content[unit].append((code, number))
        self._waiting = np.bincount(pairs[1], minlength=len(labels)).tolist()
        self._parts = [part for part in PARTS if part == "train" or shares.get(part, 0) > 0]
        self._got = {part: _counted(had, part, labels) for part in PARTS}
        self._wanted: dict[str, list[float]] = {part: [] for part in PARTS}
        for code, new in enumerate(np.bincount(codes, minlength=len(labels)).tolist()):
            old = sum(self._got[part][code] for part in PARTS)
            for part, amount in amounts(old + new, old + self._waiting[code], shares, exact=several).items():
                self._wanted[part].append(amount)

    def deal(self, rng: np.random.Generator) -> npt.NDArray[np.object_]:
        """Give the part of each unit."""
        magnitude = np.frexp(self._sizes)[1]
        order = rng.permutation(len(self._sizes))
        order = order[np.argsort(-magnitude[order], kind="stable")]
        if self._several:
            order = self._rarest_first(order.tolist())
        dealt = np.empty(len(order), dtype=object)
        for unit in order.tolist():
            content = self._content[unit]
            open_to = self._open(content)
            part = open_to[0] if len(open_to) == 1 else min(open_to, key=lambda part: self._added(part, content))
            dealt[unit] = part
            for code, number in content:
                self._got[part][code] += number
                self._waiting[code] -= 1
        groups = [unit for unit in order.tolist() if self._several or self._sizes[unit] > 1]
        if len(groups) * sum(len(self._content[unit]) for unit in groups) <= MOST_TO_IMPROVE:
            self._improve(dealt, groups)
        return dealt

    def _rarest_first(self, order: list[int]) -> Integers:
        """Put the units of the label that the fewest have first, then those of the rarest label among the others."""
        having: dict[int, list[int]] = {}
        for unit in order:
            for code, _ in self._content[unit]:
                having.setdefault(code, []).append(unit)
        left = {code: len(units) for code, units in having.items()}
        taken: dict[int, None] = {}
        while left:
            rarest = min(left, key=lambda code: (left[code], code))
            for unit in having[rarest]:
                if unit in taken:
                    continue
                taken[unit] = None
                for code, _ in self._content[unit]:
                    left[code] -= 1
            left = {code: number for code, number in left.items() if number}
        return np.array(list(taken), dtype=np.int64)

    def _improve(self, dealt: npt.NDArray[np.object_], groups: list[int]) -> None:
        """Move single groups and swap pairs of them, as long as that lowers chi-squared."""
        for _ in range(MOST_ROUNDS):
            moved = [self._try(dealt, {unit: part}) for unit in groups for part in self._parts if part != dealt[unit]]
            swapped = [
                self._try(dealt, {one: dealt[other], other: dealt[one]})
                for one, other in combinations(groups, 2)
                if dealt[one] != dealt[other]
            ]
            if not any(moved) and not any(swapped):
                return

    def _try(self, dealt: npt.NDArray[np.object_], to: Mapping[int, str]) -> bool:
        """Deal these units otherwise if that is better; say whether it was."""
        codes = {code for unit in to for code, _ in self._content[unit]}
        parts = {*to.values(), *(dealt[unit] for unit in to)}
        before = self._chi_squared(parts, codes)
        for unit, part in to.items():
            self._carry(unit, dealt[unit], part)
        if self._chi_squared(parts, codes) < before * (1 - 1e-9):
            for unit, part in to.items():
                dealt[unit] = part
            return True
        for unit, part in to.items():
            self._carry(unit, part, dealt[unit])
        return False

    def _carry(self, unit: int, here: str, there: str) -> None:
        for code, number in self._content[unit]:
            self._got[here][code] -= number
            self._got[there][code] += number

    def _chi_squared(self, parts: Iterable[str], codes: Iterable[int]) -> float:
        total = 0.0
        for part in parts:
            for code in codes:
                got, wanted = self._got[part][code], self._wanted[part][code]
                total += (got - wanted) ** 2 / (wanted or _NEXT_TO_NOTHING) + (_MISSING if wanted and not got else 0)
        return total

    def _open(self, content: list[tuple[int, int]]) -> list[str]:
        """The parts that a unit may go to: those that its classes still miss, once there is no unit to spare."""
        must: list[set[str]] = []
        for code, _ in content:
            if self._waiting[code] <= len(self._parts):
                missing = {part for part in self._parts if self._wanted[part][code] and not self._got[part][code]}
                if missing and self._waiting[code] <= len(missing):
                    must.append(missing)
        if not must:
            return self._parts
        some = set.intersection(*must) or set.union(*must)
        return [part for part in self._parts if part in some]

    def _added(self, part: str, content: list[tuple[int, int]]) -> float:
        """What a unit adds to chi-squared in a part."""
        got, wanted = self._got[part], self._wanted[part]
        return sum(
            number * (number + 2 * (got[code] - wanted[code])) / (wanted[code] or _NEXT_TO_NOTHING)
            for code, number in content
        )


def _counted(had: pd.DataFrame | None, part: str, labels: npt.NDArray[np.str_]) -> list[int]:
    if had is None:
        return [0] * len(labels)
    there = had[had["split"] == part]
    if "strata" in had:
        counts = Counter(name for names in there["strata"] for name in (*names, EVERY))
    else:
        counts = Counter(there["label"].tolist())
    return [int(counts.get(label, 0)) for label in labels]
